"""What names on the command line mean: phases, works, outputs, patterns. One answer for run, forget and the rest."""

from __future__ import annotations

import fnmatch
import os
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from doit import doit_cmd
from doit.exceptions import InvalidCommand

from ..config.paths import lineage

if TYPE_CHECKING:
    from ..plan import Plan
    from ..project import Project


def tasks_named(plan: Plan, name: str, root: Path) -> list[str]:
    """The tasks that one name means; none when it means nothing.

    It may be a gate (`phase_3`), a work (`phase_3:run`, `phase_11:run:AA`; `phase_11:run` for all of a matrix), a
    pattern, or a path, which means the gate of the phase that makes it.
    """
    if name in plan.phases:
        return [name]
    if "*" in name:
        works = [work.task for phase in plan for work in phase.works] if ":" in name else []
        return fnmatch.filter([*plan.phases, *works], name)
    phase = plan.phase_of(name)
    if phase is not None:
        return [work.task for work in phase.works if work.task == name or work.task.startswith(f"{name}:")]
    path = os.path.relpath(name, root) if posixpath.isabs(name) else posixpath.normpath(name)
    return [plan.makers[part] for part in lineage(path) if part in plan.makers][:1]


def split(plan: Plan, names: Sequence[str], root: Path) -> tuple[list[str], list[str]]:
    """The tasks of the plan that these names mean, each once, and the names that mean nothing in it."""
    found: dict[str, None] = {}
    beside: list[str] = []
    for name in names:
        tasks = tasks_named(plan, name, root)
        found.update(dict.fromkeys(tasks))
        if not tasks:
            beside.append(name)
    return list(found), beside


def named(plan: Plan, names: Sequence[str], root: Path) -> list[str]:
    """The tasks that all these names mean.

    Raises:
        InvalidCommand: one of them means nothing.
    """
    tasks, beside = split(plan, names, root)
    if beside:
        raise InvalidCommand(not_found=beside[0])
    return tasks


def given(project: Project, args: Sequence[str]) -> list[str]:
    """The names that were given, with those put back that doit took for variables, as it does `build/month=1/x`."""
    if "" in args:
        raise InvalidCommand("a name is empty; for the whole plan give no name")
    return [*args, *(name for name in variables() if tasks_named(project.plan, name, project.root))]


def refuse_variables_alone(args: Sequence[str]) -> None:
    """`x=y` and nothing else: for a command without variables that is a mistake, and not "everything".

    Raises:
        InvalidCommand: in this case.
    """
    if not args and variables():
        raise InvalidCommand(f"{variables()[0]!r} is a variable to doit, and no phase; for the whole plan give no name")


def variables() -> list[str]:
    """What doit took from the command line for variables, as it was written."""
    taken: Mapping[str, str] = doit_cmd._CMDLINE_VARS or {}
    return [f"{key}={value}" for key, value in taken.items()]
