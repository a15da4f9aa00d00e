"""Which process a pid stands for: told by when it started, because a pid alone is given to another one later."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

STATE, START = 0, 19
"""Places in /proc/PID/stat, counted from what follows the name."""


def start_mark(pid: int) -> str | None:
    """What tells this process from any other that had or will have its pid; None when it has ended.

    On Linux the id of the boot and the kernel's clock ticks since then: in neither is the wall clock, which may be
    set, and both are different in a container in which everyone is pid 1.
    """
    if not os.path.isdir("/proc/self"):
        from .processes import created

        return created(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[STATE] == b"Z" else f"{_boot()} {fields[START].decode()}"


def is_running(pid: int, mark: str | None) -> bool:
    """Is the process that had this pid and start mark still there?"""
    return mark is not None and start_mark(pid) == mark


@lru_cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:  # hidden in some containers
        return "?"
