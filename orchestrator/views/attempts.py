"""The attempts at works, computed from the journal: as data (docs/json.md) and as a line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from ..state.journal import Entry, Event
from .words import printable, seconds

RUNNING = "running"
"""The outcome of an attempt of which nobody wrote the end."""

INTERRUPTED = "interrupted"
"""The outcome of such an attempt where its run is dead."""

TOLD = ("outcome", "problem", "class", "rule", "exit_code", "signal", "peak_memory", "of", "wait")
"""What the end of an attempt says of it, as it stands in the journal."""


def attempts_data(
    entries: Iterable[Entry], tasks: Collection[str], is_alive: Callable[[str], bool]
) -> list[dict[str, Any]]:
    """The attempts at these works in JSON's types, in the order in which they started.

    Args:
        is_alive: does the run with this id go on? Where it does not, an attempt without an end is called what the next
            run will record.
    """
    attempts: dict[tuple[str, int], dict[str, Any]] = {}
    for entry in entries:
        if entry.task not in tasks or entry.task is None:
            continue
        if entry.event is Event.ATTEMPT_STARTED:
            attempts[entry.task, entry.data["attempt"]] = {
                "task": entry.task,
                "attempt": entry.data["attempt"],
                "run": entry.run,
                "pid": entry.data["pid"],
                "log": entry.data["log"],
                "started": entry.at,
                "ended": None,
                "duration_s": None,
                **dict.fromkeys(TOLD),
                "outcome": RUNNING,
            }
        elif entry.event is Event.ATTEMPT_ENDED and (entry.task, entry.data["attempt"]) in attempts:
            told = {key: entry.data.get(key) for key in TOLD}
            ended = {"ended": entry.at, "duration_s": entry.data.get("duration")}
            attempts[entry.task, entry.data["attempt"]] |= {**told, **ended}
    for attempt in attempts.values():
        if attempt["outcome"] == RUNNING and not is_alive(attempt["run"]):
            attempt["outcome"] = INTERRUPTED
    return list(attempts.values())


def attempt_line(attempt: dict[str, Any]) -> str:
    """`phase_3:run, attempt 2: failed after 3.1 s, ended with exit code 1 (.doit/logs/…/phase_3.2.log)`."""
    took = "" if attempt["duration_s"] is None else f" after {seconds(attempt['duration_s'])}"
    problem = f", {printable(attempt['problem'])}" if attempt["problem"] else ""
    return f"{attempt['task']}, attempt {attempt['attempt']}: {attempt['outcome']}{took}{problem} ({attempt['log']})"
