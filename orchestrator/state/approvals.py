"""Approvals that stand: who said yes to which digest of which phase."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .database import Database

POLICY = "policy"
"""The channel of an approval that nobody gave: the rule said that criteria which pass are enough."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One yes."""

    phase: str
    digest: str
    by: str
    channel: str
    """`policy`, or the way a person used: `command line`."""
    reason: str
    at: float
    """Seconds since 1970, UTC."""


class Approvals:
    """The table `approvals`. Read anew each time: people approve in other processes while a run is going on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, phase: str) -> list[Approval]:
        """The approvals of a phase, oldest first."""
        rows = self._database.rows("select * from approvals where phase = ? order by at", phase)
        return [Approval(*row) for row in rows]

    def stands(self, phase: str, digest: str, by: str) -> bool:
        """Did this person, or policy, say yes to this digest?"""
        statement = "select 1 from approvals where phase = ? and digest = ? and by = ?"
        return bool(self._database.rows(statement, phase, digest, by))

    def all(self) -> dict[str, list[Approval]]:
        """The approvals of every phase that has any, oldest first."""
        found: dict[str, list[Approval]] = {}
        for row in self._database.rows("select * from approvals order by at"):
            found.setdefault(row[0], []).append(Approval(*row))
        return found

    def add(self, approval: Approval) -> None:
        """Record an approval, durably when the transaction around it ends; a newer one by that person replaces it."""
        row = (approval.phase, approval.digest, approval.by, approval.channel, approval.reason, approval.at)
        with self._database.transaction() as do:
            do.execute("insert or replace into approvals values (?, ?, ?, ?, ?, ?)", row)

    def drop(self, phases: Iterable[str]) -> None:
        """End all approvals of these phases."""
        with self._database.transaction() as do:
            do.executemany("delete from approvals where phase = ?", [(phase,) for phase in phases])
