"""One run of a plan: who takes part in it, from before its first line to after its last."""

from __future__ import annotations

import contextlib
import functools
import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from doit.globals import Globals

from ..engine import Bookkeeping, Reporter, execute
from ..estimate import NEWEST, work_durations
from ..outcomes import Outcomes
from ..results import End
from ..session import Session, new_run, open_session
from ..signals import Stopped, stoppable
from ..tasks import tasks_of
from ..triggers.model import LAST_CALL
from ..views.announcer import Announcer
from ..views.console import Console
from ..watchers import Watchers
from ..work.executors import executor_of
from .elsewhere import LAST_SYNC, cache_of, end_following, follower_of
from .ends import DONE, ERROR, FAILED, WAITING

if TYPE_CHECKING:
    from ..plan import Phase
    from ..project import Project
    from .agenda import Chosen

AFTER_STOP = 2.0
"""Seconds that the cache, triggers and GitHub get after a signal, in the place of what they get else."""

PLAN_ENDS = {DONE: "plan.done", WAITING: "plan.waiting"}


@dataclass(frozen=True, slots=True)
class Todo:
    """What one run has to do."""

    phases: list[Phase]
    """Those that are handed to doit."""
    selected: list[str]
    chosen: Chosen
    judged_only: set[str]
    """Those of which only the gate is looked at, as far as is known now."""
    wait: float
    """Seconds to stay at a gate that waits for a person."""


class Conductor:
    """Conducts one run.

    Args:
        params: the options of doit's `run`.
        also: another reporter of doit's that is told everything, and prints in our place.
    """

    def __init__(self, project: Project, params: Any, todo: Todo, outstream: TextIO, also: Any) -> None:
        self._project = project
        self._params = params
        self._todo = todo
        self._outstream = outstream
        self._also = also
        self._run = run = new_run()
        jobs, mask = max(1, params["num_process"]), project.masker.text
        expected = functools.cache(self._expected)
        self._durations = expected if jobs > 1 else dict
        self._console = Console(project.plan, todo.phases, outstream, expected, todo.judged_only, jobs, mask)
        self._cache = cache_of(project, self._console.notes, asks=not params["always"])
        self._announcer = Announcer(project.triggers(run), project.plan.name, run)
        self._follower = follower_of(project, self._console.notes, waits=todo.wait > 0)
        self._executor = executor_of(project.plan, project.root, run, lambda note: self._console.notes([note]))

    def conduct(self) -> int:
        """Run the plan; the exit code."""
        gc.freeze()
        gc.enable()
        raise_file_limit()
        stopped = False
        with stoppable(self._executor.kill):
            try:
                code = self._conduct()
                stopped = code >= 128
            except Stopped:  # before there was anything to stop, or after all of it was done
                stopped = True
                raise
            finally:
                self._end(stopped=stopped)
        return code

    def _conduct(self) -> int:
        """With the lock held."""
        project, todo, follower = self._project, self._todo, self._follower
        watchers = [self._console, *([self._announcer] if project.plan.triggers else [])]
        watchers += [follower] if follower is not None else []
        with (
            self._console,
            open_session(
                project,
                self._run,
                self._executor,
                Watchers(*watchers),
                self._params["verbosity"] == 2,
                todo.wait,
                follower.expects if follower is not None else lambda phase: False,
                self._cache,
            ) as session,
        ):
            if follower is not None:
                follower.start()
            self._announcer.plan("plan.started")
            reporter = Reporter(project.plan, session.outcomes, project.masker.text, self._also)
            stopped_by = self._execute(session, reporter)
            gates = [name for name in todo.selected if name in project.plan.phases]
            session.close(alone=project.plan.phases_of(name for name in todo.selected if name not in gates))
            missed = session.outcomes.missed(gates)
            self._console.summary(session.outcomes, reporter, missed, stopped_by)
            code = 128 + stopped_by if stopped_by is not None else _exit_code(session.outcomes, reporter, missed)
            self._announcer.plan(PLAN_ENDS.get(code, "plan.failed"), exit_code=code, **session.outcomes.counts())
        return code

    def _execute(self, session: Session, reporter: Reporter) -> int | None:
        """Have doit do it all; the signal that stopped it."""
        project, todo = self._project, self._todo
        bookkeeping = Globals.dep_manager = Bookkeeping(project.plan, project.state)
        tasks = [*tasks_of(todo.phases, project.look, session), *todo.chosen.own]
        names = [*todo.selected, *todo.chosen.own_names]
        try:
            execute(project.plan, tasks, names, bookkeeping, reporter, self._params, self._durations())
        except Stopped as stopped:
            session.stop()
            return stopped.number
        return None

    def _end(self, *, stopped: bool) -> None:
        """Let everybody finish who has something to tell elsewhere, for as long as there is time."""
        notes = self._console.notes
        if self._cache is not None:
            notes(self._cache.close(AFTER_STOP if stopped else None))
        notes(self._announcer.close(AFTER_STOP if stopped else LAST_CALL))
        self._outstream.flush()  # nobody has to wait for GitHub to read how the run ended
        notes(end_following(self._follower, self._project, AFTER_STOP if stopped else LAST_SYNC))

    def _expected(self) -> Mapping[str, float]:
        """How many seconds works take, by the history."""
        newest = {phase.name: NEWEST * len(phase.works) for phase in self._todo.phases}
        return work_durations(self._project.state.journal.successes(newest))


def raise_file_limit() -> None:
    """Each work takes a few file descriptors, and the usual limit, of 1024, is meant for programs that use `select`."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS does not mean its "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _exit_code(outcomes: Outcomes, reporter: Reporter, missed: Sequence[str]) -> int:
    ends = {result.end for result in outcomes.results.values()}
    if reporter.errors:
        return ERROR
    if End.FAILED in ends or reporter.failures:
        return FAILED
    if End.WAITING in ends:
        return WAITING
    return ERROR if missed else DONE
