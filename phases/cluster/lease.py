"""For how long a command may go on without a word from doit.

A worker sends numbered pulses, and doit answers them. An answer to a pulse makes the lease last until so many seconds
after that pulse *was sent*, by the clock of the worker's machine. So a message that comes late, be it by minutes, makes
a lease shorter and never longer; and doit, which answers after the pulse was sent, knows without a common clock that
the lease is over so many seconds after its last answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

SETTLE = 2.0
"""Seconds that doit waits beyond the end of a lease: a keeper needs a moment to find and end all processes."""
PULSES = 4
"""Pulses in the time of a lease."""


def now() -> float:
    """Seconds on a clock that nobody sets, and that goes on while the machine sleeps, where there is one (Linux)."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class Lease:
    """The worker's side."""

    def __init__(self, seconds: float, clock: Callable[[], float] = now) -> None:
        self._seconds = seconds
        self._clock = clock
        self._sent: dict[int, float] = {}
        self._number = 0
        self.until = 0.0
        """When it is over; it has not begun before the first answer."""

    def pulse(self) -> int:
        """The number of a pulse that is sent right after this."""
        self._number += 1
        self._sent[self._number] = self._clock()
        return self._number

    def answered(self, number: int) -> float:
        """An answer came; until when the lease lasts now."""
        sent = self._sent.get(number)
        if sent is not None:
            self.until = max(self.until, sent + self._seconds)
            self._sent = {later: at for later, at in self._sent.items() if later > number}
        return self.until

    @property
    def is_over(self) -> bool:
        return self._clock() >= self.until


class Grant:
    """doit's side: what it gave, at most. Used from two threads: one answers, the other judges whether it is over; when
    that was said no answer takes it back."""

    def __init__(self, seconds: float, clock: Callable[[], float] = now) -> None:
        self._seconds = seconds
        self._clock = clock
        self._answered = clock()
        self._ended = False
        self._guard = threading.Lock()

    def answer(self) -> bool:
        """May a pulse be answered right after this?"""
        with self._guard:
            if not self._ended:
                self._answered = self._clock()
            return not self._ended

    def end(self) -> None:
        """From now on nothing is answered."""
        with self._guard:
            self._ended = True

    def end_if_over(self) -> bool:
        """Is it over? Then it stays so."""
        with self._guard:
            self._ended = self._ended or self.left <= 0
            return self._ended

    @property
    def left(self) -> float:
        """Seconds until nothing of the command runs any more, if no other pulse is answered; not positive when nothing
        does."""
        return self._answered + self._seconds + SETTLE - self._clock()
