"""`doit forget`: end the state of phases, their approvals included. What happened stays in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doit.cmd_forget import Forget as DoitForget

from ..project import Project
from ..state.journal import Event
from .common import known, project_of


class Forget(DoitForget):  # type: ignore[misc]
    """doit's `forget` for a plan: without a name the whole plan."""

    name = "forget"
    doc_purpose = "reset phases, their approvals included: they run again"
    doc_usage = "[PHASE ...]"

    def execute(self, params: Any, args: Sequence[str]) -> int:
        self.loader.setup(params)
        params.update_defaults(self.loader.load_doit_config())
        project = project_of(params)
        if not args and params["forget_disable_default"] and not params["forget_all"]:
            self.outstream.write("no phase was named, and --disable-default was given: nothing is forgotten\n")
            return 0
        tasks = _tasks(project, [] if params["forget_all"] else args, follow=params["forget_sub"])
        project.state.lock.take()
        try:
            self._forget(project, tasks)
        finally:
            project.state.close()
        return 0

    def _forget(self, project: Project, tasks: dict[str, list[str]]) -> None:
        whole = [phase for phase, names in tasks.items() if phase in names]
        with project.state.database.transaction():
            project.state.records.drop([name for names in tasks.values() for name in names])
            project.state.approvals.drop(whole)
            for phase, names in tasks.items():
                project.state.journal.append(Event.FORGOTTEN, phase, tasks=names)
        for names in tasks.values():
            self.outstream.write(f"forgetting {names[0]}\n")


def _tasks(project: Project, args: Sequence[str], *, follow: bool) -> dict[str, list[str]]:
    """Phase → the tasks to forget: gate and works, or the single work that was named."""
    chosen = known(project.plan, args)
    single = {arg.partition(":")[0]: arg for arg in args if ":" in arg}
    phases = project.plan.closure(chosen) if follow else [project.plan.phases[name] for name in chosen]
    return {
        phase.name: [single[phase.name]] if phase.name in single else [phase.name, *(work.task for work in phase.works)]
        for phase in phases
    }
