"""What runs that were killed left running: ended, and their attempts closed, before anything starts again.

`kill -9` of a run reaches none of its works: they go on, and would write beside the attempts of the next run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from phases.identity import is_running, may_be_held
from phases.local import GRACE

from ..plan import Plan
from ..state.journal import Entry, Event
from ..state.state import State
from .command import RUN
from .outputs import remove_all


def end_leftovers(root: Path, plan: Plan, state: State, tell: Callable[[str], None]) -> list[str]:
    """Look after every run that began before the present one and never ended; what people should know of it.

    The lock must be held: then none of them can be going on.

    Args:
        tell: is told before a long wait.
    """
    runs = state.journal.unfinished_runs()
    if runs and plan.dask is not None:
        from phases.cluster.staging import clear_staging

        clear_staging(root)
    return [note for run in runs for note in _finish(run, root, plan, state, tell)]


def _finish(run: str, root: Path, plan: Plan, state: State, tell: Callable[[str], None]) -> list[str]:
    from phases import processes

    attempts = state.journal.unfinished_attempts(run)
    ended = processes.end(_leaders(attempts, root), {RUN: run}, GRACE)
    _outlive(attempts, tell)
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


def _outlive(attempts: Iterable[Entry], tell: Callable[[str], None]) -> None:
    """Wait until nothing of these attempts runs on other machines, where a command ends that long after it heard from
    its run for the last time. When that was nobody wrote down: not before now, to be certain."""
    lease = max((attempt.data.get("lease") or 0.0 for attempt in attempts), default=0.0)
    if lease:
        tell(f"waiting {lease:g} s, until nothing that a killed run started on the cluster runs any more")
        time.sleep(lease)


def _leaders(attempts: Iterable[Entry], root: Path) -> list[int]:
    """The first processes of these attempts, as far as they are still the same ones. On another machine, as with a
    project on a network file system, no process has such a mark.

    A shell may have ended and left in its session something that cleared its environment. As long as that lives, the
    pid is given to nobody; but it may have been given to a stranger since, who ended as well. So who is there counts
    only where somebody of them works in the project.
    """
    marked = [(attempt.data["pid"], attempt.data["mark"]) for attempt in attempts]
    marked = [(pid, mark) for pid, mark in marked if pid is not None and pid != os.getpid()]
    running = [pid for pid, mark in marked if is_running(pid, mark)]
    gone = [pid for pid, mark in marked if pid not in running and may_be_held(pid, mark)]
    if gone:
        from phases import processes

        running += processes.sessions_in(root.resolve(), gone)
    return running
