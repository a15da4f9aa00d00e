"""Work as a process of this machine, in a session of its own, its output pumped with bounded memory."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto

from .child import POLL, Child, announced_end, report_pipe, start, start_error
from .executor import Command, Outcome
from .output import Output

GRACE = 5.0
"""Seconds between TERM and KILL."""

LONGEST = 86_400.0
"""Seconds that are waited for in one go: of some centuries the system's clocks know nothing."""


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
        with Output(command) as output, report_pipe(command.reports) as report:
            try:
                process = start(command, report)
            except (OSError, ValueError) as error:
                return Outcome(self._monotonic() - begun, error=start_error(command, error))
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
        with selectors.DefaultSelector() as selector, announced_end(child.pid) as announced:
            selector.register(child.pipe, selectors.EVENT_READ)
            alarms = {self._stop.fileno(), self._kill.fileno()}
            for descriptor in (*alarms, *([] if announced is None else [announced])):
                selector.register(descriptor, selectors.EVENT_READ)
            while not child.has_ended() or (why is not Why.ITSELF and child.others_alive()):
                wait = LONGEST if announced is not None and why is Why.ITSELF else POLL
                if deadline is not None:
                    wait = min(wait, max(0.0, deadline - self._monotonic()))
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
