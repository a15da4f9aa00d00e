"""Judging a gate: every criterion looked at, the approval rule asked, and what came of it recorded."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from criteria import Result, Scene, Verdict, parse
from phases.masking import Masker

from ..plan import Phase
from ..state.approvals import POLICY, Approval
from ..state.files import State as FileState
from ..state.journal import Event
from ..state.records import DEFINITION, record_of
from ..state.state import State
from ..work.command import RUN, Surroundings, phase_environment
from .approval import Decision, decide
from .digest import attempts_of, gate_digest

MASKED = ("value", "bound", "source", "message")
"""The parts of a verdict that say what was found."""


class GateState(str, Enum):
    """docs/design.md, Words: open, waiting for a person, or shut by a criterion."""

    OPEN = "open"
    WAITING = "waiting"
    SHUT = "shut"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a look at one gate gave."""

    phase: Phase
    state: GateState
    verdicts: tuple[Verdict, ...]
    digest: str
    decision: Decision | None
    """None while the gate is shut: nobody is asked then."""


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
        before = {path: self._state.files.state(path) for path in phase.reads}
        approvals = self._state.approvals.of(phase.name)
        scene = Scene(
            root=self._around.root,
            now=now,
            approved=self._baseline(phase),
            env={**phase_environment(phase.name, self._around.inherited), RUN: self._around.run},
        )
        verdicts = tuple(masked(parse(raw).judge(scene), self._around.secrets) for raw in phase.criteria)
        if stopping():
            return None
        outputs = {output: before[output] for output in phase.outputs}
        attempts = attempts_of(phase, self._state.records.get)
        digest = gate_digest(outputs, phase.gate_text, [(v.name, v.value) for v in verdicts], attempts)
        if any(verdict.result is Result.FAIL for verdict in verdicts):
            judgement = Judgement(phase, GateState.SHUT, verdicts, digest, None)
        else:
            decision = decide(
                phase.rule, [v.name for v in verdicts if v.result is Result.REVIEW], approvals, digest, now
            )
            judgement = Judgement(
                phase, GateState.OPEN if decision.open else GateState.WAITING, verdicts, digest, decision
            )
        self._record(judgement, before, attempts, now)
        return judgement

    def _baseline(self, phase: Phase) -> Mapping[str, float]:
        """The metrics with which this gate last opened: what `* approved` is held against."""
        if "approved" not in phase.gate_text:
            return {}
        opened = self._state.journal.newest(phase.name, phase.name, Event.OPENED, Event.FORGOTTEN)
        return opened.data["metrics"] if opened is not None and opened.event is Event.OPENED else {}

    def _record(self, judgement: Judgement, states: Mapping[str, FileState], attempts: list[int], now: float) -> None:
        phase, decision, verdicts = judgement.phase, judgement.decision, judgement.verdicts
        outcome = {GateState.SHUT: "failed", GateState.WAITING: "waiting", GateState.OPEN: "open"}[judgement.state]
        told = [verdict.as_data() for verdict in verdicts]
        with self._state.database.transaction():
            self._state.journal.append(
                Event.JUDGED, phase.name, phase.name, outcome=outcome, digest=judgement.digest, verdicts=told
            )
            if decision is None or not decision.open:
                self._state.records.drop([phase.name])
                return
            if decision.by_policy and not self._state.approvals.stands(phase.name, judgement.digest, POLICY):
                approve(self._state, Approval(phase.name, judgement.digest, POLICY, POLICY, "all criteria pass", now))
            self._state.journal.append(
                Event.OPENED, phase.name, phase.name, digest=judgement.digest, metrics=_metrics(verdicts)
            )
            ends = [end for end in (*(verdict.until for verdict in verdicts), decision.until) if end is not None]
            values = {
                DEFINITION: phase.gate_text,
                "digest": judgement.digest,
                "review": list(decision.review),
                "attempts": attempts,
                "until": min(ends, default=None),
            }
            self._state.records.save(phase.name, record_of(values, states))


def masked(verdict: Verdict, secrets: Masker) -> Verdict:
    """A verdict without secrets. Masked before the digest is taken, so that it is the digest of what is stored."""
    if not secrets:
        return verdict
    texts: dict[str, Any] = {
        key: secrets.text(text) for key in MASKED if isinstance(text := getattr(verdict, key), str)
    }
    return replace(verdict, **texts)


def approve(state: State, approval: Approval) -> None:
    """Record one yes, among the approvals and in the journal."""
    with state.database.transaction():
        state.approvals.add(approval)
        state.journal.append(
            Event.APPROVED,
            approval.phase,
            digest=approval.digest,
            by=approval.by,
            channel=approval.channel,
            reason=approval.reason,
        )


def _metrics(verdicts: Iterable[Verdict]) -> dict[str, float]:
    return {v.name: float(v.value) for v in verdicts if v.kind == "metric" and isinstance(v.value, (int, float))}


def local_person() -> str:
    """Who is at the command line: the login name. A record, not authentication."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
