"""What was written elsewhere from the journal, by what was meant: an issue, a comment, a status of a commit.

The intent is recorded before the request that creates something, its number after: an intent without a number is the
doubt in which nobody creates a second one before having looked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..clock import now
from .database import Database, seal


@dataclass(frozen=True, slots=True)
class Projection:
    """One thing elsewhere."""

    key: str
    """What it is meant to be: `issue`, `comment asked …`."""
    number: int | None
    """Its number there; None while it is not known whether it was created."""
    hash: str = ""
    """Of what was last written; empty before that."""
    at: float = 0.0
    """When that was, in seconds since 1970."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What else has to be remembered of it, in JSON's types."""


class Projections:
    """The table `projections`, for one target: a repository."""

    def __init__(self, database: Database, target: str, clock: Callable[[], float] = now) -> None:
        self._database = database
        self._target = target
        self._clock = clock

    def all(self) -> dict[str, Projection]:
        """Everything, by key."""
        rows = self._database.rows("select * from projections where target = ?", self._target)
        return {row[1]: self._projection(row) for row in rows}

    def get(self, key: str) -> Projection | None:
        """What is known under a key."""
        rows = self._database.rows("select * from projections where target = ? and key = ?", self._target, key)
        return self._projection(rows[0]) if rows else None

    def put(self, key: str, number: int | None, hash_: str = "", data: Mapping[str, Any] | None = None) -> None:
        """Remember it, durably when the transaction around it ends."""
        row = (self._target, key, number, hash_, self._clock(), json.dumps(data or {}))
        with self._database.transaction() as do:
            do.execute("insert or replace into projections values (?, ?, ?, ?, ?, ?, ?)", (*row, seal(*row)))

    def drop(self, key: str) -> None:
        """Forget it: it is no longer there."""
        with self._database.transaction() as do:
            do.execute("delete from projections where target = ? and key = ?", (self._target, key))

    def _projection(self, row: Any) -> Projection:
        *fields, sealed = row
        _, key, number, hash_, at, data = fields
        return Projection(key, number, hash_, at, self._database.unsealed(data, sealed, *fields))
