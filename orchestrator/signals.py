"""INT, TERM and HUP end a run in order: once to stop, twice to stop at once, and three times to be gone."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heeded() -> list[signal.Signals]:
    """Those of them that this process heeds. Who starts it with HUP ignored, as `nohup` does, or INT, as scripts do for
    what they start with `&`, wants it to go on; TERM ends it all the same."""
    return [number for number in HEEDED if number is signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN]


class Stopped(KeyboardInterrupt):
    """A signal asked the run to end. A KeyboardInterrupt, because doit lets those through everywhere."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def stoppable(at_once: Callable[[], None]) -> Iterator[None]:
    """Inside, the first signal raises Stopped in the main thread, the second calls `at_once`, and the third ends the
    process on the spot: whatever it hangs on, such as a terminal that takes no more, what is left is the next run's.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen = 0

    def heed(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen += 1
        if seen == 1:
            raise Stopped(number)
        at_once()
        if seen > 2:
            os._exit(128 + number)

    before = {number: signal.signal(number, heed) for number in heeded()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
