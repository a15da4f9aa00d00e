"""`doit clean`: remove outputs, while nobody else is making or reading them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from doit.cmd_clean import opt_clean_cleanall, opt_clean_cleandep, opt_clean_dryrun, opt_clean_forget
from doit.exceptions import InvalidCommand
from doit.task import Task

from ..project import Project
from ..work.leftovers import end_leftovers
from .common import PlanCommand
from .forget import forget
from .own_tasks import OwnTasks
from .selection import refuse_variables_alone, split


class Clean(PlanCommand):
    """doit's `clean` for a plan: without a name the whole plan. With `--forget` it forgets as `doit forget` does."""

    name = "clean"
    doc_purpose = "remove the outputs of phases"
    doc_usage = "[PHASE ...]"
    cmd_options = (opt_clean_cleandep, opt_clean_cleanall, opt_clean_dryrun, opt_clean_forget)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        refuse_variables_alone(args)
        tasks = self._chosen(project, args, everything=params["cleanall"] or not args, needs=params["cleandep"])
        if not params["dryrun"]:
            project.state.lock.take()
            for note in end_leftovers(project.root, project.plan, project.state, self._note):
                self._note(note)
        try:
            for task in tasks:
                task.clean(self.outstream, params["dryrun"])
        except OSError as error:
            raise InvalidCommand(f"{error.filename}: {error.strerror}; it was not removed") from None
        if params["cleanforget"] and not params["dryrun"]:
            names = [task.name for task in tasks]
            forget(project, [name for name in names if project.plan.phase_of(name) is not None])
            project.state.records.drop(names)
        return 0

    def _note(self, text: str) -> None:
        self.outstream.write(f"note: {text}\n")

    def _chosen(self, project: Project, args: Sequence[str], *, everything: bool, needs: bool) -> list[Task]:
        """The tasks to clean, each before the ones that it needs."""
        plan = project.plan
        loaded = {task.name: task for task in self.loader.load_tasks(cmd=self, pos_args=list(args))}
        own = OwnTasks.among(loaded.values(), plan, project.root)
        if everything:
            return [*own.tasks.values(), *(loaded[name] for name in _with_works(project, plan.phases))]
        tasks, beside = split(plan, args, project.root)
        chosen = own.named(beside)
        if needs:
            reached, phases = own.with_needs(chosen)
            chosen = [task.name for task in reached]
            tasks = [phase.name for phase in plan.closure([*phases, *plan.phases_of(tasks)])]
        return [loaded[name] for name in (*chosen, *_with_works(project, tasks))]


def _with_works(project: Project, tasks: Iterable[str]) -> list[str]:
    """Gates with their works, or works alone; the last in the plan's order first."""
    named = set(tasks)
    return [
        task
        for phase in reversed(list(project.plan))
        for task in (phase.name, *(work.task for work in phase.works))
        if task in named or phase.name in named
    ]
