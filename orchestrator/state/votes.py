"""Votes that stand: who approved or rejected which digest of which phase, and who waived one of its criteria."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .database import Database, seal

POLICY = "policy"
"""The channel of an approval that nobody gave: the rule said that criteria which pass are enough."""


class Answer(str, Enum):
    """What a vote says."""

    APPROVE = "approve"
    REJECT = "reject"
    WAIVE = "waive"
    """One criterion does not have to hold."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One answer of one person, or of policy, to exactly one digest."""

    phase: str
    digest: str
    by: str
    channel: str
    """`policy`, or the way a vote came: `command line`, `github`, or `cache`, where it was given in another clone."""
    reason: str
    at: float
    """Seconds since 1970, UTC."""
    answer: Answer = Answer.APPROVE
    criterion: str = ""
    """What is waived; empty for the other answers."""
    source: str = ""
    """Where the name of the person comes from: `login`, `git user.email`, the link of a comment."""
    until: float | None = None
    """When a waiver ends, in seconds since 1970; None for the others, which the rule ends."""
    role: str = ""
    """The name on the rule's list that lets them vote, where it is not `by`: `@octo/reviewers`."""

    def as_row(self) -> tuple[Any, ...]:
        """In the order of the table's columns."""
        what = (self.reason, self.at, self.answer.value, self.criterion, self.source, self.until, self.role)
        return (self.phase, self.digest, self.by, self.channel, *what)


class Votes:
    """The table `votes`. Read anew each time: people vote in other processes while a run is going on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, phase: str) -> list[Vote]:
        """The votes on a phase, oldest first."""
        rows = self._database.rows("select * from votes where phase = ? order by at", phase)
        return [self._vote(row) for row in rows]

    def all(self) -> dict[str, list[Vote]]:
        """The votes on every phase that has any, oldest first."""
        found: dict[str, list[Vote]] = {}
        for row in self._database.rows("select * from votes order by at"):
            found.setdefault(row[0], []).append(self._vote(row))
        return found

    def add(self, vote: Vote) -> None:
        """Record a vote, durably when the transaction around it ends. One person has one approval or rejection of a
        digest, and one waiver of each criterion: the newest."""
        with self._database.transaction() as do:
            row = vote.as_row()
            do.execute("insert or replace into votes values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, seal(*row)))

    def end(self, votes: Iterable[Vote]) -> None:
        """End these votes."""
        keys = [(vote.phase, vote.digest, vote.by, vote.criterion) for vote in votes]
        with self._database.transaction() as do:
            do.executemany("delete from votes where phase = ? and digest = ? and by = ? and criterion = ?", keys)

    def drop(self, phases: Iterable[str]) -> None:
        """End all votes on these phases."""
        with self._database.transaction() as do:
            do.executemany("delete from votes where phase = ?", [(phase,) for phase in phases])

    def _vote(self, row: Any) -> Vote:
        *fields, sealed = row
        self._database.check(sealed, *fields)
        phase, digest, by, channel, reason, at, answer, *rest = fields
        return Vote(phase, digest, by, channel, reason, at, Answer(answer), *rest)
