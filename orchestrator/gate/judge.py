"""Judging a gate: every criterion looked at, the approval rule asked, and what came of it recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from criteria import Result, Scene, Verdict, parse
from phases.masking import Masker

from ..plan import Phase
from ..state.files import State as FileState
from ..state.files import digests_of, unreadable
from ..state.hashing import GivenUp
from ..state.journal import Event
from ..state.records import DEFINITION, record_of
from ..state.state import State
from ..state.votes import POLICY, Vote
from ..work.command import RUN, Surroundings, phase_environment
from .casting import cast
from .changes import Contents, changes, contents
from .digest import attempts_of
from .judgement import OUTCOMES, GateState, Judgement, weigh

if TYPE_CHECKING:
    from ..state.journal import Journal

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
        """Look at every criterion of a phase, and open its gate if it may be opened. Whoever tells of it has to wait
        for the disk first (`Database.settle`).

        Nothing came of it, and None is returned, when the run is `stopping`: what criteria start is ended with it.
        """
        now = self._clock()
        opened = last_opened(self._state.journal, phase)
        for _ in range(LOOKS):
            stamps = [self._state.files.stamp(path) for path in phase.reads]
            try:
                states = self._state.files.states(phase.reads, stopping)
            except GivenUp:
                return None
            verdicts = self._verdicts(phase, now, opened, states)
            if stopping():
                return None
            still = stamps == [self._state.files.stamp(path) for path in phase.reads]
            if still:
                break
        hindrances = hindrances_of(states)
        if not still:
            hindrances.append(_hindrance("what its criteria look at is written to while they do", "quiet"))
        attempts = attempts_of(phase, self._state.records.get)
        there = contents(self._around.root, {output: states[output] for output in phase.outputs})
        changed = changes(opened.get("outputs", {}), there, opened.get("metrics", {}), _metrics(verdicts))
        changed = changed if opened else []
        with self._state.database.transaction(durable=False):  # a vote that is given meanwhile is seen, or comes after
            votes = tuple(self._state.votes.of(phase.name))
            judgement = weigh(phase, verdicts, hindrances, states, attempts, votes, now, changed)
            self._record(judgement, now)
            if judgement.state is GateState.OPEN:
                self._open(judgement, there, attempts)
        return judgement

    def would_differ(self, judgement: Judgement | None, stopping: Callable[[], bool]) -> bool:
        """Would another look see other votes, or other content? Cheap: it judges nothing. None would when the run is
        `stopping`."""
        if judgement is None:
            return True
        phase = judgement.phase
        votes = tuple(self._state.votes.of(phase.name))
        try:
            return votes != judgement.votes or self._state.files.states(phase.reads, stopping) != judgement.states
        except GivenUp:
            return False

    def _verdicts(
        self, phase: Phase, now: float, opened: Mapping[str, Any], states: Mapping[str, FileState]
    ) -> list[Verdict]:
        scene = Scene(
            root=self._around.root,
            now=now,
            approved=opened.get("metrics", {}),
            env={**phase_environment(phase.name, self._around.inherited), RUN: self._around.run},
            digests=digests_of(states),
        )
        return [masked(parse(raw).judge(scene), self._around.secrets) for raw in phase.criteria]

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
        attempts: list[str],
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
        judged = {verdict.name for verdict in judgement.verdicts}
        used = [vote for name, vote in judgement.waived.items() if name in judged]
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


def last_opened(journal: Journal, phase: Phase) -> Mapping[str, Any]:
    """With what a gate last opened: what `* approved`, and whoever is asked, holds the present against."""
    entry = journal.newest(phase.name, phase.name, Event.OPENED, Event.FORGOTTEN)
    return entry.data if entry is not None and entry.event is Event.OPENED else {}


def hindrances_of(states: Mapping[str, FileState]) -> list[Verdict]:
    """That something cannot be read, whatever the criteria say."""
    return [_hindrance(f"{file} cannot be read", file) for file in unreadable(states)]


def _hindrance(message: str, what: str) -> Verdict:
    """A verdict on the looking itself, which nobody can waive: what cannot be looked at cannot be approved."""
    return Verdict(what, HINDRANCE, Result.FAIL, None, "", what, message)


def masked(verdict: Verdict, secrets: Masker) -> Verdict:
    """A verdict without secrets, its texts short enough to be read.

    Cut after the masking, because of a secret that was cut in the middle nothing is recognized; and before the digest
    is taken, so that it is the digest of what is stored.
    """
    texts = {key: text for key in MASKED if isinstance(text := getattr(verdict, key), str)}
    shown: dict[str, Any] = {key: _short(secrets.text(text) if secrets else text) for key, text in texts.items()}
    return verdict if shown == texts else replace(verdict, **shown)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _metrics(verdicts: Iterable[Verdict]) -> dict[str, float]:
    return {v.name: float(v.value) for v in verdicts if v.kind == "metric" and isinstance(v.value, (int, float))}
