"""The one thread that talks to GitHub while a run is going on. Nothing of the run waits for it.

It writes what changed at most every EDIT_EVERY seconds, reads comments when it is asked to, and at the end brings
everything to its last state, as far as it comes within the time that it is given; the next run does the rest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ..state.database import StateError
from .connection import Connection
from .render import Scene
from .trouble import Trouble

EDIT_EVERY = 10.0
"""Seconds between two edits of the same issue."""
PATIENCE = 300.0
"""Seconds between two tries where GitHub fails again and again."""
FIRST_AFTER = 2.0
"""Seconds after which a run is shown that is not over by then."""
READ_FIRST = 5.0
"""Seconds that a gate waits at most for the look for votes of before the run: a run never waits for GitHub for long."""
TICK = 1.0


class TimeIsUp(Exception):
    """The run is over, and what is left is left."""


class Writer:
    """Use `start`, `changed` while the run goes on, and `finish`.

    Args:
        connect: from how to wait to the connection; called on the writer's thread, as the next one is.
        glimpse: where the plan stands in the middle of the run.
        last: brings everything to where it stands at the end.
        poll: seconds between two looks for comments while the run waits for people; None where it does not wait.
        reads_first: whether votes may have come in since the last run.
    """

    def __init__(
        self,
        connect: Callable[[Callable[[float], None]], Connection],
        glimpse: Callable[[Connection], Scene],
        last: Callable[[Connection], None],
        poll: float | None,
        *,
        reads_first: bool,
    ) -> None:
        self._connect = connect
        self._glimpse = glimpse
        self._poll = poll
        self._guard = threading.Condition()
        self._dirty = False
        self._last = last
        self._ending = False
        self._over = False
        self._trouble: str | None = None
        self._failed = 0
        self._done = threading.Event()
        self._reading_first = reads_first
        self._started: float | None = None
        self._thread = threading.Thread(target=self._work, name="phasegate-github", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._started = time.monotonic()
        try:
            self._thread.start()
        except RuntimeError:  # there can be no more threads now: the next run writes
            self._trouble = "no thread could be started for it"
            self._done.set()

    def changed(self) -> None:
        """Something happened. Returns at once."""
        with self._guard:
            self._dirty = True
            self._guard.notify_all()

    @property
    def reading_first(self) -> bool:
        """Is the look for votes of before this run still going on, and worth to be waited for?"""
        since = self._started
        in_time = since is not None and time.monotonic() - since < READ_FIRST
        return self._reading_first and in_time and not self._done.is_set()

    def finish(self, seconds: float) -> str | None:
        """Write where the plan stands now, in at most so many seconds.

        Returns:
            Why GitHub does not show it, for people; None when it does, and where there was no run to show.
        """
        if self._started is None:
            return None
        with self._guard:
            self._ending = True
            self._guard.notify_all()
        try:
            in_time = self._done.wait(seconds)
        finally:
            with self._guard:
                self._over = True
                self._guard.notify_all()
        return self._trouble if in_time else f"it took longer than {seconds:g} s"

    def _work(self) -> None:
        try:
            self._follow(self._connect(self._wait))
        except TimeIsUp:
            pass
        except (Trouble, StateError) as error:
            self._trouble = str(error)
        except Exception as error:  # whatever it is, it is no reason for the run to fail
            self._trouble = f"{type(error).__name__}, which is a mistake in phasegate"
        finally:
            self._done.set()

    def _follow(self, connection: Connection) -> None:
        if self._reading_first:
            self._passing(connection.answer)
            self._reading_first = False
        next_write = time.monotonic() + FIRST_AFTER
        next_read = time.monotonic() + (self._poll or 0.0)
        while not self._ending:
            with self._guard:
                self._guard.wait_for(lambda: self._ending, TICK)
            if self._dirty and time.monotonic() >= next_write:
                self._dirty = False
                pause = self._passing(lambda: connection.write(self._glimpse(connection), whole=False))
                self._dirty = self._dirty or pause > 0
                next_write = time.monotonic() + max(EDIT_EVERY, pause)
            if self._poll is not None and time.monotonic() >= next_read:
                pause = self._passing(connection.answer)
                next_read = time.monotonic() + max(self._poll, pause)
        self._last(connection)

    def _passing(self, do: Callable[[], None]) -> float:
        """Do what is done again later, at the latest at the end, if it fails now.

        Returns:
            Seconds until then: what GitHub asks for, and longer each time, so that nobody hammers what is broken. 0
            where it did not fail.
        """
        try:
            do()
        except Trouble as error:
            self._failed += 1
            return max(error.wait, min(PATIENCE, EDIT_EVERY * 2.0**self._failed))
        self._failed = 0
        return 0.0

    def _wait(self, seconds: float) -> None:
        with self._guard:
            if self._over or (seconds > 0 and self._guard.wait_for(lambda: self._over, seconds)):
                raise TimeIsUp
