"""Work as a process of this machine, in a session of its own, its output pumped with bounded memory."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from pathlib import Path
from typing import Any

from .executor import Command, Outcome
from .output import Output

CHUNK = 1 << 16
PIPE_CHUNKS = 16
"""A pipe holds at most 1 MiB: what comes later was written after the child had ended, by something it left behind."""
GRACE = 5.0
"""Seconds between TERM and KILL."""
POLL = 0.05
"""Seconds between two looks at what the kernel does not announce: the end of grandchildren, and without pidfd (macOS)
of children."""
REPORT = "PHASEGATE_REPORT"
"""The variable with the file descriptor that a command which reports writes to."""


class LocalExecutor:
    """Runs commands on this machine."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._idle = threading.Condition()
        self._running = 0
        self._stop, self._kill = Alarm(), Alarm()

    def execute(self, command: Command, started: Callable[[int], None]) -> Outcome:
        with self._idle:
            if self._stop.raised:
                return Outcome(0.0, error="the run was stopped", stopped=True)
            self._running += 1
        try:
            return self._execute(command, started)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def stop(self) -> None:
        self._stop.sound()
        with self._idle:
            self._idle.wait_for(lambda: not self._running, timeout=3 * GRACE)

    def sweep(self, marks: Mapping[str, str]) -> None:
        from . import processes

        processes.end([], marks, 0.0 if self._kill.raised else GRACE, lambda: self._kill.raised)

    def kill(self) -> None:
        self._kill.sound()
        self._stop.sound()

    def _execute(self, command: Command, started: Callable[[int], None]) -> Outcome:
        begun = self._monotonic()
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with Output(command) as output, _report_pipe(command.reports) as report:
            try:
                process = _start(command, report)
            except (OSError, ValueError) as error:
                return Outcome(self._monotonic() - begun, error=_start_error(command, error))
            child = Child(process, command, output)
            try:
                started(process.pid)
                deadline = None if command.timeout is None else begun + command.timeout
                why = self._attend(child, deadline)
                if why is not Why.ITSELF or child.code != 0:
                    child.end_the_rest(GRACE if why is Why.ITSELF else 0.0)
                tail = output.end()
            except BaseException:
                child.abandon()
                raise
            finally:
                assert process.stdout is not None
                process.stdout.close()
            told = report.read() if report is not None else {}
        code = child.code
        exit_code, number = (code, None) if code >= 0 else (None, -code)
        return Outcome(
            self._monotonic() - begun,
            exit_code,
            number,
            timed_out=why is Why.TIMED_OUT,
            stopped=why is Why.STOPPED and code != 0,
            output=tail,
            report=told,
            peak_memory=child.peak_memory,
        )

    def _attend(self, child: Child, deadline: float | None) -> Why:
        """Copy output until the child has ended; why it did.

        The end of the child counts, not the end of its pipe: something in the background may hold that open. Where it
        had to end, so had all that it started.
        """
        why = Why.ITSELF
        with selectors.DefaultSelector() as selector, _announced_end(child.pid) as announced:
            selector.register(child.pipe, selectors.EVENT_READ)
            alarms = {self._stop.fileno(), self._kill.fileno()}
            for descriptor in (*alarms, *([] if announced is None else [announced])):
                selector.register(descriptor, selectors.EVENT_READ)
            while not child.has_ended() or (why is not Why.ITSELF and child.others_alive()):
                wait = None if announced is not None and why is Why.ITSELF else POLL
                if deadline is not None:
                    left = max(0.0, deadline - self._monotonic())
                    wait = left if wait is None else min(wait, left)
                ready = {key.fd for key, _ in selector.select(wait)}
                if child.pipe in ready and not child.copy():
                    selector.unregister(child.pipe)
                if announced in ready and child.has_ended():
                    selector.unregister(announced)  # else it would be ready for ever
                for descriptor in ready & alarms:
                    selector.unregister(descriptor)  # an alarm is never taken back
                now = self._monotonic()
                if ready & alarms and why is not Why.STOPPED:
                    why, deadline = Why.STOPPED, now + GRACE
                    child.ask_to_end()
                if self._kill.raised or (deadline is not None and now >= deadline and why is not Why.ITSELF):
                    child.end_the_rest()
                    deadline = None
                elif deadline is not None and now >= deadline:
                    why, deadline = Why.TIMED_OUT, now + GRACE
                    child.ask_to_end()
        child.drain()
        return why


class Why(Enum):
    """Why a child ended."""

    ITSELF = auto()
    TIMED_OUT = auto()
    STOPPED = auto()


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


class Alarm:
    """Something that wakes every selector which watches it, and stays. May be sounded in a signal handler."""

    def __init__(self) -> None:
        self._heard, self._bell = socket.socketpair()
        self.raised = False

    def fileno(self) -> int:
        return self._heard.fileno()

    def sound(self) -> None:
        if not self.raised:
            self.raised = True
            self._bell.send(b"!")


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
def _report_pipe(wanted: bool) -> Iterator[Report | None]:
    if not wanted:
        yield None
        return
    with contextlib.closing(Report()) as report:
        yield report


def _start(command: Command, report: Report | None) -> subprocess.Popen[bytes]:
    told = {} if report is None else {REPORT: str(report.writing)}
    return subprocess.Popen(
        command.argv,
        cwd=command.cwd,
        env={**command.env, **told},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=() if report is None else (report.writing,),
    )


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


def _peak(usage: resource.struct_rusage) -> int | None:
    """Bytes; None below what this process has itself, because a child begins with its parent's mark (Linux)."""
    unit = 1 if sys.platform == "darwin" else 1024
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage.ru_maxrss * unit if usage.ru_maxrss > own else None


def _start_error(command: Command, error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and not Path(command.cwd).is_dir():
        return f"the folder {command.cwd} is not there"
    if isinstance(error, FileNotFoundError):
        return f"{command.argv[0]!r} was not found; is it installed, and on PATH?"
    if isinstance(error, OSError):
        return f"{command.argv[0]!r} could not be started: {error.strerror}"
    return f"the command cannot be started: {error}"
