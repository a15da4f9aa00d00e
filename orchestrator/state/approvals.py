"""Approvals that stand: who said yes to which digest of which phase."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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
    metrics: Mapping[str, float]
    """The value of each metric that was approved: what `* approved` thresholds are held against."""


class Approvals:
    """The table `approvals`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all: dict[str, list[Approval]] | None = None

    def of(self, phase: str) -> list[Approval]:
        """The approvals of a phase, oldest first."""
        if self._all is None:
            self._all = {}
            for row in self._database.rows("select * from approvals order by at"):
                approval = _approval(row)
                self._all.setdefault(approval.phase, []).append(approval)
        return self._all.get(phase, [])

    def add(self, approval: Approval) -> None:
        """Record an approval, durably when the transaction around it ends; a newer one by that person replaces it."""
        with self._database.transaction() as do:
            do.execute(
                "insert or replace into approvals values (?, ?, ?, ?, ?, ?, ?)",
                (
                    approval.phase,
                    approval.digest,
                    approval.by,
                    approval.channel,
                    approval.reason,
                    approval.at,
                    json.dumps(dict(approval.metrics)),
                ),
            )
        self._all = None

    def drop(self, phases: Iterable[str]) -> None:
        """End all approvals of these phases."""
        with self._database.transaction() as do:
            do.executemany("delete from approvals where phase = ?", [(phase,) for phase in phases])
        self._all = None

    def refresh(self) -> None:
        """Read again what other processes wrote."""
        self._all = None


def _approval(row: tuple[Any, ...]) -> Approval:
    phase, digest, by, channel, reason, at, metrics = row
    return Approval(phase, digest, by, channel, reason, at, json.loads(metrics) if metrics != "{}" else {})
