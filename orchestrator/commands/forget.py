"""`doit forget`: end the state of phases, their approvals included. What happened stays in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from doit.cmd_forget import opt_disable_default, opt_forget_all, opt_forget_taskdep

from ..project import Project
from ..state.journal import Event
from .common import PlanCommand
from .own_tasks import OwnTasks
from .selection import named, refuse_variables_alone, tasks_named


class Forget(PlanCommand):
    """doit's `forget` for a plan: without a name the whole plan."""

    name = "forget"
    doc_purpose = "reset phases, their approvals included: they run again"
    doc_usage = "[PHASE ...]"
    cmd_options = (opt_forget_taskdep, opt_disable_default, opt_forget_all)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        plan = project.plan
        refuse_variables_alone(args)
        if not args and params["forget_disable_default"] and not params["forget_all"]:
            self.outstream.write("no phase was named, and --disable-default was given: nothing is forgotten\n")
            return 0
        beside = [arg for arg in args if not tasks_named(plan, arg, project.root)]
        tasks = named(plan, [arg for arg in args if arg not in beside], project.root)
        own: list[str] = []
        if beside:
            loaded = self.loader.load_tasks(cmd=self, pos_args=list(args))
            own = OwnTasks.among(loaded, plan, project.root).named(beside)
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


def forget(project: Project, tasks: Iterable[str]) -> None:
    """End the state of gates, each with its works and approvals, or of single works. The lock must be held."""
    state = project.state
    with state.database.transaction():
        for task in tasks:
            phase = project.plan.phases.get(task)
            ended = [task] if phase is None else [task, *(work.task for work in phase.works)]
            state.records.drop(ended)
            if phase is not None:
                state.approvals.drop([task])
            for each in ended:
                state.journal.append(Event.FORGOTTEN, task.partition(":")[0], each)
