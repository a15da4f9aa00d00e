"""What the command line asks for, and which phases that hands to doit: one answer for `run` and `plan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .selection import split

if TYPE_CHECKING:
    from doit.task import Task

    from ..plan import Phase, Plan
    from ..project import Project
    from ..standing import Standing


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be run."""

    tasks: list[str]
    """Gates, and works that were named alone."""
    own_names: list[str]
    own: list[Task]
    """The user's own tasks: those that were named, and these with all that they need."""
    phases: set[str]
    """The phases that all of these need, themselves included."""


def asked_for(project: Project, params: Any, args: Sequence[str]) -> list[str]:
    """The names that are asked for, on the command line or else in dodo.py; none means the whole plan."""
    return list(args) or _default(params, project.phases)


def choose(command: Any, project: Project, names: Sequence[str]) -> Chosen:
    """What these names mean, of the plan and beside it; the whole plan without a name.

    Args:
        command: the command of doit's that asks; its loader has the tasks of dodo.py.

    Raises:
        InvalidCommand: a name means nothing.
    """
    plan = project.plan
    tasks, beside = split(plan, names, project.root)
    if not names:
        tasks = list(plan.phases)
    own: list[Task] = []
    own_names: list[str] = []
    phases = set(plan.phases_of(tasks))
    if beside:
        from .own_tasks import OwnTasks

        found = OwnTasks.among(command.loader.load_tasks(cmd=command, pos_args=list(names)), plan, project.root)
        own_names = found.named(beside)
        own, needed = found.with_needs(own_names)
        phases.update(needed)
    return Chosen(tasks, own_names, own, phases)


def stale(standings: Mapping[str, Standing], *, always: bool) -> list[Phase]:
    """The phases that have to be looked at again; all of them where that is asked for."""
    return [standing.phase for standing in standings.values() if standing.reasons or always]


def selected(plan: Plan, tasks: Sequence[str], handed: set[str], *, alone: bool) -> list[str]:
    """What doit is told to run, of the phases that are handed over: what was named, after all that it needs.

    doit would find the needs by itself, but it keeps a list of ancestors for each task on the way (doit 0.37), which in
    a long chain is quadratic; in dependency order there are none.
    """
    gates = [task for task in tasks if task in handed]
    works = [task for task in tasks if task not in plan.phases and handed.issuperset(plan.phases_of([task]))]
    if alone:
        return [*gates, *works]
    needs = [need for name in plan.phases_of(works) for need in plan.phases[name].needs]
    before = [phase.name for phase in plan.closure([*gates, *needs]) if phase.name in handed]
    return [*before, *works]


def _default(params: Any, phases: Sequence[str]) -> list[str]:
    """What dodo.py wants to be run without a name, where its author changed that from "every phase"."""
    default = list(params["default_tasks"] or ())
    return [] if default == list(phases) else default
