"""One execution of an attempt on a cluster, seen from doit: placed, permitted, attended to its end.

It has a token, and whoever asks for permission with it first gets that, once. Only what *that* worker says counts,
and all of it, in order. It counts as lost when its worker says that all of it is gone or its lease is over, and never
before: so nothing of it runs any more when the work is executed again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty
from typing import Any

from ..executor import Command, Outcome, Start
from ..output import Output
from .lease import SETTLE, Grant, now
from .office import ClusterGone, Inbox, Message, Office, Permit
from .placement import impossible

LOOK = 1.0
"""Seconds between two looks at the workers, by who waits for one."""
TAKEN = 4
"""Messages with output that are confirmed together; fewer than may be on the way (worker.py)."""
STOPPED = Outcome(0.0, error="the run was stopped", stopped=True)


@dataclass(slots=True)
class Stops:
    """What the executor was asked for."""

    stop: bool = False
    kill: bool = False


@dataclass(frozen=True, slots=True)
class Unplaced:
    """No worker was permitted to start it: it may be submitted again."""

    why: str
    counts: bool
    """Does it say something against the attempt, and not only against the cluster?"""


class Execution:
    """Made once."""

    def __init__(
        self,
        office: Office,
        command: Command,
        order: Mapping[str, Any],
        started: Callable[[Start], None],
        output: Output,
        stops: Stops,
    ) -> None:
        assert command.elsewhere is not None
        self._office = office
        self._resources = command.elsewhere.resources
        self._order = order
        self._started = started
        self._output = output
        self._stops = stops
        self.token = secrets.token_hex(8)
        self._name = "-".join(command.marks.values()) or "phasegate"
        self._inbox: Inbox = office.open_inbox(self.token)
        self._lease = office.settings.lease

    def make(self) -> Outcome | Unplaced:
        """Have it executed.

        Raises:
            ClusterGone: the cluster cannot be used.
            OSError: the output cannot be written. Nothing of the command runs any more then.
        """
        try:
            line = self._office.line()
            workers, silent = self._office.workers()
            if problem := impossible(self._resources, workers):
                return Outcome(0.0, error=problem)
            able = sorted(set(workers) - silent)
            among = able if silent and able else None
            order = {**self._order, "topic": line.topic, "token": self.token}
            try:
                task = line.submit(f"{self._name}-{self.token}", order, self._resources, among)
            except ConnectionError as error:
                return Unplaced(str(error), counts=False)
            task.when_over(lambda why, given_up: self._inbox.put({"engine": why, "given_up": given_up}))
            try:
                asked = self._placed(silent if among else frozenset())
                return self._attend(asked) if isinstance(asked, dict) else asked
            finally:
                task.drop()
        finally:
            self._office.close_inbox(self.token)

    def _placed(self, avoided: frozenset[str]) -> dict[str, Any] | Outcome | Unplaced:
        """Wait until a worker asks for permission; its question, or why there will be none."""
        alone_since = now()
        while not self._stops.stop:
            message = self._get(LOOK)
            if "ready" in message:
                return dict(message)
            if "refused" in message:
                return Outcome(0.0, error=message["refused"])
            if "engine" in message:
                return Unplaced(_explained(message["engine"]), counts=not message["given_up"])
            if "offline" in message:
                return Unplaced("the connection to the scheduler was lost", counts=False)
            workers, silent = self._office.workers()
            if problem := impossible(self._resources, workers):
                return Outcome(0.0, error=problem)
            if silent - avoided and set(workers) - silent:  # it may be with one that is frozen
                return Unplaced("its worker is silent", counts=False)
            if workers:
                alone_since = now()
            else:
                self._office.miss_workers()
            if now() - alone_since > self._office.settings.wait:
                why = f"had no worker for {self._office.settings.wait:g} s; start some, or raise executors.dask.wait"
                raise ClusterGone(self._office.address, why)
        return STOPPED

    def _attend(self, asked: Message) -> Outcome:
        """Permit it, and do what its worker's messages ask for, until it has ended or is lost."""
        worker, nonce = asked["worker"], asked["ready"]
        self._started(Start(worker=worker, lease=self._lease + SETTLE))
        grant = Grant(self._lease)
        self._office.answer_pulses(self.token, Permit(worker, nonce, grant))
        self._send(worker, nonce, go=asked["pulse"])
        try:
            return self._hear_out(worker, nonce, grant)
        except OSError:
            self._abandon(worker, nonce, grant)
            raise

    def _hear_out(self, worker: str, nonce: str, grant: Grant) -> Outcome:
        why = f"no word came from it for {self._lease:g} s"
        heard = taken = 0
        asked_to_stop = asked_to_end = False
        while True:
            if self._stops.stop and not asked_to_stop:
                self._send(worker, nonce, stop=True)
                asked_to_stop = True
            if self._stops.kill and not asked_to_end:
                self._send(worker, nonce, kill=True)
                asked_to_end = True
            message = self._get(min(LOOK, max(0.0, grant.left)))
            if not message and grant.end_if_over():
                return self._lost(worker, why)
            if message.get("nonce") == nonce:
                if message["seq"] != heard:
                    self._abandon(worker, nonce, grant)
                    return self._lost(worker, "messages of its are missing")
                heard += 1
            if "ready" in message:
                mine = message["ready"] == nonce
                why = why if mine else "the scheduler lost it"
                goes = mine and grant.answer()
                self._send(message["worker"], message["ready"], **({"go": message["pulse"]} if goes else {"no": True}))
            elif "engine" in message:
                why = _explained(message["engine"]) if message["engine"] else why
            elif "offline" in message:
                why = "the connection to the scheduler was lost"
            elif "output" in message:
                self._output.take(message["output"])
                taken += 1
                if taken % TAKEN == 0:
                    self._send(worker, nonce, taken=TAKEN)
            elif "ended" in message:
                return Outcome(**message["ended"])
            elif "gone" in message:
                return self._lost(worker, message["gone"])

    def _abandon(self, worker: str, nonce: str, grant: Grant) -> None:
        """Have it ended, and wait until it has, or its lease is over: no pulse is answered any more."""
        grant.end()
        self._send(worker, nonce, kill=True)
        while (left := grant.left) > 0:
            message = self._get(left)
            if message.get("nonce") == nonce and ("ended" in message or "gone" in message):
                return

    def _lost(self, worker: str, why: str) -> Outcome:
        return Outcome(0.0, error=f"was lost with worker {worker}: {why}", lost=True, stopped=self._stops.stop)

    def _get(self, seconds: float) -> Message:
        """The next message; an empty one when none came in time."""
        try:
            return self._inbox.get(timeout=seconds)
        except Empty:
            return {}

    def _send(self, worker: str, nonce: str, **message: Any) -> None:
        self._office.send(worker, {"token": self.token, "nonce": nonce, **message})


def _explained(why: str) -> str:
    """What the engine said, and what it means."""
    if not why:
        return "the worker returned without asking"
    if "No module named 'phasegate'" in why or "has no attribute 'attempt'" in why:
        return f"{why}; phasegate must be installed where the workers run"
    return why
