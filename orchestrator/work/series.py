"""Tries that failed in a row, and when the next may start: kept in the journal, so that they count across restarts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..clock import now
from ..plan import Work
from ..state.journal import Entry, Event, Journal
from .retry import Retry

GOES_ON = frozenset({"retrying", "stopped", "interrupted", "lost"})
"""Outcomes of an attempt after which its series is not over; only the first of them is a try that failed."""


@dataclass(frozen=True, slots=True)
class Series:
    """Where a work stands between two attempts."""

    number: int
    """Of the newest attempt at the work ever, 0 before the first."""
    tried: int = 0
    """How many tries failed in a row, and were not the last that the policy allows."""
    due: float = 0.0
    """When the next one may start, in seconds on the monotonic clock."""
    earlier: Mapping[str, Any] | None = None
    """How an attempt of an earlier run ended, after which this one waits."""
    lost: int = 0
    """How many attempts in a row were lost with the machines that executed them."""


class Tries:
    """The series of every work of a run."""

    def __init__(
        self,
        journal: Journal,
        clock: Callable[[], float] = now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._monotonic = monotonic
        self._series: dict[str, Series] = {}

    def of(self, work: Work) -> Series:
        """The series of a work: of this run, or else of an earlier one, if it is still the same work."""
        if work.task not in self._series:
            self._series[work.task] = self._from_journal(work)
        return self._series[work.task]

    def wait(self, work: Work) -> float:
        """Seconds until the work may be tried; 0 when it may be now."""
        return max(0.0, self.of(work).due - self._monotonic())

    def ended(self, work: Work, number: int, tried: int, retry: Retry | None, lost: int = 0) -> None:
        """An attempt ended; `tried` of the series have failed, the last `lost` attempts were lost, and `retry` says
        what follows."""
        due = 0.0 if retry is None else self._monotonic() + retry.wait
        self._series[work.task] = Series(number, tried, due, lost=lost)

    def _from_journal(self, work: Work) -> Series:
        events = (Event.ATTEMPT_STARTED, Event.ATTEMPT_ENDED, Event.ATTEMPT_RESTORED, Event.FORGOTTEN)
        newest = self._journal.newest(work.phase, work.task, *events)
        if newest is None:
            return Series(0)
        if newest.event is Event.FORGOTTEN:
            return Series(self._journal.count_of(Event.ATTEMPT_STARTED, work.phase, work.task))
        number = newest.data["attempt"]
        if newest.data["definition"] != work.mark or newest.data.get("outcome") not in GOES_ON:
            return Series(number)
        left = self._left(newest)
        lost = newest.data.get("lost", 0)
        return Series(number, newest.data["tried"], self._monotonic() + left, newest.data if left else None, lost)

    def _left(self, ended: Entry) -> float:
        """What is left of an earlier run's wait, by the wall clock: whatever that says, never more than the wait."""
        wait = float(ended.data.get("wait") or 0.0)
        return min(wait, max(0.0, ended.at + wait - self._clock()))
