"""`doit`: ask where the phases stand, and hand doit those that are not done."""

from __future__ import annotations

import contextlib
import fnmatch
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.cmd_run import Run as DoitRun
from doit.exceptions import InvalidCommand
from doit.globals import Globals
from doit.task import Task

from ..plan import Phase, Plan
from ..project import Project
from ..standing import stand
from .common import preflight, project_of
from .selection import given, named, tasks_named

if TYPE_CHECKING:
    from ..engine import Reporter
    from ..session import Session

DONE, FAILED, ERROR, WAITING = 0, 1, 2, 4
"""Exit codes (DESIGN.md §7); 3, bad configuration or usage, is doit's own for the exceptions that we raise."""


class Run(DoitRun):  # type: ignore[misc]
    """doit's `run` for a plan of phases."""

    name = "run"
    doc_purpose = "run what is not done, with a gate behind each phase"
    doc_usage = "[PHASE/OUTPUT...]"

    def execute(self, params: Any, args: Sequence[str]) -> int:
        """Like doit's, but with what is done left out before a task is made of it."""
        self.loader.setup(params)
        params.update_defaults(self.loader.load_doit_config())
        project = project_of(params)
        plan = project.plan
        names = given(plan, args, project.root) or _default(params, plan)
        beside = [name for name in names if not tasks_named(plan, name, project.root)]
        if beside:
            return self._run_beside(project, params, names, beside)
        tasks = named(plan, names, project.root) or list(plan.phases)
        phases = plan.closure({phase.name for phase in map(plan.phase_of, tasks) if phase is not None})
        with project.look.one_instant():
            standings = stand(phases, project.look)
            handed = [s.phase for s in standings.values() if s.reasons or params["always"]]
            if handed:
                preflight(project, handed)
        selected = _selected(plan, tasks, {phase.name for phase in handed}, alone=params["single"])
        if not selected:
            project.state.keep_digests()
            project.state.close()
            self.outstream.write(_nothing_to_do(project, phases))
            return DONE
        return self._run(project, params, handed, selected, [])

    def _run_beside(self, project: Project, params: Any, names: Sequence[str], beside: Sequence[str]) -> int:
        """Run tasks that the user wrote into dodo.py, with the phases they need, and phases that are named too."""
        plan = project.plan
        loaded = self.loader.load_tasks(cmd=self, pos_args=list(names))
        others = [_behind_gates(project, task) for task in loaded if plan.phase_of(task.name) is None]
        known = {name for task in others for name in (task.name, *task.targets)}
        for name in beside:
            if not fnmatch.filter(known, name):
                raise InvalidCommand(not_found=name)
        phases = named(plan, [name for name in names if name not in beside], project.root)
        return self._run(project, params, list(plan), [*phases, *beside], others)

    def _run(self, project: Project, params: Any, phases: list[Phase], selected: list[str], others: list[Task]) -> int:
        from phases.local import LocalExecutor

        from ..engine import Bookkeeping, Reporter
        from ..session import open_session
        from ..signals import Stopped, stoppable
        from ..tasks import tasks_of
        from ..views.console import Console

        executor = LocalExecutor()
        with contextlib.ExitStack() as stack:
            outstream = params["outfile"]
            if isinstance(outstream, str):
                outstream = stack.enter_context(Path(outstream).open("w", encoding="utf-8"))
            also = self._other_reporter(params, outstream)
            if also is not None:  # what it prints must not be mixed with ours
                outstream = stack.enter_context(Path(os.devnull).open("w"))
            console = Console(project.plan, phases, outstream)
            stack.enter_context(stoppable(executor.kill))
            stack.enter_context(console)
            echo = params["verbosity"] == 2
            session = stack.enter_context(open_session(project, executor, console, echo))
            reporter = Reporter(project.plan, session, also)
            self.dep_manager = Globals.dep_manager = Bookkeeping(project.plan, project.state)
            self.task_list = [*tasks_of(phases, project.look, session), *others]
            self.sel_tasks = selected
            console.notes(project.plan.notes)
            signal = None
            try:
                self._execute(
                    outfile=outstream,
                    verbosity=params["verbosity"],
                    always=params["always"],
                    continue_=params["continue"],
                    reporter=reporter,
                    num_process=params["num_process"],
                    par_type="thread",  # the state is one connection of one process, and work is a process anyway
                    single=params["single"],
                )
            except Stopped as stopped:
                signal = stopped.number
                executor.stop()
            session.close(stopped=signal is not None)
            console.summary(session, reporter, signal)
        return _exit_code(session, reporter) if signal is None else 128 + signal

    def _other_reporter(self, params: Any, outstream: Any) -> Any:
        """The reporter of doit that `-r` asks for; None for ours."""
        if "reporter" not in params._non_default_keys:
            return None
        return self.reporters[params["reporter"]](outstream, {"failure_verbosity": params["failure_verbosity"]})


def _default(params: Any, plan: Plan) -> list[str]:
    """What dodo.py wants to be run without a name, where its author changed that from "every phase"."""
    default = list(params["default_tasks"] or ())
    return [] if default == list(plan.phases) else default


def _selected(plan: Plan, tasks: Sequence[str], handed: set[str], *, alone: bool) -> list[str]:
    """What doit is told to run, of the phases that are handed over: what was named, after all that it needs.

    doit would find the needs by itself, but it keeps a list of ancestors for each task on the way (doit 0.37), which in
    a long chain is quadratic; in dependency order there are none.
    """
    gates = [task for task in tasks if task in handed]
    works = [task for task in tasks if task not in plan.phases and task.partition(":")[0] in handed]
    if alone:
        return [*gates, *works]
    needs = [need for task in works if (phase := plan.phase_of(task)) for need in phase.needs]
    before = [phase.name for phase in plan.closure([*gates, *needs]) if phase.name in handed]
    return [*before, *works]


def _behind_gates(project: Project, task: Task) -> Task:
    """A task of the user's own that reads an output waits for the gate too: doit implies the work alone."""
    gates = [project.plan.makers[path] for path in task.file_dep if path in project.plan.makers]
    task.task_dep.extend(gate for gate in gates if gate not in task.task_dep)
    return task


def _exit_code(session: Session, reporter: Reporter) -> int:
    from ..session import End

    ends = {result.end for result in session.results.values()}
    if reporter.errors:
        return ERROR
    if End.FAILED in ends or reporter.failures:
        return FAILED
    return WAITING if End.WAITING in ends else DONE


def _nothing_to_do(project: Project, phases: list[Phase]) -> str:
    count = "1 phase is" if len(phases) == 1 else f"all {len(phases)} phases are"
    return f"{project.plan.name}: {count} done, nothing to do\n"
