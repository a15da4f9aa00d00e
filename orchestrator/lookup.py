"""Evidence from the project's real state, for standing.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from .state.approvals import Approval
from .state.files import State as FileState
from .state.journal import Entry, Event
from .state.records import Record
from .state.state import State


class Lookup:
    """Looks up what standing.py asks; the journal is read once, when it is first asked for."""

    def __init__(self, state: State, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._last: dict[str, Entry] | None = None
        self.now = clock

    def record(self, task: str) -> Record | None:
        return self._state.records.get(task)

    def file(self, path: str) -> FileState:
        return self._state.files.state(path)

    def exists(self, path: str) -> bool:
        return self._state.files.exists(path)

    def approvals(self, phase: str) -> Iterable[Approval]:
        return self._state.approvals.of(phase)

    def last(self, phase: str) -> Entry | None:
        if self._last is None:
            self._last = self._state.journal.latest(
                Event.ATTEMPT_STARTED, Event.ATTEMPT_ENDED, Event.JUDGED, Event.FORGOTTEN
            )
        return self._last.get(phase)

    def running(self, phase: str) -> bool:
        last = self.last(phase)
        return last is not None and last.event is Event.ATTEMPT_STARTED and self._state.lock.run_is_alive(last.run)
