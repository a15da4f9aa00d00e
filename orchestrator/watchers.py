"""Who is told what happens in a run."""

from __future__ import annotations

from collections.abc import Sequence

from .plan import Phase, Work
from .results import Result
from .work.attempt import Attempt


class Watcher:
    """Who is told what happens, from any thread, one call at a time. Whoever has no use for something leaves it out."""

    def started(self, result: Result, work: Work) -> None:
        """An attempt at a work begins."""

    def finished(self, result: Result, work: Work) -> None:
        """An attempt at a work is over, and no other one follows."""

    def judges(self, result: Result) -> None:
        """A gate is looked at."""

    def unchanged(self, phase: Phase) -> None:
        """A phase turned out to be up to date after what it needs had run."""

    def waits(self, result: Result, work: Work, wait: float, after: Attempt | None) -> None:
        """A work will be tried again: after this attempt, or after one of an earlier run."""

    def asks(self, result: Result) -> None:
        """A gate waits for a person, and the run stays."""

    def ended(self, result: Result) -> None:
        """It is known what becomes of a phase in this run."""

    def output(self, task: str, chunk: bytes) -> None:
        """A work printed something, secrets masked."""

    def notes(self, notes: Sequence[str]) -> None:
        """Something that people should know of the run."""


class Watchers(Watcher):
    """Several watchers, told one after the other."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def started(self, result: Result, work: Work) -> None:
        for watcher in self._watchers:
            watcher.started(result, work)

    def finished(self, result: Result, work: Work) -> None:
        for watcher in self._watchers:
            watcher.finished(result, work)

    def judges(self, result: Result) -> None:
        for watcher in self._watchers:
            watcher.judges(result)

    def unchanged(self, phase: Phase) -> None:
        for watcher in self._watchers:
            watcher.unchanged(phase)

    def waits(self, result: Result, work: Work, wait: float, after: Attempt | None) -> None:
        for watcher in self._watchers:
            watcher.waits(result, work, wait, after)

    def asks(self, result: Result) -> None:
        for watcher in self._watchers:
            watcher.asks(result)

    def ended(self, result: Result) -> None:
        for watcher in self._watchers:
            watcher.ended(result)

    def output(self, task: str, chunk: bytes) -> None:
        for watcher in self._watchers:
            watcher.output(task, chunk)

    def notes(self, notes: Sequence[str]) -> None:
        for watcher in self._watchers:
            watcher.notes(notes)
