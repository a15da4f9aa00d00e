"""Telling of what was committed once it is on the disk: in its order, on a thread of its own.

So a run goes on while what it did is made durable, and one wait serves all that was committed meanwhile. Where the disk
does not keep it, nothing more is told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

Tell = Callable[[], None]


class Acknowledging:
    """Tells, one thing after the other.

    Args:
        settle: waits until all that was committed is on the disk, and raises where it does not get there.
    """

    def __init__(self, settle: Callable[[], None]) -> None:
        self._settle = settle
        self._change = threading.Condition()
        self._due: list[Tell] = []
        self._added = self._told = 0
        self._closing = self._over = False
        self._thread: threading.Thread | None = None
        self._failure: Exception | None = None

    def add(self, tell: Tell) -> None:
        """Have this called when what was committed until now is on the disk."""
        with self._change:
            self._due.append(tell)
            self._added += 1
            self._begin()

    @property
    def is_behind(self) -> bool:
        """Is there something that was not told yet?"""
        return self._told < self._added

    def catch_up(self) -> None:
        """Wait until what was committed until now is on the disk, and all that was added is told.

        Raises:
            Exception: what `settle`, or one of those that tell, raised. What came after that was not told.
        """
        self.add(lambda: None)
        with self._change:
            added = self._added
            self._change.wait_for(lambda: self._told >= added or self._over)
            is_late = self._told < added
        self._raise()
        if is_late:
            self._settle()

    def close(self, seconds: float) -> bool:
        """Wait until all is told, and all that was committed is on the disk; False when that takes longer.

        Raises:
            Exception: as `catch_up` does.
        """
        with self._change:
            self._closing = True
            thread = self._begin()
        thread.join(seconds)
        self._raise()
        return not thread.is_alive()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _begin(self) -> threading.Thread:
        self._change.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        return self._thread

    def _work(self) -> None:
        is_last = False
        while not is_last and self._failure is None:
            with self._change:
                self._change.wait_for(lambda: self._due or self._closing)
                tells, self._due, is_last = self._due, [], self._closing
            try:
                self._settle()
                for tell in tells:
                    tell()
            except Exception as error:
                self._failure = error
            with self._change:
                self._told += len(tells)
                self._over = is_last or self._failure is not None
                self._change.notify_all()
