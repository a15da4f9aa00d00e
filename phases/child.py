"""One process with all that it starts: begun, watched, and ended."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .executor import Command
from .output import Sink

CHUNK = 1 << 16
PIPE_CHUNKS = 16
"""A pipe holds at most 1 MiB: what comes later was written after the child had ended, by something it left behind."""
POLL = 0.05
"""Seconds between two looks at what the kernel does not announce: the end of grandchildren, and without pidfd (macOS)
of children."""
LOOKS = hasattr(os, "waitid")
"""Can one see that a child has ended without taking it from the table of processes? On macOS only since Python 3.13."""
REPORT = "PHASEGATE_REPORT"
"""The variable with the file descriptor that a command which reports writes to."""


class Child:
    """One process, with all that it starts."""

    def __init__(self, process: subprocess.Popen[bytes], command: Command, output: Sink) -> None:
        assert process.stdout is not None
        self.pid = process.pid
        self.pipe = process.stdout.fileno()
        os.set_blocking(self.pipe, False)
        self.code = 0
        self.ended = False
        """Was it seen to have ended?"""
        self.peak_memory: int | None = None
        self._process = process
        self._marks = command.marks
        self._output = output
        self._asked: list[Any] = []

    def has_ended(self) -> bool:
        """Look, and if it has, keep its exit code. Its pid, by which the rest of it is looked for, is given to nobody
        else before `reap`."""
        if not self.ended and not LOOKS:
            self._take(os.WNOHANG)
        elif not self.ended and (code := exit_code(self.pid)) is not None:
            self.ended, self.code = True, code
        return self.ended

    def reap(self) -> None:
        """Let go of one that has ended: nothing is looked for by its pid any more."""
        if self._process.returncode is None:
            self._take(0)

    def _take(self, options: int) -> None:
        """Take its exit code from the table of processes, and how much memory it used."""
        pid, status, usage = os.wait4(self.pid, options)
        if pid:
            self.ended, self.code = True, os.waitstatus_to_exitcode(status)
            self._process.returncode = self.code
            self.peak_memory = _peak(usage)

    def copy(self) -> bool:
        """Move one chunk of output; False when there is nothing more to read now."""
        try:
            chunk = os.read(self.pipe, CHUNK)
        except BlockingIOError:
            return False
        self._output.take(chunk)
        return bool(chunk)

    def drain(self) -> None:
        """Move what the pipe still holds."""
        for _ in range(PIPE_CHUNKS):
            if not self.copy():
                break

    def ask_to_end(self) -> None:
        """TERM to it and to all that it started."""
        from . import processes

        self._asked = processes.belonging([self.pid], self._marks)
        processes.tell(self._asked, signal.SIGTERM)

    def others_alive(self) -> bool:
        """Is somebody still there of those that were asked to end?"""
        from . import processes

        return processes.any_alive(self._asked)

    def end_the_rest(self, grace: float = 0.0) -> None:
        """End what there is of it and of all that it started: at once, or after so many seconds since it was asked."""
        from . import processes

        processes.tell(self._asked, signal.SIGKILL)
        if grace:
            processes.end([self.pid], self._marks, grace)
        else:
            processes.kill([self.pid], self._marks)

    def abandon(self) -> None:
        """Leave nothing of it, where it cannot be attended any more."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.end_the_rest()
        while not self.has_ended():
            time.sleep(POLL)
        self.reap()


class Report:
    """A pipe through which a command tells more about its failure than an exit code."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)

    def read(self) -> dict[str, Any]:
        """What it told, when it has ended; nothing where that is no JSON object."""
        with contextlib.suppress(BlockingIOError, ValueError):
            told = json.loads(os.read(self._reading, CHUNK))
            return told if isinstance(told, dict) else {}
        return {}

    def close(self) -> None:
        os.close(self._reading)
        os.close(self.writing)


@contextlib.contextmanager
def report_pipe(wanted: bool) -> Iterator[Report | None]:
    if not wanted:
        yield None
        return
    with contextlib.closing(Report()) as report:
        yield report


def start(command: Command, report: Report | None) -> subprocess.Popen[bytes]:
    told = {} if report is None else {REPORT: str(report.writing)}
    with standard_input(command.stdin) as stdin:
        return subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env={**command.env, **told},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=() if report is None else (report.writing,),
        )


@contextlib.contextmanager
def standard_input(data: bytes) -> Iterator[int]:
    """A file descriptor to read the data from: of a file without a name, so that nobody has to feed a pipe."""
    if not data:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        yield file.fileno()


def has_exited(process: subprocess.Popen[bytes]) -> bool:
    """Has it ended? It stays in the table of processes, where it can, so that its pid is given to nobody else."""
    return exit_code(process.pid) is not None if LOOKS else process.poll() is not None


def exit_code(pid: int) -> int | None:
    """The exit code of a child that has ended, which stays in the table of processes; None while it goes on."""
    seen = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if seen is None:
        return None
    return seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status


@contextlib.contextmanager
def announced_end(pid: int) -> Iterator[int | None]:
    """A file descriptor that becomes readable when the child ends, where the kernel has such a thing."""
    if not hasattr(os, "pidfd_open"):
        yield None
        return
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _peak(usage: resource.struct_rusage) -> int | None:
    """Bytes; None below what this process has itself, because a child begins with its parent's mark (Linux)."""
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage.ru_maxrss * unit if usage.ru_maxrss > own else None


def start_error(command: Command, error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and not Path(command.cwd).is_dir():
        return f"the folder {command.cwd} is not there"
    if isinstance(error, FileNotFoundError):
        return f"{command.argv[0]!r} was not found; is it installed, and on PATH?"
    if isinstance(error, OSError) and error.errno == errno.E2BIG:  # of one text Linux takes 128 KiB, of all some MiB
        return (
            f"{command.argv[0]!r} was not started: its script, one of its arguments or a variable is longer than this"
            " machine takes; put it into a file"
        )
    if isinstance(error, OSError):
        return f"{command.argv[0]!r} could not be started: {error.strerror}"
    return f"the command cannot be started: {error}"
