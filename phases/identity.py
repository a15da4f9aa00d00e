"""Which process a pid stands for: told by when it started, because a pid alone is given to another one later."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

STATE, START = 0, 19
"""Places in /proc/PID/stat, counted from what follows the name."""

UNKNOWN = "?"
"""In a mark, what is hidden in some containers."""


def start_mark(pid: int) -> str | None:
    """What tells this process from any other that had or will have its pid; None when it has ended.

    On Linux the numbering of pids and the kernel's clock ticks since the boot: in neither is the wall clock, which may
    be set, and both are different in a container in which everyone is pid 1.
    """
    if not _has_proc():
        from .processes import created

        return created(pid)
    fields = _fields(pid)
    return None if fields is None or fields[STATE] == "Z" else f"{_numbering()} {fields[START]}"


def is_running(pid: int, mark: str | None) -> bool:
    """Is the process that had this pid and start mark still there?"""
    return mark is not None and start_mark(pid) == mark


def may_be_held(pid: int, mark: str | None) -> bool:
    """May what the process with this pid and start mark left in its session still keep others from getting that pid?

    It does so as long as it lives; so whoever has the pid now is that process, ended or not, or nobody is there. Never
    where pids are, or may be, those of another boot or container.
    """
    if mark is None or not _has_proc():
        return False
    numbering, _, start = mark.rpartition(" ")
    if numbering != _numbering() or UNKNOWN in numbering:
        return False
    fields = _fields(pid)
    return fields is None or fields[START] == start


def _fields(pid: int) -> list[str] | None:
    """What /proc tells of a process, behind its name; None where there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123
            return file.read().rpartition(b")")[2].decode().split()
    except OSError:
        return None


@lru_cache
def _has_proc() -> bool:
    return os.path.isdir("/proc/self")


@lru_cache
def _numbering() -> str:
    """Within which pids are given out one after the other: a boot, and when this container began in it."""
    first = _fields(1)
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = UNKNOWN
    return f"{boot} {UNKNOWN if first is None else first[START]}"
