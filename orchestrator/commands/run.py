"""`doit`: ask where the phases stand, and hand doit those that are not done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from doit.cmd_run import Run as DoitRun
from doit.globals import Globals
from doit.task import Task

from ..plan import Phase
from ..project import Project
from ..standing import stand
from .common import preflight, project_of, select

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
        chosen = select(project.plan, args)
        if chosen is None:  # a task of the user's own in dodo.py, or a mistake, which doit then explains
            loaded = self.loader.load_tasks(cmd=self, pos_args=args)
            others = [_behind_gates(project, task) for task in loaded if project.plan.phase_of(task.name) is None]
            selected = [project.plan.makers.get(arg, arg) for arg in args]
            return self._run(project, params, list(project.plan), selected, others)
        phases = project.plan.closure(chosen)
        with project.state.files.one_instant():
            standings = stand(phases, project.look)
            handed = [s.phase for s in standings.values() if s.reasons or params["always"]]
            if handed:
                preflight(project, handed)
        names = {phase.name for phase in handed}
        works = [arg for arg in args if ":" in arg and arg.partition(":")[0] in names]
        selected = [*works, *(name for name in chosen if name in names and not _by_work_alone(name, args))]
        if not selected:
            self.outstream.write(_nothing_to_do(project, phases))
            project.state.close()
            return DONE
        return self._run(project, params, handed, selected, [])

    def _run(self, project: Project, params: Any, phases: list[Phase], selected: list[str], others: list[Task]) -> int:
        from phases.local import LocalExecutor

        from ..engine import Bookkeeping, Reporter
        from ..session import open_session
        from ..signals import Stopped, stoppable
        from ..tasks import tasks_of
        from ..views.console import Console

        executor = LocalExecutor()
        console = Console(project.plan, phases, self.outstream)
        echo = params["verbosity"] == 2
        with stoppable(executor.kill), console, open_session(project, executor, console, echo) as session:
            self.dep_manager = Globals.dep_manager = Bookkeeping(project.plan, project.state)
            self.task_list = [*tasks_of(phases, project.look, session), *others]
            self.sel_tasks = selected
            reporter = Reporter(project.plan, session)
            console.notes(project.plan.notes)
            signal = None
            try:
                self._execute(
                    outfile=params["outfile"],
                    verbosity=params["verbosity"],
                    always=params["always"],
                    continue_=params["continue"],
                    reporter=params["reporter"] if "reporter" in params._non_default_keys else reporter,
                    num_process=params["num_process"],
                    par_type="thread",  # the state is one connection of one process, and work is a process anyway
                    single=params["single"],
                )
            except Stopped as stopped:
                signal = stopped.number
                executor.stop()
            session.close(stopped=signal is not None)
            console.summary(session, reporter.errors, signal)
        return _exit_code(session, reporter) if signal is None else 128 + signal


def _by_work_alone(name: str, args: Sequence[str]) -> bool:
    """Was this phase named by its work (`phase_3:run`), and not by itself?"""
    return name not in args and any(arg.startswith(f"{name}:") for arg in args)


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
    if End.FAILED in ends:
        return FAILED
    return WAITING if End.WAITING in ends else DONE


def _nothing_to_do(project: Project, phases: list[Phase]) -> str:
    count = "1 phase is" if len(phases) == 1 else f"all {len(phases)} phases are"
    return f"{project.plan.name}: {count} done, nothing to do\n"
