"""What runs that were killed left running: ended, and their attempts closed, before anything starts again.

`kill -9` of a run reaches none of its works: they go on, and would write beside the attempts of the next run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from phases.identity import is_running
from phases.local import GRACE

from ..plan import Plan, Work
from ..state.journal import Entry, Event
from ..state.state import State
from .command import RUN
from .outputs import remove_all


def end_leftovers(root: Path, plan: Plan, state: State) -> int:
    """Look after every run that began before the present one and never ended; how many processes had to go.

    The lock must be held: then none of them can be going on.
    """
    works = {work.task: work for phase in plan for work in phase.works}
    return sum(_finish(run, root, works, state) for run in state.journal.unfinished_runs())


def _finish(run: str, root: Path, works: dict[str, Work], state: State) -> int:
    from phases import processes

    attempts = state.journal.unfinished_attempts(run)
    ended = processes.end(_leaders(attempts), {RUN: run}, GRACE)
    for attempt in attempts:
        work = works.get(attempt.task or "")
        if work is not None and work.clean_on_failure:
            remove_all(root, work.outputs)
    with state.database.transaction():
        for attempt in attempts:
            kept = {key: attempt.data[key] for key in ("attempt", "tried", "definition")}
            state.journal.append(
                Event.ATTEMPT_ENDED, attempt.phase, attempt.task, run=run, outcome="interrupted", **kept
            )
        state.journal.append(Event.RUN_ENDED, run=run, interrupted=len(attempts), ended=ended)
    return ended


def _leaders(attempts: Iterable[Entry]) -> list[int]:
    """The first processes of these attempts, as far as they are still the same ones. On another machine, as with a
    project on a network file system, no process has such a mark."""
    marked = ((attempt.data["pid"], attempt.data["mark"]) for attempt in attempts)
    return [pid for pid, mark in marked if pid is not None and pid != os.getpid() and is_running(pid, mark)]
