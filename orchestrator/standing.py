"""Where every phase stands: the one decision behind run, plan, status and GitHub.

A work is current while its definition is the same, its inputs have the content it was built from and its outputs are
there. A gate is current while criteria, rule and everything it read are the same and an approval of its digest stands.
`work_reasons` and `gate_reasons` say why not, completely; the doit tasks ask them too (tasks.py), so a run does what
was foreseen. Pure over `Evidence`, which is what was looked up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from .gate.approval import decide, waivers
from .gate.digest import attempts_of, gate_digest
from .plan import Phase, Work
from .state.files import State as FileState
from .state.files import differences
from .state.records import DEFINITION, IGNORED, PATHS, VALUES, Record
from .state.votes import Answer, Vote
from .work.series import definition_mark

if TYPE_CHECKING:
    from .state.journal import Entry


class PhaseState(str, Enum):
    """The states of docs/design.md."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    BLOCKED = "blocked"
    DONE = "done"
    STALE = "stale"


STUCK = frozenset({PhaseState.FAILED, PhaseState.WAITING, PhaseState.BLOCKED})
"""States that block what comes after."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a work or gate is not current."""

    kind: str
    """Of a work: `first`, `definition`, `input`, `output`, `always`. Of a gate: `first`, `criteria`, `rule`, `content`,
    `attempt`, `expired`, `approval` or `rejected`. Of a phase: `upstream` or `ignored`. Of the newest attempt:
    `failed` or `retry`."""
    subject: str
    """The task or phase that it is about."""
    detail: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One phase, now."""

    phase: Phase
    state: PhaseState
    reasons: tuple[Reason, ...]
    work_is_current: bool
    """Only the gate has to be looked at again."""


class Evidence(Protocol):
    """What has to be looked up to say where phases stand."""

    def record(self, task: str) -> Record | None: ...
    def file(self, path: str) -> FileState: ...
    def exists(self, path: str) -> bool: ...
    def votes(self, phase: str) -> Iterable[Vote]: ...
    def last(self, task: str) -> Entry | None:
        """The newest entry about the attempts of a work, or about the verdicts of a gate."""

    def running(self, task: str) -> bool:
        """Is an attempt at this work going on, or waited for, in this process or another?"""

    def now(self) -> float: ...


def work_reasons(work: Work, look: Evidence) -> list[Reason]:
    """Why this work has to run; nothing when it is current."""

    def reason(kind: str, detail: str) -> Reason:
        return Reason(kind, work.task, detail)

    record = look.record(work.task)
    if record is None or DEFINITION not in record.get(VALUES, {}):
        return [reason("first", f"{_which(work)}has not run yet, or did not succeed")]
    if work.always:
        return [reason("always", "always: true")]
    reasons = [
        reason("definition", f"{key} changed: {_told(key, old)} → {_told(key, new)}")
        for key, (old, new) in _changed(record[VALUES][DEFINITION], work.definition_text).items()
    ]
    reasons += [reason("output", f"{output} is missing") for output in work.outputs if not look.exists(output)]
    paths = [given.path for given in work.inputs]
    reasons += [reason("input", f"{path} is no longer an input") for path in record.get(PATHS, ()) if path not in paths]
    for path in paths:
        reasons += [reason("input", text) for text in differences(record.get(path), look.file(path), path)]
    return reasons


def gate_reasons(phase: Phase, look: Evidence) -> list[Reason]:
    """Why this gate has to be judged; nothing when it is open and current."""

    def reason(kind: str, detail: str) -> Reason:
        return Reason(kind, phase.name, detail)

    record = look.record(phase.name)
    if record is None or DEFINITION not in record.get(VALUES, {}):
        return [reason("first", "the gate was not opened yet")]
    values = record[VALUES]
    words = {"criteria": "criteria changed", "rule": "the approval rule changed"}
    reasons = [reason(key, words[key]) for key in _changed(values[DEFINITION], phase.gate_text)]
    for path in phase.reads:
        reasons += [reason("content", text) for text in differences(record.get(path), look.file(path), path)]
    if not phase.outputs and values["attempts"] != attempts_of(phase, look.record):
        reasons.append(reason("attempt", "its work ran again"))
    if values["until"] is not None and values["until"] <= look.now():
        reasons.append(reason("expired", "a verdict or the approval expired"))
    if not reasons:
        reasons += [reason(kind, detail) for kind, detail in _against(phase, values, look)]
    return reasons


def stand(phases: Iterable[Phase], look: Evidence) -> dict[str, Standing]:
    """Where each phase stands.

    Args:
        phases: a plan, or a part of it that holds all that it needs; each phase after the ones that it needs.
    """
    standings: dict[str, Standing] = {}
    for phase in phases:
        upstream = [standings[need] for need in phase.needs if standings[need].reasons]
        standings[phase.name] = _stand(phase, upstream, look)
    return standings


def _stand(phase: Phase, upstream: list[Standing], look: Evidence) -> Standing:
    work = [reason for work in phase.works for reason in work_reasons(work, look)]
    gate = _rejected_before(phase, look) or gate_reasons(phase, look)
    if any((look.record(task) or {}).get(IGNORED) for task in (phase.name, *(work.task for work in phase.works))):
        gate.append(Reason("ignored", phase.name, "skipped since `doit ignore`; `doit forget` ends that"))
    above = [Reason("upstream", other.phase.name, f"{other.phase.name} is {other.state.value}") for other in upstream]
    if not (work or gate or above):
        return Standing(phase, PhaseState.DONE, (), True)
    state = _state(phase, [*work, *gate], upstream, look)
    if work and (tried := _tried(phase, look)):
        said = {phase.name, *(reason.subject for reason in tried)}
        own = [*tried, *(reason for reason in (*work, *gate) if reason.kind != "first" or reason.subject not in said)]
    else:
        own = [*work, *gate]
    return Standing(phase, state, (*own, *above), not work)


def _rejected_before(phase: Phase, look: Evidence) -> list[Reason]:
    """The rejection of what was judged and never opened, while that is what is there."""
    if look.record(phase.name) is not None:
        return []
    judged = look.last(phase.name)
    if judged is None or "digest" not in judged.data:
        return []
    rejected = decide(phase.rule, (), look.votes(phase.name), judged.data["digest"], look.now()).rejected
    if rejected is None or not is_present(phase, judged, look):
        return []
    return [Reason("rejected", phase.name, rejection(rejected.by, rejected.reason))]


def _tried(phase: Phase, look: Evidence) -> list[Reason]:
    """How the newest attempts failed, and when they will be tried again."""
    reasons = []
    for work in phase.works:
        last = look.last(work.task)
        outcome = last.data.get("outcome") if last else None
        if last is None or outcome not in ("failed", "retrying"):
            continue
        why = ": ".join(filter(None, (last.data["class"], last.data["rule"])))
        problem = f"{_which(work)}{last.data['problem']} ({why})"
        if outcome == "failed":
            reasons.append(Reason("failed", work.task, problem))
            continue
        if last.data["definition"] != definition_mark(work):
            continue  # whoever mends a work begins a new series
        left = min(last.data["wait"], last.at + last.data["wait"] - look.now())
        when = f" in {left:.0f} s" if left > 1 else ""
        follows = f"attempt {last.data['tried'] + 1} of {last.data['of']} follows{when}"
        reasons.append(Reason("retry", work.task, f"{problem}; {follows}"))
    return reasons


def _state(phase: Phase, own: list[Reason], upstream: list[Standing], look: Evidence) -> PhaseState:
    tasks = [work.task for work in phase.works]
    if any(look.running(task) for task in tasks):
        return PhaseState.RUNNING
    outcomes = {entry.data.get("outcome") for task in tasks if (entry := look.last(task))}
    failed = "failed" in outcomes
    if (
        not failed
        and all(reason.kind == "always" for reason in own)
        and all(other.state is PhaseState.DONE for other in upstream)
    ):
        return PhaseState.DONE
    if any(other.state in STUCK for other in upstream):
        return PhaseState.BLOCKED
    judged = look.last(phase.name)
    verdict = judged.data.get("outcome") if judged else None
    if failed or verdict == "failed" or any(reason.kind == "rejected" for reason in own):
        return PhaseState.FAILED
    if judged is not None and verdict == "waiting" and is_present(phase, judged, look):
        return PhaseState.WAITING
    return PhaseState.PENDING if look.record(phase.name) is None else PhaseState.STALE


def is_present(phase: Phase, judged: Entry, look: Evidence) -> bool:
    """Is what was judged still what is there?"""
    outputs = {output: look.file(output) for output in phase.outputs}
    values = [(verdict["name"], verdict["value"]) for verdict in judged.data["verdicts"]]
    present = gate_digest(outputs, phase.gate_text, values, attempts_of(phase, look.record))
    return bool(present == judged.data["digest"])


def _against(phase: Phase, values: Mapping[str, Any], look: Evidence) -> list[tuple[str, str]]:
    """What the votes say against a gate that opened with these values: kinds of reasons, with their details."""
    votes = [vote for vote in look.votes(phase.name) if vote.digest == values["digest"]]
    if not set(values["waived"]) <= set(waivers(votes, values["digest"], look.now())):
        return [("approval", "a waiver was taken back")]
    decision = decide(phase.rule, values["review"], votes, values["digest"], look.now())
    if decision.rejected is not None:
        return [("rejected", rejection(decision.rejected.by, decision.rejected.reason))]
    if not decision.open or not any(vote.answer is Answer.APPROVE for vote in votes):
        return [("approval", "it has no approval that stands")]
    return []


def rejection(by: str, reason: str) -> str:
    """How a rejection is told."""
    return f"rejected by {by}: {reason}" if reason else f"rejected by {by}"


def _changed(before: str, now: str) -> dict[str, tuple[Any, Any]]:
    """What changed between the texts of two definitions: key → old, new.

    Compared as text: to Python 1, 1.0 and true are equal; to a work that is given them they are not.
    """
    if before == now:
        return {}
    old, new = json.loads(before), json.loads(now)
    values = {key: (old.get(key), new.get(key)) for key in {**old, **new}}
    return {key: (was, is_now) for key, (was, is_now) in values.items() if json.dumps(was) != json.dumps(is_now)}


def _which(work: Work) -> str:
    """Which work of its phase, where there are several."""
    return "" if work.task == f"{work.phase}:run" else f"{work.task} "


def _told(key: str, value: Any) -> str:
    """One side of what changed in a definition."""
    if key == "env" and value is not None:
        from .secrets import is_secret

        value = {name: "***" if is_secret(name) else text for name, text in value.items()}
    return _short(value)


def _short(value: Any, width: int = 40) -> str:
    text = "nothing" if value is None else " ".join(str(value).split())
    return text if len(text) <= width else text[: width - 1] + "…"
