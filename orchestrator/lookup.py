"""Evidence from the project's real state, for standing.py."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from .clock import now
from .plan import Phase
from .state.files import State as FileState
from .state.records import Record
from .state.state import State
from .state.votes import Vote

if TYPE_CHECKING:
    from .state.journal import Entry


class Lookup:
    """Looks up what standing.py asks."""

    def __init__(self, state: State, clock: Callable[[], float] = now, mask: Callable[[str], str] = str) -> None:
        self._state = state
        self.mask = mask
        self._votes: dict[str, list[Vote]] | None = None
        self._outcomes: dict[str, Entry] | None = None
        self.now = clock

    @contextlib.contextmanager
    def one_instant(self, phases: Iterable[Phase] = ()) -> Iterator[None]:
        """Inside, each thing is looked up once, and in bulk: for asking where a whole plan stands.

        Args:
            phases: those that will be asked about. Their files are looked at first, so that all that have to be read
                are read together.
        """
        self._votes = self._state.votes.all()
        try:
            with self._state.files.one_instant():
                self._state.files.states(self._asked(phases))
                yield
        finally:
            self._votes = self._outcomes = None

    def _asked(self, phases: Iterable[Phase]) -> dict[str, None]:
        """The files that standing.py asks for: of what has no record none."""
        asked: dict[str, None] = {}
        for phase in phases:
            if self.record(phase.name) is not None:
                asked.update(dict.fromkeys(phase.reads))
            for work in phase.works:
                if not work.always and self.record(work.task) is not None:
                    asked.update((given.path, None) for given in work.inputs)
        return asked

    def record(self, task: str) -> Record | None:
        return self._state.records.get(task)

    def opened_with(self, phase: Phase, path: str) -> FileState | None:
        """The state of a path when the phase's gate last opened; None where it was not looked at."""
        return (self.record(phase.name) or {}).get(path)

    def file(self, path: str) -> FileState:
        return self._state.files.state(path)

    def exists(self, path: str) -> bool:
        return self._state.files.exists(path)

    def votes(self, phase: str) -> Iterable[Vote]:
        if self._votes is not None:
            return self._votes.get(phase, ())
        return self._state.votes.of(phase)

    def last(self, task: str) -> Entry | None:
        from .state.journal import Event

        if self._outcomes is None:
            self._outcomes = self._state.journal.latest(
                Event.ATTEMPT_STARTED,
                Event.ATTEMPT_ENDED,
                Event.ATTEMPT_WAITING,
                Event.ATTEMPT_RESTORED,
                Event.JUDGED,
                Event.FORGOTTEN,
                of_each="task",
            )
        return self._outcomes.get(task)

    def running(self, task: str) -> bool:
        from .state.journal import Event

        last = self.last(task)
        if last is None:
            return False
        goes_on = last.event is Event.ATTEMPT_STARTED or last.data.get("outcome") in ("retrying", "lost")
        if not goes_on:
            return False
        return self._state.lock.run_is_alive(last.run)
