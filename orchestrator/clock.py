"""The wall clock that a command goes by, unless it is given another one."""

from __future__ import annotations

import time


def now() -> float:
    """Return the seconds since 1970. It asks `time` each time, so that a test can move the clock of this process."""
    return time.time()
