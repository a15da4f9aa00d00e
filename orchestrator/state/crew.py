"""Jobs that several threads do together, on all cores, however many ask for that at the same time.

Whoever asks works along. Beside those who ask there are never more threads at work than there are other cores: so
memory and load stay bounded, and nobody waits for a thread to become free.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from .hashing import GivenUp, GivesUp

LOOK = 0.5
"""Seconds between two looks for whether anybody gave up, while others work."""

Job = TypeVar("Job")


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


HELPERS = threading.Semaphore(max(0, cores() - 1))
"""The threads that may help, of the whole process."""


class Crew(Generic[Job]):
    """Jobs, each done once by whoever gets to it first.

    Args:
        do: does one, unless its last argument says that nobody wants it any more; then it raises GivenUp.
    """

    def __init__(self, jobs: Iterable[Job], do: Callable[[Job, GivesUp], None]) -> None:
        self._jobs = deque(jobs)
        self._do = do
        self._left = len(self._jobs)
        self._over = False
        self._failure: BaseException | None = None
        self._changed = threading.Condition()

    def begin(self, gives_up: GivesUp) -> None:
        """Do them in the background, on one thread: the cores belong to what runs meanwhile."""
        self._start(gives_up, lambda: None)

    def finish(self, gives_up: GivesUp) -> None:
        """Do what is left with all that may help, and wait until all is done.

        Raises:
            GivenUp: one who works, or who waits, gave up.
            BaseException: what a job raised, or a signal. Those who help end with their next look.
        """
        try:
            for _ in range(len(self._jobs) - 1):
                if not HELPERS.acquire(blocking=False):
                    break
                self._start(lambda: self._over or gives_up(), HELPERS.release)
            self._work(gives_up)
            with self._changed:
                while self._left and self._failure is None:
                    self._changed.wait(LOOK)
                    if gives_up():
                        raise GivenUp
            if self._failure is not None:
                raise self._failure
        finally:
            self._over = True
            self._jobs.clear()

    def _start(self, gives_up: GivesUp, at_end: Callable[[], object]) -> None:
        def work() -> None:
            try:
                with contextlib.suppress(BaseException):  # told to whoever finishes
                    self._work(gives_up)
            finally:
                at_end()

        try:
            threading.Thread(target=work, daemon=True).start()
        except RuntimeError:  # no thread to be had: whoever finishes works alone
            at_end()

    def _work(self, gives_up: GivesUp) -> None:
        while True:
            try:
                job = self._jobs.popleft()
            except IndexError:
                return
            failure: BaseException | None = None
            try:
                self._do(job, gives_up)
            except BaseException as error:
                failure = error
                raise
            finally:
                with self._changed:
                    self._left -= 1
                    self._failure = self._failure or failure
                    self._changed.notify_all()
