"""What follows from verdicts and votes: open, waiting or shut. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from criteria import Result, Verdict

from ..plan import Phase
from ..state.files import State as FileState
from ..state.votes import Vote
from .approval import Decision, decide


class GateState(str, Enum):
    """docs/design.md, Words: open, waiting for a person, or shut by a criterion."""

    OPEN = "open"
    WAITING = "waiting"
    SHUT = "shut"


OUTCOMES = {GateState.SHUT: "failed", GateState.WAITING: "waiting", GateState.OPEN: "open"}
"""As the journal names them."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a look at one gate gave."""

    phase: Phase
    state: GateState
    verdicts: tuple[Verdict, ...]
    digest: str
    decision: Decision | None
    """None where a criterion shuts the gate: nobody is asked then."""
    states: Mapping[str, FileState]
    """Of all that was looked at."""
    votes: tuple[Vote, ...] = ()
    """The votes that it rests on."""
    changes: tuple[Mapping[str, Any], ...] = ()
    """What changed since it last opened."""

    @property
    def rejected(self) -> Vote | None:
        """The rejection that shuts it."""
        return None if self.decision is None else self.decision.rejected


def judgement_on(
    phase: Phase,
    verdicts: tuple[Verdict, ...],
    digest: str,
    states: Mapping[str, FileState],
    votes: tuple[Vote, ...],
    now: float,
    changed: Sequence[Mapping[str, Any]],
) -> Judgement:
    """What follows from the verdicts and the votes."""
    if any(verdict.result is Result.FAIL for verdict in verdicts):
        return Judgement(phase, GateState.SHUT, verdicts, digest, None, states, votes, tuple(changed))
    review = [verdict.name for verdict in verdicts if verdict.result is Result.REVIEW]
    decision = decide(phase.rule, review, votes, digest, now)
    state = GateState.OPEN if decision.open else GateState.WAITING if decision.rejected is None else GateState.SHUT
    return Judgement(phase, state, verdicts, digest, decision, states, votes, tuple(changed))
