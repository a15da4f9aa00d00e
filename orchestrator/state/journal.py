"""The journal: everything that happened, in order, never changed. Every view is computed from it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .database import Database, seal


class Event(str, Enum):
    """What can happen."""

    RUN_STARTED = "run.started"
    RUN_ENDED = "run.ended"
    ATTEMPT_STARTED = "attempt.started"
    ATTEMPT_ENDED = "attempt.ended"
    JUDGED = "gate.judged"
    OPENED = "gate.opened"
    APPROVED = "gate.approved"
    FORGOTTEN = "phase.forgotten"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    seq: int
    at: float
    """Seconds since 1970, UTC."""
    run: str
    phase: str | None
    task: str | None
    """The doit task, where it is about one."""
    event: Event
    data: Mapping[str, Any]


class Journal:
    """The table `journal`. Entries written inside a transaction of the database become durable with it."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self.run = ""
        """The present run's id, written with each entry; empty for commands outside a run."""

    def append(self, event: Event, phase: str | None = None, task: str | None = None, **data: Any) -> None:
        """Write one entry."""
        row = (self._clock(), self.run, phase, task, event.value, json.dumps(data))
        with self._database.transaction() as do:
            do.execute(
                "insert into journal (at, run, phase, task, event, data, seal) values (?, ?, ?, ?, ?, ?, ?)",
                (*row, seal(*row)),
            )

    def latest(self, *events: Event, of_each: str = "phase") -> dict[str, Entry]:
        """The newest entry of one of these events for each phase, or for each task."""
        entries = self._select(
            f"seq in (select max(seq) from journal where {_any(events)} and {of_each} is not null group by {of_each})"
        )
        return {entry.task or "" if of_each == "task" else entry.phase or "": entry for entry in entries}

    def newest(self, phase: str, task: str, *events: Event) -> Entry | None:
        """The newest entry of one of these events for one task of a phase; the gate's task has the phase's name."""
        entries = self._select(f"phase = ? and {_any(events)} and task = ? order by seq desc limit 1", phase, task)
        return entries[0] if entries else None

    def of(self, phase: str) -> list[Entry]:
        """All entries of a phase, oldest first."""
        return self._select("phase = ? order by seq", phase)

    def count(self, event: Event) -> dict[str, int]:
        """How often this happened to each phase."""
        return dict(
            self._database.rows("select phase, count(*) from journal where event = ? group by phase", event.value)
        )

    def count_of(self, event: Event, phase: str, task: str) -> int:
        """How often this happened to one task of a phase."""
        statement = "select count(*) from journal where phase = ? and event = ? and task = ?"
        return int(self._database.rows(statement, phase, event.value, task)[0][0])

    def _select(self, condition: str, *parameters: str) -> list[Entry]:
        columns = "seq, at, run, phase, task, event, data, seal"
        return [
            self._entry(*row)
            for row in self._database.rows(f"select {columns} from journal where {condition}", *parameters)
        ]

    def _entry(self, seq: int, *row: Any) -> Entry:
        *fields, sealed = row
        at, run, phase, task, event, data = fields
        return Entry(seq, at, run, phase, task, Event(event), self._database.unsealed(data, sealed, *fields))


def _any(events: tuple[Event, ...]) -> str:
    return "event in (" + ", ".join(f"'{event.value}'" for event in events) + ")"
