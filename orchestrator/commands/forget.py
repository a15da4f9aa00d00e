"""`doit forget`: end the state of phases, their approvals included. What happened stays in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from doit.cmd_forget import opt_disable_default, opt_forget_all, opt_forget_taskdep
from doit.exceptions import InvalidCommand

from ..project import Project
from ..state.journal import Event
from .common import PlanCommand
from .selection import named, variables_alone


class Forget(PlanCommand):
    """doit's `forget` for a plan: without a name the whole plan."""

    name = "forget"
    doc_purpose = "reset phases, their approvals included: they run again"
    doc_usage = "[PHASE ...]"
    cmd_options = (opt_forget_taskdep, opt_disable_default, opt_forget_all)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        plan = project.plan
        if variables_alone(args):
            raise InvalidCommand("a variable is no phase; to forget the whole plan say `doit forget` alone")
        if not args and params["forget_disable_default"] and not params["forget_all"]:
            self.outstream.write("no phase was named, and --disable-default was given: nothing is forgotten\n")
            return 0
        own = [arg for arg in args if arg in self._tasks_beside(project, params, args)]
        tasks = named(plan, [arg for arg in args if arg not in own], project.root)
        if params["forget_all"] or not args:
            tasks = list(plan.phases)
        if params["forget_sub"]:
            tasks = [phase.name for phase in plan.closure({p.name for p in map(plan.phase_of, tasks) if p})]
        project.state.lock.take()
        forget(project, tasks)
        project.state.records.drop(own)
        for name in (*tasks, *own):
            self.outstream.write(f"forgetting {name}\n")
        return 0

    def _tasks_beside(self, project: Project, params: Any, args: Sequence[str]) -> set[str]:
        """The user's own tasks in dodo.py."""
        if all(project.plan.phase_of(arg) for arg in args):
            return set()
        loaded = self.loader.load_tasks(cmd=self, pos_args=list(args))
        return {task.name for task in loaded if project.plan.phase_of(task.name) is None}


def forget(project: Project, tasks: Iterable[str]) -> None:
    """End the state of gates, each with its works and approvals, or of single works. The lock must be held."""
    state = project.state
    with state.database.transaction():
        for task in tasks:
            phase = project.plan.phases.get(task)
            ended = [task] if phase is None else [task, *(work.task for work in phase.works)]
            state.records.drop(ended)
            state.approvals.drop([task])
            for each in ended:
                state.journal.append(Event.FORGOTTEN, task.partition(":")[0], each)
