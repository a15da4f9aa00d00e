"""doit's post office: one line to the cluster, opened when it is first needed and again when it broke; who waits for
messages of which attempt; and what is known of the workers."""

from __future__ import annotations

import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .lease import Grant, now
from .placement import Attendance, Worker
from .settings import Settings

if TYPE_CHECKING:
    from .line import Line

Message = Mapping[str, Any]
Inbox = queue.SimpleQueue[Message]

TICK = 0.5
"""Seconds between two looks at the line."""
AGE = 1.0
"""Seconds for which a look at the workers holds."""
START = 60.0
"""Seconds that a cluster on this machine may take to start."""
TRY = 5.0
"""Seconds that one try to reach the scheduler may take."""


class ClusterGone(OSError):
    """The cluster cannot be used, for longer than there is patience."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(None, why, address)


@dataclass(frozen=True, slots=True)
class Permit:
    """That a worker executes an attempt."""

    worker: str
    nonce: str
    """What its messages are told by from those of another one with the same attempt."""
    grant: Grant


class Office:
    """Used from many threads.

    Args:
        note: is told what people should know.
    """

    def __init__(self, settings: Settings, note: Callable[[str], None], monotonic: Callable[[], float] = now) -> None:
        self.settings = settings
        self._note = note
        self._monotonic = monotonic
        self._guard = threading.RLock()
        self._opening = threading.Lock()
        self._line: Line | None = None
        self._inboxes: dict[str, Inbox] = {}
        self._permits: dict[str, Permit] = {}
        self._outgoing: queue.SimpleQueue[tuple[str, Message] | None] = queue.SimpleQueue()
        self._attendance = Attendance(settings.lease)
        self._workers: Mapping[str, Worker] = {}
        self._silent: frozenset[str] = frozenset()
        self._looked = float("-inf")
        self._looking = threading.Lock()
        self._leaving = threading.Event()
        self._gone: ClusterGone | None = None
        """Once there is no hope, there is none for anybody."""
        self._answers_within = max(TRY, settings.lease)
        """Seconds after which a scheduler that says nothing is taken for frozen: no work outlives that either way."""
        self._missed = False
        self._posting: threading.Thread | None = None

    @property
    def address(self) -> str:
        """As messages name the cluster."""
        return self.settings.address or "the local cluster"

    def line(self) -> Line:
        """The line, opened if need be.

        Raises:
            ClusterGone: it could not be opened for as long as there is patience.
        """
        with self._opening:
            if self._gone is not None:
                raise self._gone
            line = self._line
            if line is None or not line.is_open:
                self._drop(line)
                line = self._open()
                with self._guard:
                    self._line = line
                if self._posting is None:
                    self._posting = threading.Thread(target=self._post, daemon=True)
                    self._posting.start()
            return line

    def _open(self) -> Line:
        deadline = self._monotonic() + self.settings.wait
        told = False
        while True:
            if self._leaving.is_set():
                raise ClusterGone(self.address, "the run was stopped")
            try:
                return self._opened(min(TRY, max(1.0, deadline - self._monotonic())))
            except (OSError, RuntimeError, ValueError) as error:
                why = " ".join(str(error).split()) or type(error).__name__
                if self._monotonic() + TICK >= deadline:
                    self._gone = ClusterGone(self.address, self._hopeless(why))
                    raise self._gone from None
                if not told:
                    patience = f"trying for {self.settings.wait:g} s"
                    self._note(f"the scheduler {self.address} cannot be reached, {patience}: {why}")
                    told = True
            self._leaving.wait(TICK)

    def _opened(self, seconds: float) -> Line:
        """A new line. Opened on a thread of its own, because a client waits for ever for somebody who takes the
        connection and says nothing (distributed 2026.8).

        Raises:
            OSError, RuntimeError, ValueError: it could not be opened, or not in so many seconds.
        """
        from .line import Line

        found: queue.SimpleQueue[Line | BaseException] = queue.SimpleQueue()
        late = threading.Event()

        def open_line() -> None:
            try:
                line = Line(self.settings, seconds, self._hear)
            except BaseException as error:
                found.put(error)
                return
            found.put(line)
            if late.is_set():
                line.close()

        threading.Thread(target=open_line, daemon=True).start()
        try:
            opened = found.get(timeout=seconds + (START if self.settings.address is None else TICK))
        except queue.Empty:
            late.set()
            raise TimeoutError("it does not answer") from None
        if isinstance(opened, BaseException):
            raise opened
        return opened

    def _hopeless(self, why: str) -> str:
        return f"cannot be reached for {self.settings.wait:g} s ({why}); start it, or correct executors.dask"

    def open_inbox(self, token: str) -> Inbox:
        """Where the messages about an attempt arrive."""
        inbox: Inbox = queue.SimpleQueue()
        with self._guard:
            self._inboxes[token] = inbox
        return inbox

    def close_inbox(self, token: str) -> None:
        with self._guard:
            self._inboxes.pop(token, None)
            self._permits.pop(token, None)

    def answer_pulses(self, token: str, permit: Permit) -> None:
        """Answer the pulses of this worker's as they arrive, until the grant or the inbox is closed: who waits for them
        may be kept from it by a log or a terminal that takes nothing, and the work has no part in that."""
        with self._guard:
            self._permits[token] = permit

    def wake_all(self) -> None:
        """Have everyone who waits for a message look around. May be called in a signal handler, whenever."""
        for inbox in list(self._inboxes.values()):
            inbox.put({})

    def send(self, worker: str, message: Message) -> None:
        """Send a message to a worker; what the line does not carry is lost."""
        self._outgoing.put((worker, message))

    def workers(self) -> tuple[Mapping[str, Worker], frozenset[str]]:
        """The workers by address, as they were a moment ago, and the addresses of those that seem frozen."""
        with self._looking:
            line = self._line
            if line is not None and self._monotonic() - self._looked > AGE:
                try:
                    self._workers = line.workers(self._answers_within)
                    self._silent = self._attendance.look(self._workers, self._monotonic())
                except TimeoutError:
                    self._drop(line)
                except (OSError, RuntimeError, ValueError, AttributeError):
                    pass  # a line that broke tells nothing new
                self._looked = self._monotonic()
            return self._workers, self._silent

    def miss_workers(self) -> None:
        """Let people know, once, that there is no worker."""
        if not self._missed:
            self._missed = True
            self._note(f"{self.address} has no worker, waiting {self.settings.wait:g} s for one")

    def give_up(self) -> None:
        """Try no longer to open a line that is not open. May be called in a signal handler, whenever."""
        self._leaving.set()

    def close(self) -> None:
        """Leave the cluster."""
        self.give_up()
        self._outgoing.put(None)
        if self._posting is not None:
            self._posting.join(TRY)
        with self._guard:
            line, self._line = self._line, None
        if line is not None:
            line.close()

    def _hear(self, token: str, message: Message) -> None:
        with self._guard:
            inbox, permit = self._inboxes.get(token), self._permits.get(token)
        if permit is not None and "pulse" in message and message.get("nonce") == permit.nonce and permit.grant.answer():
            self.send(permit.worker, {"token": token, "nonce": permit.nonce, "answer": message["pulse"]})
        if inbox is not None:
            inbox.put(message)
        elif "ready" in message:  # the engine repeats what is over
            self.send(message["worker"], {"token": token, "nonce": message["ready"], "no": True})

    def _drop(self, line: Line | None) -> None:
        """Let go of a line that broke, and tell everyone. It is closed on a thread of its own: that may take long."""
        with self._guard:
            if line is None or self._line is not line:
                return
            self._line = None
        self._note(f"the connection to the scheduler {self.address} is lost")
        for inbox in list(self._inboxes.values()):
            inbox.put({"offline": True})
        threading.Thread(target=line.close, daemon=True).start()

    def _post(self) -> None:
        """Send what there is to send, all for one worker together; and see whether the line broke."""
        while (batch := self._batch()) is not None:
            line = self._line
            for worker, messages in batch.items():
                try:
                    if line is not None and line.is_open:
                        line.post(worker, messages, self._answers_within)
                except TimeoutError:
                    self._drop(line)
                    break
                except Exception:  # whatever the line says: who waits for an answer sees that none comes
                    break
            if line is not None and not line.is_open:
                self._drop(line)

    def _batch(self) -> dict[str, list[Message]] | None:
        batch: dict[str, list[Message]] = defaultdict(list)
        try:
            found = self._outgoing.get(timeout=TICK)
            while True:
                if found is None:
                    return None
                batch[found[0]].append(found[1])
                found = self._outgoing.get_nowait()
        except queue.Empty:
            return dict(batch)
