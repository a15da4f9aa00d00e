"""All processes of a work, found and ended.

A process group alone misses whoever began a session of its own. So a work's processes are told by all that they share:
the session of the first, descent from it, and variables that only this work's environment holds.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import psutil

POLL = 0.02
"""Seconds between two looks at processes that are not our children, whose end nobody announces."""

ROUNDS = 50
"""How often to look for more after a KILL: whoever forks faster than it is found keeps nobody waiting for ever."""

ENDED = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError)


def created(pid: int) -> str | None:
    """When this process started; None when it has ended."""
    with contextlib.suppress(*ENDED):
        return str(psutil.Process(pid).create_time())
    return None


def belonging(leaders: Collection[int], variables: Mapping[str, str]) -> list[psutil.Process]:
    """All living processes of works, parents before their children: a shell whose command is ended before it is goes on
    with the next one.

    Args:
        leaders: the pids of their first processes, each of which leads a session.
        variables: what the environment of each of them, and of nobody else, holds; nobody is found by an empty one.
    """
    found: dict[int, psutil.Process] = {}
    for leader in leaders:
        with contextlib.suppress(*ENDED):
            found.update((child.pid, child) for child in psutil.Process(leader).children(recursive=True))
    for pid in psutil.pids():  # `process_iter` takes who has a pid now for whom it saw under it before
        with contextlib.suppress(*ENDED):
            if pid not in (0, 1) and _belongs(process := psutil.Process(pid), leaders, variables):
                found[pid] = process
    found.pop(os.getpid(), None)
    return sorted(filter(_alive, found.values()), key=_age)


def sessions_in(folder: Path, leaders: Collection[int]) -> set[int]:
    """Those of these leaders in whose session somebody works in this folder."""
    found = set()
    for pid in psutil.pids():
        with contextlib.suppress(*ENDED):
            session = os.getsid(pid)
            if session in leaders and Path(psutil.Process(pid).cwd()).is_relative_to(folder):
                found.add(session)
    return found


def tell(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to each; TERM with CONT behind it, because a stopped process heeds nothing else."""
    for process in processes:
        with contextlib.suppress(*ENDED):
            process.send_signal(number)
            if number is signal.SIGTERM:
                process.send_signal(signal.SIGCONT)


def any_alive(processes: Iterable[psutil.Process]) -> bool:
    """Is one of them still there, and more than a name in the table?"""
    return any(_alive(process) for process in processes)


def kill(leaders: Collection[int], variables: Mapping[str, str]) -> None:
    """KILL to all processes of works, until no more are found."""
    for _ in range(ROUNDS):
        left = belonging(leaders, variables)
        if not left:
            return
        tell(left, signal.SIGKILL)
        _wait(left, POLL * 5)


def end(
    leaders: Collection[int],
    variables: Mapping[str, str],
    grace: float,
    hurry: Callable[[], bool] = lambda: False,
) -> int:
    """TERM to all processes of works, KILL to what is left of them after `grace` seconds, or as soon as there is
    `hurry`; how many there were."""
    found = belonging(leaders, variables)
    if found:
        tell(found, signal.SIGTERM)
        _wait(found, grace, hurry)
        kill(leaders, variables)
    return len(found)


def _wait(
    processes: list[psutil.Process],
    seconds: float,
    hurry: Callable[[], bool] = lambda: False,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Until they are gone. Not with psutil's `wait`, which would take the exit status of a child from its parent."""
    deadline = monotonic() + seconds
    while any_alive(processes) and monotonic() < deadline and not hurry():
        sleep(POLL)


def _belongs(process: psutil.Process, leaders: Collection[int], variables: Mapping[str, str]) -> bool:
    try:
        if os.getsid(process.pid) in leaders:
            return True
        if not variables:
            return False
        environment = process.environ()
    except ENDED:
        return False
    return all(environment.get(name) == value for name, value in variables.items())


def _age(process: psutil.Process) -> tuple[float, int]:
    try:
        return process.create_time(), process.pid
    except ENDED:
        return 0.0, process.pid


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except ENDED:
        return False
