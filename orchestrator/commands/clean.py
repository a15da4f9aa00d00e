"""`doit clean`: remove outputs, while nobody else is making or reading them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doit.cmd_clean import Clean as DoitClean
from doit.exceptions import InvalidCommand
from doit.task import Task

from ..project import PROJECT, Project
from .forget import forget


class Clean(DoitClean):  # type: ignore[misc]
    """doit's `clean`, under the lock of a run; with `--forget` it forgets as `doit forget` does."""

    name = "clean"
    doc_purpose = "remove the outputs of phases"

    def execute(self, params: Any, args: Sequence[str]) -> int:
        self._params = params
        return super().execute(params, args)  # type: ignore[no-any-return]

    def clean_tasks(self, tasks: list[Task], dryrun: bool, cleanforget: bool) -> None:
        project: Project = self._params[PROJECT]
        if not dryrun:
            project.state.lock.take()
        try:
            for task in {task.name: task for task in tasks}.values():
                task.clean(self.outstream, dryrun)
            if cleanforget and not dryrun:
                forget(project, [task.name for task in tasks])
        except OSError as error:
            raise InvalidCommand(f"{error.filename}: {error.strerror}; it was not removed") from None
        finally:
            project.state.close()
