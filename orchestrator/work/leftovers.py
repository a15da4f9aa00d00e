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


def end_leftovers(root: Path, plan: Plan, state: State) -> list[str]:
    """Look after every run that began before the present one and never ended; what people should know of it.

    The lock must be held: then none of them can be going on.
    """
    return [note for run in state.journal.unfinished_runs() for note in _finish(run, root, plan, state)]


def _finish(run: str, root: Path, plan: Plan, state: State) -> list[str]:
    from phases import processes

    ended = processes.end(_leaders(state.journal.unfinished_attempts(run)), {RUN: run}, GRACE)
    notes = [f"{ended} processes that a killed run had left running were ended"] if ended else []
    notes += close_attempts(run, root, plan, state)
    state.journal.append(Event.RUN_ENDED, run=run, ended=ended)
    return notes


def close_attempts(run: str, root: Path, plan: Plan, state: State) -> list[str]:
    """Write the end of a run's attempts, none of which runs any more, where nobody did; what could not be done."""
    works = {work.task: work for phase in plan for work in phase.works}
    notes = []
    for attempt in state.journal.unfinished_attempts(run):
        kept = {key: attempt.data[key] for key in ("attempt", "tried", "definition")}
        state.journal.append(Event.ATTEMPT_ENDED, attempt.phase, attempt.task, run=run, outcome="interrupted", **kept)
        work = works.get(attempt.task or "")
        if work is not None and work.clean_on_failure:
            notes += remove_all(root, work.outputs)
    return notes


def _leaders(attempts: Iterable[Entry]) -> list[int]:
    """The first processes of these attempts, as far as they are still the same ones. On another machine, as with a
    project on a network file system, no process has such a mark."""
    marked = ((attempt.data["pid"], attempt.data["mark"]) for attempt in attempts)
    return [pid for pid, mark in marked if pid is not None and pid != os.getpid() and is_running(pid, mark)]
