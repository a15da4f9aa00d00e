"""Tasks that somebody wrote into dodo.py beside the plan: found by name, with what they need."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from doit.exceptions import InvalidCommand
from doit.task import Task

from ..plan import Plan
from .selection import tasks_named


@dataclass(frozen=True, slots=True)
class OwnTasks:
    """The user's own tasks among those that doit loaded."""

    plan: Plan
    root: Path
    tasks: dict[str, Task]
    makers: dict[str, str]
    """Target → task."""

    @classmethod
    def among(cls, loaded: Iterable[Task], plan: Plan, root: Path) -> OwnTasks:
        """Those of `loaded` that are not the plan's."""
        tasks = {task.name: task for task in loaded if plan.phase_of(task.name) is None}
        makers = {target: task.name for task in tasks.values() for target in task.targets}
        return cls(plan, root, tasks, makers)

    def named(self, names: Sequence[str]) -> list[str]:
        """The tasks that these names mean: by name, by pattern or by a target.

        Raises:
            InvalidCommand: one of them means nothing.
        """
        found: dict[str, None] = {}
        for name in names:
            tasks = [self.makers[name]] if name in self.makers else fnmatch.filter(self.tasks, name)
            if not tasks:
                raise InvalidCommand(not_found=name)
            found.update(dict.fromkeys(tasks))
        return list(found)

    def with_needs(self, names: Sequence[str]) -> tuple[list[Task], list[str]]:
        """These tasks with all of their kind that they need, and the phases that they need.

        A task that reads an output waits for the gate behind it: doit by itself implies the work alone.
        """
        reached: dict[str, Task] = {}
        phases: dict[str, None] = {}
        left = list(names)
        while left:
            task = self.tasks[left.pop()]
            if task.name in reached:
                continue
            reached[task.name] = task
            gates = [gate for path in task.file_dep for gate in tasks_named(self.plan, path, self.root)]
            task.task_dep.extend(gate for gate in gates if gate not in task.task_dep)
            needs = [*task.task_dep, *task.setup_tasks, *task.calc_dep]
            needs += [self.makers[path] for path in task.file_dep if path in self.makers]
            for need in needs:
                phase = self.plan.phase_of(need)
                if phase is not None:
                    phases[phase.name] = None
                elif need in self.tasks:
                    left.append(need)
        return list(reached.values()), list(phases)
