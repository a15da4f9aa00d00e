"""Work as a process of this machine, in a session of its own, its output pumped into a log with bounded memory."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from .executor import Command, Outcome

CHUNK = 1 << 16
PIPE_CHUNKS = 16
"""A pipe holds at most 1 MiB: what comes later was written after the child had ended, by something it left behind."""
GRACE = 5.0
"""Seconds between TERM and KILL."""
POLL = 0.05
"""Seconds between two looks at a child whose end the kernel cannot announce (no pidfd: macOS)."""


class LocalExecutor:
    """Runs commands on this machine."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def execute(self, command: Command, started: Callable[[int], None]) -> Outcome:
        begun = self._monotonic()
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("wb", buffering=0) as log:
            try:
                process = self._start(command)
            except (OSError, ValueError) as error:
                return Outcome(self._monotonic() - begun, error=_start_error(command, error))
            if process is None:
                return Outcome(0.0, error="the run was stopped", stopped=True)
            try:
                started(process.pid)
                timed_out = self._pump(process, command, log, begun)
            except BaseException:
                self._end([process])
                raise
            finally:
                with self._guard:
                    self._running.discard(process)
                assert process.stdout is not None
                process.stdout.close()
        duration = self._monotonic() - begun
        code = process.returncode
        exit_code, number = (code, None) if code >= 0 else (None, -code)
        return Outcome(duration, exit_code, number, timed_out=timed_out, stopped=self._stopped and code != 0)

    def stop(self) -> None:
        with self._guard:
            self._stopped = True
            running = list(self._running)
        self._end(running)

    def kill(self) -> None:
        self._stopped = True
        for process in list(self._running):
            _end_group(process, signal.SIGKILL)

    def _start(self, command: Command) -> subprocess.Popen[bytes] | None:
        with self._guard:
            if self._stopped:
                return None
            process = subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env=dict(command.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
            return process

    def _end(self, processes: list[subprocess.Popen[bytes]]) -> None:
        """TERM to each group, and KILL to what is left of it after the grace period."""
        for process in processes:
            _end_group(process, signal.SIGTERM)
        deadline = self._monotonic() + GRACE
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - self._monotonic()))
            _end_group(process, signal.SIGKILL)
            process.wait()

    def _pump(self, process: subprocess.Popen[bytes], command: Command, log: BinaryIO, begun: float) -> bool:
        """Copy output until the child has ended; True when it ran out of time.

        The end of the child counts, not the end of its pipe: a grandchild in the background may hold that open.
        """
        assert process.stdout is not None
        pipe = process.stdout.fileno()
        os.set_blocking(pipe, False)
        deadline = None if command.timeout is None else begun + command.timeout
        signals = iter((signal.SIGTERM, signal.SIGKILL))
        timed_out = False
        with selectors.DefaultSelector() as selector, _announced_end(process.pid) as end:
            selector.register(pipe, selectors.EVENT_READ)
            if end is not None:
                selector.register(end, selectors.EVENT_READ)
            while process.poll() is None:
                wait = None if end is not None else POLL
                if deadline is not None:
                    left = deadline - self._monotonic()
                    wait = max(0.0, left if wait is None else min(wait, left))
                ready = [key.fd for key, _ in selector.select(wait)]
                if pipe in ready and not _copy(pipe, command, log):
                    selector.unregister(pipe)
                if deadline is not None and self._monotonic() >= deadline and process.poll() is None:
                    timed_out = True
                    _end_group(process, next(signals, signal.SIGKILL))
                    deadline = self._monotonic() + GRACE
        if timed_out:
            _end_group(process, signal.SIGKILL)  # whoever of the group ignored TERM outlives its leader
        for _ in range(PIPE_CHUNKS):
            if not _copy(pipe, command, log):
                break
        return timed_out


def _copy(pipe: int, command: Command, log: BinaryIO) -> bool:
    """Move one chunk; False when there is nothing more to read now."""
    try:
        chunk = os.read(pipe, CHUNK)
    except BlockingIOError:
        return False
    rest = memoryview(chunk)
    while rest:
        rest = rest[log.write(rest) :]
    if command.echo is not None and chunk:
        command.echo(chunk)
    return bool(chunk)


@contextlib.contextmanager
def _announced_end(pid: int) -> Iterator[int | None]:
    """A file descriptor that becomes readable when the child ends, where the kernel has such a thing."""
    if not hasattr(os, "pidfd_open"):
        yield None
        return
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _end_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the whole group of a child: its id is the child's pid, which is ours until it is waited for."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _start_error(command: Command, error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and not Path(command.cwd).is_dir():
        return f"the folder {command.cwd} is not there"
    if isinstance(error, FileNotFoundError):
        return f"{command.argv[0]!r} was not found; is it installed, and on PATH?"
    if isinstance(error, OSError):
        return f"{command.argv[0]!r} could not be started: {error.strerror}"
    return f"the command cannot be started: {error}"
