"""Work as a process of this machine, in a session of its own, its output pumped with bounded memory."""

from __future__ import annotations

import math
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from enum import Enum, auto

from .child import POLL, Child, announced_end, report_pipe, start, start_error
from .executor import Command, Outcome, Start
from .output import Output, Sink

GRACE = 5.0
"""Seconds between TERM and KILL."""

HEARD = 1.5
"""Seconds within which a run has heard of a signal that ended a child of its, where it came to both: a terminal sends
its own to a whole group of processes, to which a child belongs for the first moments of its life."""

OF_A_GROUP = frozenset({signal.SIGINT, signal.SIGHUP, signal.SIGTERM})
"""Signals that are often sent to a group, by terminals and by those who end sessions."""

LONGEST = 86_400.0
"""Seconds that are waited for in one go: of some centuries the system's clocks know nothing."""


class LocalExecutor:
    """Runs commands on this machine.

    Args:
        output: makes what takes the output of one command.
    """

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, output: Callable[[Command], Sink] = Output
    ) -> None:
        self._monotonic = monotonic
        self._output = output
        self._idle = threading.Condition()
        self._running = 0
        self._stop, self._kill = Alarm(), Alarm()

    def execute(self, command: Command, started: Callable[[Start], None]) -> Outcome:
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

    def _execute(self, command: Command, started: Callable[[Start], None]) -> Outcome:
        begun = self._monotonic()
        with self._output(command) as output, report_pipe(command.reports) as report:
            try:
                process = start(command, report)
            except (OSError, ValueError) as error:
                return Outcome(self._monotonic() - begun, error=start_error(command, error))
            child = Child(process, command, output)
            try:
                started(Start(process.pid))
                deadline = None if command.timeout is None else begun + command.timeout
                why = self._attend(child, deadline)
                if why is Why.ITSELF and -child.code in OF_A_GROUP and self._stop.is_sounded(HEARD):
                    why = Why.STOPPED
                if why is not Why.ITSELF or child.code != 0:
                    child.end_the_rest(GRACE if why is Why.ITSELF else 0.0)
                tail = output.end()
                child.reap()
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
        had to end, so had all that it started. What has ended by itself has not timed out, although the deadline is
        over when that is seen: this process may have been frozen, or held up by who reads the output.
        """
        why = Why.ITSELF
        alarms = {self._stop.fileno(), self._kill.fileno()}
        poll = select.poll()
        with announced_end(child.pid) as announced:
            for descriptor in (child.pipe, *alarms, *([] if announced is None else [announced])):
                poll.register(descriptor, select.POLLIN)
            while not child.ended or (why is not Why.ITSELF and child.others_alive()):
                wait = LONGEST if announced is not None and why is Why.ITSELF else POLL
                if deadline is not None:
                    wait = min(wait, max(0.0, deadline - self._monotonic()))
                ready = {descriptor for descriptor, _ in poll.poll(math.ceil(wait * 1000))}
                if child.pipe in ready and not child.copy():
                    poll.unregister(child.pipe)
                if announced is None:
                    child.has_ended()
                elif announced in ready and child.has_ended():
                    poll.unregister(announced)  # else it would be ready for ever
                for descriptor in ready & alarms:
                    poll.unregister(descriptor)  # an alarm is never taken back
                now = self._monotonic()
                if ready & alarms and why is not Why.STOPPED:
                    why, deadline = Why.STOPPED, now + GRACE
                    child.ask_to_end()
                if self._kill.raised or (deadline is not None and now >= deadline and why is not Why.ITSELF):
                    child.end_the_rest()
                    deadline = None
                elif deadline is not None and now >= deadline and not child.has_ended():
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

    def is_sounded(self, seconds: float) -> bool:
        """Was it, or is it within so many seconds?"""
        poll = select.poll()
        poll.register(self._heard, select.POLLIN)
        return bool(poll.poll(math.ceil(seconds * 1000)))

    def sound(self) -> None:
        if not self.raised:
            self.raised = True
            self._bell.send(b"!")
