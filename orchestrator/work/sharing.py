"""What the shared cache has to do with attempts: what it has is not made again, and it is given what was made."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from ..cache.cache import Cache
from ..cache.key import are_known
from ..cache.manifest import Made
from ..clock import now
from ..plan import Work
from ..state.files import State as FileState
from ..state.journal import Event
from ..state.state import State
from .attempt import Attempt, log_of, record_of_work
from .command import Surroundings

Seen = list[tuple[str, tuple[int, int, int] | None]]
"""Of files their size, inode and mtime; None of one that is not there."""


class Sharing:
    """Between the attempts of a run and the cache."""

    def __init__(self, cache: Cache, state: State, around: Surroundings, stopping: Callable[[], bool]) -> None:
        self._cache = cache
        self._state = state
        self._around = around
        self._stopping = stopping
        self._clock: Callable[[], float] = now
        self._monotonic: Callable[[], float] = time.monotonic

    def restore(self, work: Work, number: int, inputs: Mapping[str, FileState]) -> Attempt | None:
        """Take from the cache what the work would make; None where it has to run. What was forgotten is made anew.

        Args:
            number: of the newest attempt at the work here.
        """
        if not work.cached:
            return None
        events = (Event.ATTEMPT_STARTED, Event.ATTEMPT_RESTORED, Event.FORGOTTEN)
        newest = self._state.journal.newest(work.phase, work.task, *events)
        if newest is not None and newest.event is Event.FORGOTTEN:
            return None
        began = self._monotonic()
        made = self._cache.find(work, record_of_work(work, "", inputs), self._stopping)
        if made is None:
            return None
        with self._state.database.transaction(durable=False):
            self._state.records.save(work.task, record_of_work(work, made.id, inputs))
            self._state.journal.append(
                Event.ATTEMPT_RESTORED,
                work.phase,
                work.task,
                outcome="restored",
                attempt=number,
                tried=0,
                definition=work.mark,
                cache=str(self._cache),
                made=made.as_data(),
            )
        log = self._around.root / log_of(self._around.run, work, number)
        return Attempt(work, number, 0, self._monotonic() - began, log, restored=made)

    def seen(self, work: Work) -> Seen:
        """By what `hold` sees that somebody wrote to the inputs, also where it was put back: to be taken before their
        states are. A file that only got another name or other permissions was not written to."""
        if not self._cache.takes or not work.cached:
            return []
        stamps = (pair for given in work.inputs for pair in self._state.files.stamp(given.path))
        return [(path, None if of is None else of[:3]) for path, of in stamps]

    def hold(self, attempt: Attempt, inputs: Mapping[str, FileState], before: Seen) -> None:
        """Have the cache keep what an attempt made, unless somebody wrote to what it was made from meanwhile: that may
        have been made of other contents than this entry would be found by.

        Args:
            before: what was `seen` of the inputs before the attempt.
        """
        work, run = attempt.work, self._around.run
        if not self._cache.takes or not work.cached or attempt.problem is not None:
            return
        if not are_known(inputs) or before != self.seen(work):
            return
        made = Made(
            run,
            attempt.number,
            self._clock(),
            round(attempt.duration, 3),
            tuple(sorted(self._state.journal.starters(run))),
            os.uname().nodename,
        )
        self._cache.hold(work, record_of_work(work, made.id, inputs), self._state.files.state, made)
