"""The journal: everything that happened, in order, never changed. Every view is computed from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..clock import now
from .chain import Link, link
from .database import Database, seal

TEXTS = frozenset({"problem", "rule", "reason", "value", "bound", "source", "message"})
"""Fields that say something to people, in which a secret may have come along. In the others, which the code reads, what
looks like one is none: `.env` may well say MODE=failed."""


class Event(str, Enum):
    """What can happen."""

    RUN_STARTED = "run.started"
    RUN_ENDED = "run.ended"
    ATTEMPT_STARTED = "attempt.started"
    ATTEMPT_ENDED = "attempt.ended"
    ATTEMPT_WAITING = "attempt.waiting"
    """A run took over the wait that an earlier one began."""
    ATTEMPT_RESTORED = "attempt.restored"
    """What an attempt elsewhere had made was taken from the shared cache, in the place of an attempt."""
    JUDGED = "gate.judged"
    OPENED = "gate.opened"
    APPROVED = "gate.approved"
    REJECTED = "gate.rejected"
    WAIVED = "gate.waived"
    REVOKED = "gate.revoked"
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

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = now,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._database = database
        self._clock = clock
        self.mask = mask
        """Takes the secrets out of every text that is written."""
        self.run = ""
        """The present run's id, written with each entry; empty for commands outside a run."""

    def append(
        self,
        event: Event,
        phase: str | None = None,
        task: str | None = None,
        *,
        run: str | None = None,
        durable: bool = True,
        **data: Any,
    ) -> None:
        """Write one entry.

        Args:
            run: the run that it belongs to, where that is not the present one.
            durable: see `Database.transaction`.
        """
        text = json.dumps(masked(data, self.mask))
        row = (self._clock(), self.run if run is None else run, phase, task, event.value, text)
        with self._database.transaction(durable=durable) as do:
            last = do.execute("select hash from journal order by seq desc limit 1").fetchone()
            do.execute(
                "insert into journal (at, run, phase, task, event, data, seal, hash) values (?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, seal(*row), link(last[0] if last else "", row)),
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

    def successes(self, newest: Mapping[str, int] | None = None) -> list[tuple[str, float]]:
        """Task and seconds of each attempt that succeeded, oldest first.

        Args:
            newest: of which phases, and how many ended attempts of each are looked at; all of all where it is left out.
        """
        kind = _any((Event.ATTEMPT_ENDED,))
        if newest is None:
            ended = self._select(f"{kind} order by seq")
        else:
            last = f"phase = ? and {kind} order by seq desc limit ?"
            ended = [e for name, count in newest.items() for e in reversed(self._select(last, name, count))]
        return [(e.task, e.data["duration"]) for e in ended if e.task and e.data["outcome"] == "succeeded"]

    def everything(self) -> list[Entry]:
        """All entries, oldest first."""
        return self._select("true order by seq")

    def links(self) -> list[Link]:
        """The chain as it is stored, unread: for `broken_links`, which trusts none of it."""
        columns = "seq, at, run, phase, task, event, data, hash"
        rows = self._database.rows(f"select {columns} from journal order by seq")
        return [Link(seq, tuple(fields), hash_) for seq, *fields, hash_ in rows]

    def last_seq(self) -> int:
        """The number of the newest entry that was ever written, as SQLite keeps it beside the table."""
        rows = self._database.rows("select seq from sqlite_sequence where name = 'journal'")
        return int(rows[0][0]) if rows else 0

    def starters(self, run: str) -> set[str]:
        """The names of who started a run: the login, and in GitHub Actions the ones there; none for an unknown run."""
        entries = self._select(f"phase is null and {_any((Event.RUN_STARTED,))} and run = ?", run)
        return {name for entry in entries for key in ("by", "actor", "again_by") if (name := entry.data.get(key))}

    def head(self) -> tuple[int, str]:
        """The number and the hash of the newest entry; 0 and nothing while there is none."""
        rows = self._database.rows("select seq, hash from journal order by seq desc limit 1")
        return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "")

    def unfinished_runs(self) -> list[str]:
        """The runs that began and never ended, oldest first."""
        statement = (
            "select run from journal where phase is null and event = ? and run not in"
            " (select run from journal where phase is null and event = ?) order by seq"
        )
        rows = self._database.rows(statement, Event.RUN_STARTED.value, Event.RUN_ENDED.value)
        return [run for (run,) in rows]

    def unfinished_attempts(self, run: str) -> list[Entry]:
        """The starts of the attempts of a run that never ended, oldest first."""
        entries = self._select(f"run = ? and {_any((Event.ATTEMPT_STARTED, Event.ATTEMPT_ENDED))} order by seq", run)
        open_ones: dict[str, Entry] = {}
        for entry in entries:
            if entry.event is Event.ATTEMPT_STARTED:
                open_ones[entry.task or ""] = entry
            else:
                open_ones.pop(entry.task or "", None)
        return list(open_ones.values())

    def _select(self, condition: str, *parameters: str | int) -> list[Entry]:
        columns = "seq, at, run, phase, task, event, data, seal"
        return [
            self._entry(*row)
            for row in self._database.rows(f"select {columns} from journal where {condition}", *parameters)
        ]

    def _entry(self, seq: int, *row: Any) -> Entry:
        *fields, sealed = row
        at, run, phase, task, event, data = fields
        known = self._database.unsealed(data, sealed, *fields)
        return Entry(seq, at, run, phase, task, Event(event), known)


def masked(data: Any, mask: Callable[[str], str]) -> Any:
    """Data with the secrets taken out of TEXTS."""
    if isinstance(data, dict):
        return {
            key: mask(value) if key in TEXTS and isinstance(value, str) else masked(value, mask)
            for key, value in data.items()
        }
    if isinstance(data, (list, tuple)):
        return [masked(item, mask) for item in data]
    return data


def _any(events: tuple[Event, ...]) -> str:
    return "event in (" + ", ".join(f"'{event.value}'" for event in events) + ")"
