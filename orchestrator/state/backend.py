"""The state as doit sees it: a backend for its records and a checker for its files.

doit's own backends write when the run ends; this one commits when a record is complete. `Dependency.save_success` sets
several keys of one task and `deps:` last (doit 0.37; tests/contract), so that is the moment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from doit.dependency import FileChangedChecker

from . import records as keys
from .database import StateError
from .files import Files
from .files import State as FileState
from .place import NAME
from .state import State


class Backend:
    """doit's backend named `phasegate`."""

    desc = "phasegate's state: SQLite, durable before a phase is called done"

    def __init__(
        self, name: str, codec: Any = None, *, module_name: str | None = None, state: State | None = None
    ) -> None:
        if os.path.basename(name) != NAME:
            raise StateError(f"phasegate keeps its state in {NAME}; leave --db-file out")
        self.name = name
        self._in_run = state is not None
        self._state = state or State(Path(name).absolute().parent)
        self._unfinished: dict[str, dict[str, Any]] = {}

    def get(self, task: str, key: str) -> Any:
        """The value under a key of a task's record, None where there is none."""
        record = self._unfinished.get(task) or self._state.records.get(task) or {}
        return record.get(key)

    def set(self, task: str, key: str, value: Any) -> None:
        """Set a key; the record is written when doit has set its last one, or marked the task as ignored.

        Raises:
            StateError: outside a run, for anything but the mark: doit's `reset-dep` would declare outputs good that
                nobody judged.
        """
        if not self._in_run and key != keys.IGNORED:
            raise StateError(f"{task}: only a run records what was built; `doit` judges it, `doit forget` starts anew")
        record = self._unfinished.setdefault(task, dict(self._state.records.get(task) or {}))
        record[key] = value
        if key in (keys.PATHS, keys.IGNORED):
            self._state.lock.take()
            self._state.records.save(task, self._unfinished.pop(task))

    def in_(self, task: str) -> bool:
        """Has the task a record?"""
        return task in self._unfinished or self._state.records.get(task) is not None

    def remove(self, task: str) -> None:
        """Drop a task's record.

        Raises:
            StateError: outside a run: doit's own commands know nothing of gates and approvals.
        """
        if not self._in_run:
            raise StateError(
                "doit's own commands cannot change the state of a plan. doit.cfg or pyproject.toml replaces them, in"
                " the folder where doit is started: start it in the project's folder, and see that [COMMAND] there says"
                " run = phasegate:Run, forget = phasegate:Forget, clean = phasegate:Clean"
            )
        self._unfinished.pop(task, None)
        if self._state.records.get(task) is not None:
            self._state.lock.take()
            self._state.records.drop([task])

    def remove_all(self) -> None:
        """Drop every record."""
        for task in self._state.records.all():
            self.remove(task)

    def dump(self) -> None:
        """doit is done with the state."""
        self._state.close()


class Checker(FileChangedChecker):  # type: ignore[misc]
    """doit's question "did this file change?", answered from content, for files, folders and globs alike."""

    CheckerError = StateError  # never raised by `info`: what is missing is a state like any other

    def __init__(self, files: Files) -> None:
        self._files = files

    def exists(self, path: str) -> bool:
        return self._files.exists(path)

    def info(self, path: str) -> FileState:
        return self._files.state(path)

    def check_modified(self, path: str, info: FileState, state: FileState) -> bool:
        return info != state

    def get_state(self, path: str, current: FileState | None) -> FileState:
        return self._files.state(path)
