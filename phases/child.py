"""One process with all that it starts: begun, watched, and ended."""

from __future__ import annotations

import contextlib
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
from .output import Output

CHUNK = 1 << 16
PIPE_CHUNKS = 16
"""A pipe holds at most 1 MiB: what comes later was written after the child had ended, by something it left behind."""
POLL = 0.05
"""Seconds between two looks at what the kernel does not announce: the end of grandchildren, and without pidfd (macOS)
of children."""
REPORT = "PHASEGATE_REPORT"
"""The variable with the file descriptor that a command which reports writes to."""


class Child:
    """One process, with all that it starts."""

    def __init__(self, process: subprocess.Popen[bytes], command: Command, output: Output) -> None:
        assert process.stdout is not None
        self.pid = process.pid
        self.pipe = process.stdout.fileno()
        os.set_blocking(self.pipe, False)
        self.code = 0
        self.peak_memory: int | None = None
        self._process = process
        self._marks = command.marks
        self._output = output
        self._asked: list[Any] = []

    def has_ended(self) -> bool:
        """Look, and if it has, take its exit code and how much memory it used."""
        if self._process.returncode is not None:
            return True
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if not pid:
            return False
        self.code = self._process.returncode = os.waitstatus_to_exitcode(status)
        self.peak_memory = _peak(usage)
        return True

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
    if isinstance(error, OSError):
        return f"{command.argv[0]!r} could not be started: {error.strerror}"
    return f"the command cannot be started: {error}"
