"""What a look at a gate would give now, as far as that is known without starting anything.

Criteria that only read are looked at. What commands and checks would say is taken from the last look, if what that saw
is what is there, and else supposed to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from criteria import Criterion, Result, Scene, Verdict, parse
from phases.masking import Masker

from .gate.digest import attempts_of
from .gate.judge import hindrances_of, last_opened, masked
from .gate.judgement import GateState, weigh
from .plan import Phase
from .reasons import Evidence, is_present
from .state.files import State as FileState
from .state.files import digests_of
from .state.state import State


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How a gate would stand."""

    state: GateState
    sure: bool
    """It does not rest on anything that is supposed."""
    rejected: bool = False
    """A person shut it, and no criterion."""
    because: tuple[str, ...] = ()
    """What the criteria say that keep it from opening by itself."""


def unseen(phase: Phase) -> Foreseen:
    """How a gate is supposed to stand on content that nobody has seen: its criteria hold, and nobody said yes yet."""
    return Foreseen(GateState.WAITING if phase.rule.manual else GateState.OPEN, sure=False)


class Foresight:
    """Looks at the gates of a project.

    Args:
        touched: whether the evidence supposes of this path something else than what is there.
    """

    def __init__(
        self,
        root: Path,
        state: State,
        look: Evidence,
        masker: Callable[[], Masker],
        touched: Callable[[str], bool] = lambda path: False,
    ) -> None:
        self._root = root
        self._state = state
        self._look = look
        self._masker = masker
        self._touched = touched

    def of(self, phase: Phase) -> Foreseen:
        """How the gate of a phase would stand on what is there."""
        if any(self._touched(path) for path in phase.reads):
            return unseen(phase)
        states = {path: self._look.file(path) for path in phase.reads}
        criteria = [parse(raw) for raw in phase.criteria]
        verdicts, complete = self._verdicts(phase, criteria, states)
        votes = tuple(self._look.votes(phase.name))
        attempts = attempts_of(phase, self._look.record)
        judgement = weigh(phase, verdicts, hindrances_of(states), states, attempts, votes, self._look.now())
        because = tuple(v.message for v in judgement.verdicts if v.result in (Result.FAIL, Result.REVIEW))
        if complete:
            sure = all(criterion.only_reads for criterion in criteria)
            return Foreseen(judgement.state, sure, judgement.rejected is not None, because)
        results = {verdict.result for verdict in judgement.verdicts}  # the digest is not known, nor who said yes to it
        if Result.FAIL in results:
            return Foreseen(GateState.SHUT, sure=False, because=because)
        asks = phase.rule.manual or Result.REVIEW in results
        return Foreseen(GateState.WAITING if asks else GateState.OPEN, sure=False, because=because)

    def _verdicts(
        self, phase: Phase, criteria: Sequence[Criterion], states: Mapping[str, FileState]
    ) -> tuple[list[Verdict], bool]:
        """The verdicts that are known; are they all?"""
        approved = last_opened(self._state.journal, phase).get("metrics", {})
        scene = Scene(root=self._root, now=self._look.now(), approved=approved, digests=digests_of(states))
        told = {} if all(criterion.only_reads for criterion in criteria) else self._told(phase)
        verdicts = [
            masked(criterion.judge(scene), self._masker()) if criterion.only_reads else _again(criterion, told)
            for criterion in criteria
        ]
        known = [verdict for verdict in verdicts if verdict is not None]
        return known, len(known) == len(verdicts)

    def _told(self, phase: Phase) -> dict[str, dict[str, Any]]:
        """What the last look at this same content gave, by the names of the criteria."""
        judged = self._look.last(phase.name)
        if judged is None or "verdicts" not in judged.data or not is_present(phase, judged, self._look):
            return {}
        return {verdict["name"]: verdict for verdict in judged.data["verdicts"]}


def _again(criterion: Criterion, told: dict[str, dict[str, Any]]) -> Verdict | None:
    """The verdict of a criterion as it was told; one that had to be let off is what it was before."""
    if criterion.name not in told:
        return None
    result = told[criterion.name]["result"]
    waived = result == Result.WARN.value and criterion.severity != Result.WARN.value
    return Verdict.from_data({**told[criterion.name], "result": Result.FAIL.value if waived else result})
