"""`doit forget`: end the state of phases, their approvals included. What happened stays in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from doit.cmd_forget import opt_disable_default, opt_forget_all, opt_forget_taskdep

from ..project import Project
from ..state.journal import Event
from .common import PlanCommand
from .own_tasks import OwnTasks
from .selection import refuse_variables_alone, split


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
        tasks, beside = split(plan, args, project.root)
        own: list[str] = []
        if beside:
            loaded = self.loader.load_tasks(cmd=self, pos_args=list(args))
            own = OwnTasks.among(loaded, plan, project.root).named(beside)
        if params["forget_all"] or not args:
            tasks = list(plan.phases)
        if params["forget_sub"]:
            tasks = [phase.name for phase in plan.closure(plan.phases_of(tasks))]
        project.state.lock.take()
        forget(project, tasks)
        project.state.records.drop(own)
        for name in (*tasks, *own):
            self.outstream.write(f"forgetting {name}\n")
        return 0


def forget(project: Project, tasks: Iterable[str]) -> None:
    """End the state of gates, each with its works and approvals, or of single works. The lock must be held."""
    state, plan = project.state, project.plan
    with state.database.transaction():
        for task in tasks:
            [name] = plan.phases_of([task])
            ended = [task, *(work.task for work in plan.phases[name].works)] if task == name else [task]
            state.records.drop(ended)
            if task == name:
                state.votes.drop([name])
            for each in ended:
                state.journal.append(Event.FORGOTTEN, name, each)
