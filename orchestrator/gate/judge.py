"""Judging a gate: every criterion looked at, the approval rule asked, and what came of it recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from criteria import Result, Scene, Verdict, parse
from phases.masking import Masker

from ..plan import Phase
from ..state.files import State as FileState
from ..state.files import unreadable
from ..state.journal import Event
from ..state.records import DEFINITION, record_of
from ..state.state import State
from ..state.votes import POLICY, Vote
from ..work.command import RUN, Surroundings, phase_environment
from .approval import waivers
from .casting import cast
from .changes import Contents, changes, contents
from .digest import attempts_of, gate_digest
from .judgement import OUTCOMES, GateState, Judgement, judgement_on

LONGEST = 500
"""Characters of each text of a verdict."""
HINDRANCE = "hindrance"
"""The kind of a verdict that is no criterion's."""
LOOKS = 3
"""How often a gate is looked at anew because something was written to meanwhile."""
MASKED = ("value", "bound", "source", "message")
"""The parts of a verdict that say what was found."""


class Judge:
    """Judges gates, from any thread of a run."""

    def __init__(self, state: State, around: Surroundings, clock: Callable[[], float]) -> None:
        self._state = state
        self._around = around
        self._clock = clock

    def judge(self, phase: Phase, stopping: Callable[[], bool] = lambda: False) -> Judgement | None:
        """Look at every criterion of a phase, and open its gate if it may be opened.

        Nothing came of it, and None is returned, when the run is `stopping`: what criteria start is ended with it.
        """
        now = self._clock()
        opened = self._last_opened(phase)
        for _ in range(LOOKS):
            stamps = [self._state.files.stamp(path) for path in phase.reads]
            states = self._states(phase)
            verdicts = self._verdicts(phase, now, opened)
            if stopping():
                return None
            still = stamps == [self._state.files.stamp(path) for path in phase.reads]
            if still:
                break
        hindrances = [_hindrance(f"{file} cannot be read", file) for file in unreadable(states)]
        if not still:
            hindrances.append(_hindrance("what its criteria look at is written to while they do", "quiet"))
        attempts = attempts_of(phase, self._state.records.get)
        digest = gate_digest(states, phase.gate_text, [(v.name, v.value) for v in (*verdicts, *hindrances)], attempts)
        there = contents(self._around.root, {output: states[output] for output in phase.outputs})
        with self._state.database.transaction():  # a vote that is given meanwhile is seen, or comes after
            votes = tuple(self._state.votes.of(phase.name))
            waived = waivers(phase.rule, votes, digest, now)
            judged = (*(_waived(verdict, waived) for verdict in verdicts), *hindrances)
            changed = changes(opened.get("outputs", {}), there, opened.get("metrics", {}), _metrics(judged))
            judgement = judgement_on(phase, judged, digest, states, votes, now, changed if opened else [])
            self._record(judgement, now)
            if judgement.state is GateState.OPEN:
                self._open(judgement, there, attempts, waived)
        return judgement

    def would_differ(self, judgement: Judgement | None) -> bool:
        """Would another look see other votes, or other content? Cheap: it judges nothing."""
        if judgement is None:
            return True
        phase = judgement.phase
        votes = tuple(self._state.votes.of(phase.name))
        return votes != judgement.votes or self._states(phase) != judgement.states

    def _states(self, phase: Phase) -> dict[str, FileState]:
        return {path: self._state.files.state(path) for path in phase.reads}

    def _verdicts(self, phase: Phase, now: float, opened: Mapping[str, Any]) -> list[Verdict]:
        scene = Scene(
            root=self._around.root,
            now=now,
            approved=opened.get("metrics", {}),
            env={**phase_environment(phase.name, self._around.inherited), RUN: self._around.run},
        )
        return [masked(parse(raw).judge(scene), self._around.secrets) for raw in phase.criteria]

    def _last_opened(self, phase: Phase) -> Mapping[str, Any]:
        """With what the gate last opened: what `* approved`, and whoever is asked, holds the present against."""
        entry = self._state.journal.newest(phase.name, phase.name, Event.OPENED, Event.FORGOTTEN)
        return entry.data if entry is not None and entry.event is Event.OPENED else {}

    def _record(self, judgement: Judgement, now: float) -> None:
        phase, rejected = judgement.phase.name, judgement.rejected
        self._state.journal.append(
            Event.JUDGED,
            phase,
            phase,
            outcome=OUTCOMES[judgement.state],
            digest=judgement.digest,
            verdicts=[verdict.as_data() for verdict in judgement.verdicts],
            rejected=None if rejected is None else {"by": rejected.by, "reason": rejected.reason},
            changes=list(judgement.changes) if judgement.state is GateState.WAITING else [],
        )
        if judgement.state is not GateState.OPEN:
            self._state.records.drop([phase])
            return
        assert judgement.decision is not None
        by_policy = Vote(phase, judgement.digest, POLICY, POLICY, "all criteria pass", now)
        if judgement.decision.by_policy and not any(
            (vote.digest, vote.by) == (by_policy.digest, POLICY) for vote in judgement.votes
        ):
            cast(self._state, by_policy)

    def _open(
        self,
        judgement: Judgement,
        there: Contents,
        attempts: list[int],
        waived: Mapping[str, Vote],
    ) -> None:
        phase, decision = judgement.phase, judgement.decision
        assert decision is not None
        self._state.journal.append(
            Event.OPENED,
            phase.name,
            phase.name,
            digest=judgement.digest,
            metrics=_metrics(judgement.verdicts),
            outputs=there,
        )
        used = [vote for name, vote in waived.items() if name in {verdict.name for verdict in judgement.verdicts}]
        ends = [verdict.until for verdict in judgement.verdicts] + [vote.until for vote in used] + [decision.until]
        values = {
            DEFINITION: phase.gate_text,
            "digest": judgement.digest,
            "review": list(decision.review),
            "waived": [vote.criterion for vote in used],
            "attempts": attempts,
            "until": min((end for end in ends if end is not None), default=None),
        }
        self._state.records.save(phase.name, record_of(values, judgement.states))


def _waived(verdict: Verdict, waived: Mapping[str, Vote]) -> Verdict:
    """A verdict that need not hold, because somebody said so for exactly this digest: told, and no hindrance."""
    vote = waived.get(verdict.name)
    if vote is None or verdict.result not in (Result.FAIL, Result.REVIEW):
        return verdict
    return replace(verdict, result=Result.WARN, message=f"{verdict.message}; waived by {vote.by}: {vote.reason}")


def _hindrance(message: str, what: str) -> Verdict:
    """A verdict on the looking itself, which nobody can waive: what cannot be looked at cannot be approved."""
    return Verdict(what, HINDRANCE, Result.FAIL, None, "", what, message)


def masked(verdict: Verdict, secrets: Masker) -> Verdict:
    """A verdict without secrets, its texts short enough to be read.

    Cut after the masking, because of a secret that was cut in the middle nothing is recognized; and before the digest
    is taken, so that it is the digest of what is stored.
    """
    found: dict[str, Any] = {key: getattr(verdict, key) for key in MASKED}
    texts = {key: secrets.text(text) if secrets else text for key, text in found.items() if isinstance(text, str)}
    found |= {key: text if len(text) <= LONGEST else text[: LONGEST - 1] + "…" for key, text in texts.items()}
    return replace(verdict, **found)


def _metrics(verdicts: Iterable[Verdict]) -> dict[str, float]:
    return {v.name: float(v.value) for v in verdicts if v.kind == "metric" and isinstance(v.value, (int, float))}
