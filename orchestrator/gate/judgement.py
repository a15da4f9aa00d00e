"""What follows from verdicts and votes: open, waiting or shut. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from criteria import Result, Verdict

from ..plan import Phase
from ..state.files import State as FileState
from ..state.votes import Vote
from .approval import Decision, decide, waivers
from .digest import gate_digest


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
    waived: Mapping[str, Vote] = field(default_factory=dict)
    """The criteria that need not hold for this digest."""

    @property
    def rejected(self) -> Vote | None:
        """The rejection that shuts it."""
        return None if self.decision is None else self.decision.rejected


def weigh(
    phase: Phase,
    verdicts: Sequence[Verdict],
    hindrances: Sequence[Verdict],
    states: Mapping[str, FileState],
    attempts: Iterable[str],
    votes: tuple[Vote, ...],
    now: float,
    changed: Sequence[Mapping[str, Any]] = (),
) -> Judgement:
    """What follows from the verdicts and the votes.

    Args:
        hindrances: verdicts that nobody can waive.
        states: of all that the gate reads.
        attempts: what `attempts_of` says.
        now: seconds since 1970.
    """
    digest = gate_digest(states, phase.gate_text, [(v.name, v.value) for v in (*verdicts, *hindrances)], attempts)
    waived = waivers(phase.rule, votes, digest, now)
    judged = (*(_waived(verdict, waived) for verdict in verdicts), *hindrances)
    decision = None
    state = GateState.SHUT
    if not any(verdict.result is Result.FAIL for verdict in judged):
        review = [verdict.name for verdict in judged if verdict.result is Result.REVIEW]
        decision = decide(phase.rule, review, votes, digest, now)
        state = GateState.OPEN if decision.open else GateState.WAITING if decision.rejected is None else GateState.SHUT
    return Judgement(phase, state, judged, digest, decision, states, votes, tuple(changed), waived)


def _waived(verdict: Verdict, waived: Mapping[str, Vote]) -> Verdict:
    """A verdict that need not hold, because somebody said so for exactly this digest: told, and no hindrance."""
    vote = waived.get(verdict.name)
    if vote is None or verdict.result not in (Result.FAIL, Result.REVIEW):
        return verdict
    message = f"{verdict.message}; waived by {vote.by}: {vote.reason}"
    return replace(verdict, result=Result.WARN, message=message, waived_by=vote.by)
