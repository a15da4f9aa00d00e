"""What the next `doit` does, as data (docs/json.md) and as lines: rendered from the steps that were thought through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from criteria.words import one_line

from ..estimate import CriticalPath, critical_path, phase_seconds
from ..forecast import Action, Step, exit_code
from ..gate.judgement import GateState
from ..plan import title_of
from .words import plural, printable, seconds

MOST = 10
"""Reasons of one phase that people are told, and phases of a path."""

THEN = {
    GateState.WAITING: "then waits for an approval",
    GateState.SHUT: "then its gate is shut",
}
COUNTED = {
    Action.RUN: ("runs", "run"),
    Action.JUDGE: ("is judged", "are judged"),
    Action.WAIT: ("waits", "wait"),
    Action.BLOCKED: ("is blocked", "are blocked"),
}


def forecast_data(
    plan: str,
    steps: Sequence[Step],
    durations: Mapping[str, float],
    *,
    problems: Sequence[str],
    running: Sequence[str],
    own_tasks: Sequence[str],
    mask: Callable[[str], str],
) -> dict[str, Any]:
    """The forecast in JSON's types.

    Args:
        durations: the expected seconds of works.
        problems: why the next run refuses to start.
        running: phases that a run is at work on now.
        own_tasks: tasks beside the plan that were named.
        mask: takes the secrets out of titles.
    """
    expected = {step.phase.name: _expected(step, durations) for step in steps}
    path = _longest(steps, expected)
    return {
        "plan": plan,
        "exit_code": 3 if problems else exit_code(steps),
        "problems": list(problems),
        "running": list(running),
        "own_tasks": list(own_tasks),
        "total_s": path.seconds,
        "critical_path": list(path.phases),
        "unknown": list(path.unknown),
        "phases": [
            {
                "phase": step.phase.name,
                "title": title_of(step.phase, mask),
                "action": step.action.value,
                "may": step.may,
                "reasons": [{"kind": r.kind, "subject": r.subject, "detail": r.detail} for r in step.reasons],
                "works": [work.task for work in step.works],
                "gate": None if step.gate is None else step.gate.value,
                "rests_on": list(step.rests_on),
                "expected_s": expected[step.phase.name],
            }
            for step in steps
        ],
    }


def forecast_lines(data: Mapping[str, Any], shown: frozenset[str]) -> Iterator[str]:
    """The forecast for people: a line a phase with its reasons below, and a summary.

    Args:
        shown: phases that are told even if nothing becomes of them.
    """
    if data["running"]:
        yield f"a run is going on ({_few(data['running'])}); this is what is left if it ended now"
    for problem in data["problems"]:
        yield f"the next `doit` refuses to start: {printable(problem)}"
    if data["own_tasks"]:
        yield f"of {printable(_few(data['own_tasks']))} nothing is said: not of the plan, but of dodo.py"
    phases = [phase for phase in data["phases"] if phase["phase"] in shown or not _is_idle(phase)]
    names = max((len(phase["phase"]) for phase in phases), default=0)
    titles = min(40, max((len(one_line(phase["title"])) for phase in phases), default=0))
    for phase in phases:
        yield _line(phase, names, titles)
        details = _details(phase)
        for detail in details if len(details) <= MOST else details[: MOST - 1]:
            yield f"{'':9}{one_line(printable(detail))}"
        if len(details) > MOST:
            yield f"{'':9}… and {len(details) - MOST + 1} more reasons"
    yield f"{one_line(data['plan'])}: {_summary(data)}"


def _line(phase: Mapping[str, Any], names: int, titles: int) -> str:
    label = f"may {phase['action']}" if phase["may"] else phase["action"]
    took = seconds(phase["expected_s"]) if phase["expected_s"] else ""
    if phase["action"] == Action.RUN.value and phase["expected_s"] is None:
        took = "?"
    then = THEN.get(GateState(phase["gate"]), "") if phase["gate"] and phase["action"] != Action.WAIT.value else ""
    title = one_line(printable(phase["title"]), 40)
    return f"{label:8} {phase['phase']:{names}}  {title:{titles}}  {took:>8}  {then}".rstrip()


def _details(phase: Mapping[str, Any]) -> list[str]:
    """The reasons of a phase, without that its gate was never open, where there is more to say."""
    told = {reason["detail"]: None for reason in phase["reasons"]}
    more = {r["detail"]: None for r in phase["reasons"] if (r["kind"], r["subject"]) != ("first", phase["phase"])}
    return list(more or told)


def _summary(data: Mapping[str, Any]) -> str:
    phases = data["phases"]
    may = sum(phase["may"] for phase in phases)
    counts = Counter(phase["action"] for phase in phases if not phase["may"])
    parts = [_counted(counts[action.value], *words) for action, words in COUNTED.items()]
    parts.insert(1, f"{may} may run" if may else "")
    passed = sum(map(_is_ignored, phases))
    done = counts[Action.SKIP.value] - passed
    parts += [f"{passed} passed over" if passed else "", f"{done} up to date" if done else ""]
    runs = sum(bool(phase["works"]) for phase in phases)
    return "; ".join(filter(None, (", ".join(filter(None, parts)) or "no phases", _time(data, runs))))


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}" if count else ""


def _time(data: Mapping[str, Any], runs: int) -> str:
    unknown = len(data["unknown"])
    if not runs:
        return ""
    if unknown == runs:
        return "how long is not known: nothing of it has succeeded before"
    path = _few(data["critical_path"], " → ")
    without = f", not counting {plural(unknown, 'phase')} of unknown duration" if unknown else ""
    return f"{'at least' if unknown else 'about'} {seconds(data['total_s'])} (critical path: {path}){without}"


def _is_idle(phase: Mapping[str, Any]) -> bool:
    """Is it up to date?"""
    return phase["action"] == Action.SKIP.value and not phase["reasons"]


def _is_ignored(phase: Mapping[str, Any]) -> bool:
    kinds = {reason["kind"] for reason in phase["reasons"]}
    return phase["action"] == Action.SKIP.value and not kinds.isdisjoint(("ignored", "upstream"))


def _few(names: Sequence[str], between: str = ", ") -> str:
    """Names, the middle of many left out."""
    shown = list(names) if len(names) <= MOST else [*names[: MOST // 2], "…", *names[-(MOST // 2) :]]
    return between.join(shown)


def _expected(step: Step, durations: Mapping[str, float]) -> float | None:
    """Seconds that the works take which run; None where that is not known."""
    return phase_seconds(replace(step.phase, works=step.works), durations)


def _longest(steps: Sequence[Step], expected: Mapping[str, float | None]) -> CriticalPath:
    """The longest way through what runs. A gate that is judged in between takes no time, and keeps the order."""
    reached = [step.phase for step in steps if step.action is not Action.BLOCKED]
    runs = {step.phase.name for step in steps if step.works}
    path = critical_path(reached, expected)
    return replace(path, phases=tuple(name for name in path.phases if name in runs))
