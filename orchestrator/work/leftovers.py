"""What runs that were killed left running: ended, and their attempts closed, before anything starts again.

`kill -9` of a run reaches none of its works: they go on, and would write beside the attempts of the next run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from phases.identity import is_running
from phases.local import GRACE

from ..plan import Plan
from ..state.journal import Entry, Event
from ..state.state import State
from .command import RUN
from .outputs import remove_all


def end_leftovers(root: Path, plan: Plan, state: State) -> int:
    """Look after every run that began before the present one and never ended; how many processes had to go.

    The lock must be held: then none of them can be going on.
    """
    return sum(_finish(run, root, plan, state) for run in state.journal.unfinished_runs())


def _finish(run: str, root: Path, plan: Plan, state: State) -> int:
    from phases import processes

    ended = processes.end(_leaders(state.journal.unfinished_attempts(run)), {RUN: run}, GRACE)
    with state.database.transaction():
        interrupted = close_attempts(run, root, plan, state)
        state.journal.append(Event.RUN_ENDED, run=run, interrupted=interrupted, ended=ended)
    return ended


def close_attempts(run: str, root: Path, plan: Plan, state: State) -> int:
    """Write the end of a run's attempts of which nobody wrote it; how many there are. None of them runs any more."""
    works = {work.task: work for phase in plan for work in phase.works}
    attempts = state.journal.unfinished_attempts(run)
    for attempt in attempts:
        kept = {key: attempt.data[key] for key in ("attempt", "tried", "definition")}
        state.journal.append(Event.ATTEMPT_ENDED, attempt.phase, attempt.task, run=run, outcome="interrupted", **kept)
        work = works.get(attempt.task or "")
        if work is not None and work.clean_on_failure:
            remove_all(root, work.outputs)
    return len(attempts)


def _leaders(attempts: Iterable[Entry]) -> list[int]:
    """The first processes of these attempts, as far as they are still the same ones. On another machine, as with a
    project on a network file system, no process has such a mark."""
    marked = ((attempt.data["pid"], attempt.data["mark"]) for attempt in attempts)
    return [pid for pid, mark in marked if pid is not None and pid != os.getpid() and is_running(pid, mark)]
