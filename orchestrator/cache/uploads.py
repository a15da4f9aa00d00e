"""What is put into the cache: by one thread, beside the run, which never waits for it but at its end, and not long."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Upload:
    """Something to put there."""

    what: str
    """For people: `phase_3:run`."""
    do: Callable[[Callable[[], bool]], None]
    """Puts it there; gets what says whether it should go on."""


class Uploads:
    """A queue with one thread, begun when there is something to do. After the first failure nothing more is tried."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._queue: queue.SimpleQueue[Upload] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._left: list[str] = []
        """What is not there yet, in the order in which it came."""
        self._thread: threading.Thread | None = None
        self._over = False
        self._failure = ""

    def add(self, upload: Upload) -> None:
        """Have it put there, after all that came before."""
        with self._changed:
            self._left.append(upload.what)
            if self._over:
                return
            self._queue.put(upload)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def close(self, seconds: float) -> tuple[Sequence[str], str]:
        """Wait so long for the rest; what did not get there, and will not, and why."""
        until = self._monotonic() + seconds
        with self._changed:
            while self._left and not self._over and (wait := until - self._monotonic()) > 0:
                self._changed.wait(min(wait, 1.0))
            self._over = True
            return list(dict.fromkeys(self._left)), self._failure or f"it took longer than {seconds:g} s"

    def _goes_on(self) -> bool:
        return not self._over

    def _work(self) -> None:
        while not self._over:
            upload = self._queue.get()
            try:
                upload.do(self._goes_on)
            except Exception as error:  # whatever it is, the run must not wait for this thread
                with self._changed:
                    self._over, self._failure = True, str(error) or type(error).__name__
                    self._changed.notify_all()
                return
            with self._changed:
                self._left.remove(upload.what)
                self._changed.notify_all()
