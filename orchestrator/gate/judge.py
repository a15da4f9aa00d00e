"""Judging a gate: every criterion looked at, the approval rule asked, and what came of it recorded."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from criteria import Result, Scene, Verdict, parse

from ..plan import Phase
from ..state.approvals import POLICY, Approval
from ..state.files import State as FileState
from ..state.journal import Event
from ..state.records import record_of
from ..state.state import State
from ..work.attempts import CHECKER_NAME
from ..work.command import phase_environment
from .approval import Decision, decide
from .digest import attempts_of, gate_digest


class GateState(str, Enum):
    """DESIGN.md §1: open, waiting for a person, or shut by a criterion."""

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

    def __init__(self, root: Path, state: State, clock: Callable[[], float]) -> None:
        self._root = root
        self._state = state
        self._clock = clock

    def judge(self, phase: Phase) -> Judgement:
        """Look at every criterion of a phase, and open its gate if it may be opened."""
        now = self._clock()
        before = {path: self._state.files.state(path) for path in phase.reads}
        approvals = self._state.approvals.of(phase.name)
        scene = Scene(
            root=self._root,
            now=now,
            approved=dict(approvals[-1].metrics) if approvals else {},
            env=phase_environment(phase.name, os.environ),
        )
        verdicts = tuple(parse(raw).judge(scene) for raw in phase.criteria)
        outputs = {output: before[output] for output in phase.outputs}
        attempts = attempts_of(phase, self._state.records.get)
        digest = gate_digest(outputs, phase.gate_definition, verdicts, attempts)
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

    def _record(self, judgement: Judgement, states: Mapping[str, FileState], attempts: list[int], now: float) -> None:
        phase, decision = judgement.phase, judgement.decision
        verdicts = [verdict.as_data() for verdict in judgement.verdicts]
        ends = [v.until for v in judgement.verdicts if v.until is not None]
        if decision is not None and decision.until is not None:
            ends.append(decision.until)
        with self._state.database.transaction():
            outcome = {GateState.SHUT: "failed", GateState.WAITING: "waiting", GateState.OPEN: "open"}[judgement.state]
            self._state.journal.append(
                Event.JUDGED, phase.name, outcome=outcome, digest=judgement.digest, verdicts=verdicts
            )
            if judgement.state is not GateState.OPEN:
                self._state.records.drop([phase.name])
                return
            values = {
                "definition": phase.gate_definition,
                "digest": judgement.digest,
                "review": list(decision.review) if decision is not None else [],
                "attempts": attempts,
                "until": min(ends, default=None),
            }
            self._state.records.save(phase.name, record_of(values, states, CHECKER_NAME))
            if decision is not None and decision.by_policy:
                approve(
                    self._state, judgement.digest, phase, judgement.verdicts, POLICY, POLICY, "all criteria pass", now
                )


def approve(
    state: State,
    digest: str,
    phase: Phase,
    verdicts: tuple[Verdict, ...],
    by: str,
    channel: str,
    reason: str,
    now: float,
) -> Approval:
    """Record one yes, in the approvals and in the journal. An approval that stands already is not given twice."""
    metrics = {v.name: float(v.value) for v in verdicts if v.kind == "metric" and isinstance(v.value, (int, float))}
    approval = Approval(phase.name, digest, by, channel, reason, now, metrics)
    given = [a for a in state.approvals.of(phase.name) if a.digest == digest and a.by == by]
    if not (given and channel == POLICY):
        with state.database.transaction():
            state.approvals.add(approval)
            state.journal.append(Event.APPROVED, phase.name, digest=digest, by=by, channel=channel, reason=reason)
    return approval


def local_person() -> str:
    """Who is at the command line: the login name. A record, not authentication."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
