"""The journal: everything that happened, in order, never changed. Every view is computed from it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .database import Database


class Event(str, Enum):
    """What can happen."""

    RUN_STARTED = "run.started"
    RUN_ENDED = "run.ended"
    ATTEMPT_STARTED = "attempt.started"
    ATTEMPT_ENDED = "attempt.ended"
    JUDGED = "gate.judged"
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
    event: Event
    data: Mapping[str, Any]


class Journal:
    """The table `journal`. Entries written inside a transaction of the database become durable with it."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self.run = ""
        """The present run's id, written with each entry; empty for commands outside a run."""

    def append(self, event: Event, phase: str | None = None, **data: Any) -> None:
        """Write one entry."""
        with self._database.transaction() as do:
            do.execute(
                "insert into journal (at, run, phase, event, data) values (?, ?, ?, ?, ?)",
                (self._clock(), self.run, phase, event.value, json.dumps(data)),
            )

    def latest(self, *events: Event) -> dict[str, Entry]:
        """For each phase the newest entry of one of these events."""
        marks = ", ".join("?" * len(events))
        rows = self._database.rows(
            "select seq, at, run, phase, event, data from journal where seq in"
            f" (select max(seq) from journal where phase is not null and event in ({marks}) group by phase)",
            *(event.value for event in events),
        )
        return {row[3]: _entry(row) for row in rows}

    def count(self, event: Event) -> dict[str, int]:
        """How often this happened to each phase."""
        return dict(
            self._database.rows("select phase, count(*) from journal where event = ? group by phase", event.value)
        )

    def of(self, phase: str, *events: Event) -> list[Entry]:
        """The entries of a phase, oldest first; all, or those of some events."""
        marks = ", ".join("?" * len(events or Event))
        rows = self._database.rows(
            f"select seq, at, run, phase, event, data from journal where phase = ? and event in ({marks}) order by seq",
            phase,
            *(event.value for event in events or Event),
        )
        return [_entry(row) for row in rows]


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, at, run, phase, event, data = row
    return Entry(seq, at, run, phase, Event(event), json.loads(data))
