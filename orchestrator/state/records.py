"""doit's records: what each task was built from when it last succeeded, in the form that doit keeps them in.

A record is a mapping: `_values_:` (our own data), `deps:` (the paths it depends on), each path → its state,
`checker:` and, after `doit ignore`, `ignore:`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .database import Database, seal
from .files import State

Record = Mapping[str, Any]

VALUES = "_values_:"
PATHS = "deps:"
CHECKER = "checker:"
IGNORED = "ignore:"


DEFINITION = "definition"
"""Under `_values_:`, as canonical text: what a change of makes the task run again."""

ATTEMPT = "attempt"
"""Under `_values_:` of a work's record: the `attempt_id` of the attempt behind it."""

OUTPUTS = "outputs"
"""Under `_values_:` of a work's record: what it made."""

CHECKER_NAME = "Checker"
"""doit drops a record whose checker has another name than the present one (doit 0.37, `Dependency.get_status`)."""


def record_of(values: Mapping[str, Any], states: Mapping[str, State]) -> dict[str, Any]:
    """The record of a task that succeeded from these states."""
    return {VALUES: dict(values), CHECKER: CHECKER_NAME, **states, PATHS: list(states)}


def attempt_id(run: str, number: int) -> str:
    """Tells an attempt at a work from every other one, in whatever clone it was made."""
    return f"{run}#{number}"


class Records:
    """The table `records`, read once and written through."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all: dict[str, Record] | None = None

    def get(self, task: str) -> Record | None:
        """The record of a task, None while it has none."""
        return self._loaded().get(task)

    def save(self, task: str, record: Record) -> None:
        """Replace a task's record, durably when the transaction around it ends."""
        data = json.dumps(record)
        with self._database.transaction() as do:
            do.execute("insert or replace into records values (?, ?, ?)", (task, data, seal(task, data)))
        self._loaded()[task] = record

    def drop(self, tasks: Iterable[str]) -> None:
        """Remove records; tasks without one are passed over."""
        gone = [task for task in tasks if task in self._loaded()]
        if gone:
            with self._database.transaction() as do:
                do.executemany("delete from records where task = ?", [(task,) for task in gone])
            for task in gone:
                self._loaded().pop(task, None)

    def refresh(self) -> None:
        """Read again what other processes wrote."""
        self._all = None

    def all(self) -> Mapping[str, Record]:
        """Task → its record, of all that have one; also of tasks that are in the plan no more."""
        return self._loaded()

    def _loaded(self) -> dict[str, Record]:
        if self._all is None:
            rows = self._database.rows("select task, data, seal from records")
            self._all = {task: self._database.unsealed(data, sealed, task, data) for task, data, sealed in rows}
        return self._all
