"""Why a work has to run and a gate has to be judged: completely, and nothing where it is current.

A work is current while its definition is the same, its inputs have the content it was built from and its outputs are
there. A gate is current while criteria, rule and everything it read are the same and an approval of its digest stands.
Pure over `Evidence`, which is what was looked up. The doit tasks ask here (tasks.py), and so does standing.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .gate.approval import decide, waivers
from .gate.digest import attempts_of, gate_digest
from .plan import Phase, Rule, Work
from .state.files import State as FileState
from .state.files import differences
from .state.records import DEFINITION, PATHS, VALUES, Record
from .state.votes import Answer, Vote

if TYPE_CHECKING:
    from .state.journal import Entry


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a work or gate is not current."""

    kind: str
    """Of a work: `first`, `definition`, `input`, `output`, `always`. Of a gate: `first`, `criteria`, `rule`, `content`,
    `attempt`, `expired`, `approval` or `rejected`. Of a phase: `waiting`, `approved`, `upstream` or `ignored`. Of the
    newest attempt: `failed` or `retry`. Of a forecast: `verdict` or `assumed`."""
    subject: str
    """The task or phase that it is about."""
    detail: str
    path: str = ""
    """The input, or what a gate reads, where it is about one."""


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
    def mask(self, text: str) -> str:
        """The text without secrets: before anything is cut, because of half a secret nothing is recognized."""


def work_reasons(work: Work, look: Evidence) -> list[Reason]:
    """Why this work has to run; nothing when it is current."""

    def reason(kind: str, detail: str) -> Reason:
        return Reason(kind, work.task, detail)

    record = look.record(work.task)
    if record is None or DEFINITION not in record.get(VALUES, {}):
        return [reason("first", f"{which_work(work)}has not run yet, or did not succeed")]
    if work.always:
        return [reason("always", "always: true")]
    reasons = [
        reason("definition", f"{key} changed: {_told(key, old, look)} → {_told(key, new, look)}")
        for key, (old, new) in _changed(record[VALUES][DEFINITION], work.definition_text).items()
    ]
    reasons += [reason("output", f"{output} is missing") for output in work.outputs if not look.exists(output)]
    paths = [given.path for given in work.inputs]
    reasons += [reason("input", f"{path} is no longer an input") for path in record.get(PATHS, ()) if path not in paths]
    for path in paths:
        changes = differences(record.get(path), look.file(path), path)
        reasons += [Reason("input", work.task, text, path) for text in changes]
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
    gone = [path for path in record.get(PATHS, ()) if path not in phase.reads]
    reasons += [Reason("content", phase.name, f"{path} is no longer looked at", path) for path in gone]
    for path in phase.reads:
        changes = differences(record.get(path), look.file(path), path)
        reasons += [Reason("content", phase.name, text, path) for text in changes]
    if values["attempts"] != attempts_of(phase, look.record):
        reasons.append(reason("attempt", "its work ran again"))
    if values["until"] is not None and values["until"] <= look.now():
        reasons.append(reason("expired", "a verdict or the approval expired"))
    if not reasons:
        reasons += [reason(kind, detail) for kind, detail in _against(phase, values, look)]
    return reasons


def lapse(phase: Phase, look: Evidence, after: float) -> float | None:
    """The first moment behind `after` at which `gate_reasons` may say something else though nobody wrote anything:
    when a verdict, an approval or a waiver expires, be it one that the gate was not opened with."""
    record = look.record(phase.name) or {}
    ends = [record.get(VALUES, {}).get("until")]
    for vote in look.votes(phase.name):
        ends += [vote.until, None if phase.rule.expires is None else vote.at + phase.rule.expires]
    return min((end for end in ends if end is not None and end > after), default=None)


def is_present(phase: Phase, judged: Entry, look: Evidence) -> bool:
    """Is what was judged still what is there?"""
    states = {path: look.file(path) for path in phase.reads}
    values = [(verdict["name"], verdict["value"]) for verdict in judged.data["verdicts"]]
    present = gate_digest(states, phase.gate_text, values, attempts_of(phase, look.record))
    return bool(present == judged.data["digest"])


def _against(phase: Phase, values: Mapping[str, Any], look: Evidence) -> list[tuple[str, str]]:
    """What the votes say against a gate that opened with these values: kinds of reasons, with their details."""
    votes = [vote for vote in look.votes(phase.name) if vote.digest == values["digest"]]
    if values["waived"] and not set(values["waived"]) <= set(waivers(phase.rule, votes, values["digest"], look.now())):
        return [("approval", "a waiver was taken back")]
    decision = decide(phase.rule, values["review"], votes, values["digest"], look.now())
    if decision.rejected is not None:
        return [("rejected", rejection(decision.rejected.by, decision.rejected.reason))]
    if not decision.open or not any(vote.answer is Answer.APPROVE for vote in votes):
        return [("approval", "it has no approval that stands")]
    return []


def asked_of(rule: Rule, missing: int) -> str:
    """Behind "waits for an approval": of whom, and of how many."""
    whom = f" by {' or '.join(rule.by)}" if rule.by else ""
    return f"{whom}, {missing} people" if missing > 1 else whom


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


def which_work(work: Work) -> str:
    """Which work of its phase, where there are several."""
    return "" if work.task == f"{work.phase}:run" else f"{work.task} "


def _told(key: str, value: Any, look: Evidence) -> str:
    """One side of what changed in a definition."""
    if key == "env" and value is not None:
        from .secrets import is_secret

        value = {name: "***" if is_secret(name) else text for name, text in value.items()}
    return _short("nothing" if value is None else look.mask(" ".join(str(value).split())))


def _short(text: str, width: int = 40) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
