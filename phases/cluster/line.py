"""The line between doit and the workers of a cluster: Dask, of which nothing else here knows.

Messages are events of the scheduler's. It passes them on in the order in which they were sent, and remembers the
last thousand of each topic; so topics are names that it forgets by itself. What workers send goes to the id of doit's
client, and what doit sends to the address of the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing import resource_tracker
from typing import Any

import dask
import distributed

from .placement import Worker
from .settings import Settings

Message = Mapping[str, Any]

ATTEMPT = "__import__('phasegate').attempt(order)"
"""What a worker executes, as a text: a function of ours would be looked for where messages are unpacked, and a worker
that has no phasegate dies of that (distributed 2026.8). The scheduler needs none."""
SILENT = logging.CRITICAL + 1
BREATH = 5.0
"""Seconds for a courtesy, such as to say goodbye: who is gone does not answer."""


class Line:
    """doit's end.

    Args:
        hear: is told every message of a worker's, with the token of the attempt; on another thread, and must not block.

    Raises:
        OSError: the cluster cannot be reached in so many seconds, or not be started.
    """

    def __init__(self, settings: Settings, seconds: float, hear: Callable[[str, Message], None]) -> None:
        _silence()
        self._cluster = None if settings.address else _local_cluster(settings)
        try:
            self._client = distributed.Client(
                self._cluster or settings.address,
                timeout=seconds,
                set_as_default=False,
                name="phasegate",
                direct_to_workers=False,
                security=_security(settings),
            )
        except BaseException:
            self._close_cluster()
            raise
        self.topic: str = self._client.id
        self._comm = self._client.scheduler_comm
        self._client.subscribe_topic(self.topic, lambda event: _tell(event[1], hear))

    @property
    def is_open(self) -> bool:
        """Did it never break? A client connects again by itself, to a scheduler that knows nothing of its topics."""
        return self._client.status == "running" and self._client.scheduler_comm is self._comm

    def submit(
        self, key: str, order: Message, resources: Mapping[str, float], among: Sequence[str] | None
    ) -> Submitted:
        """Let some worker take an order; `among` these, where that is said.

        Raises:
            ConnectionError: the line is broken.
        """
        try:
            future = self._client.submit(
                eval,
                ATTEMPT,
                {"order": dict(order)},
                key=key,
                pure=False,
                retries=0,
                resources=dict(resources) or None,
                workers=list(among) if among is not None else None,
                allow_other_workers=False,
            )
        except Exception as error:  # each state of a client that ends has an exception of its own
            if self.is_open:
                raise
            raise ConnectionError(str(error)) from None
        return Submitted(future)

    def post(self, worker: str, messages: Sequence[Message], seconds: float) -> None:
        """Send messages to a worker.

        Raises:
            TimeoutError: the scheduler did not take them in so many seconds.
            OSError, RuntimeError: the line is broken.
        """
        self._ask("log_event", seconds, topic=worker, msg={"phasegate": list(messages)})

    def workers(self, seconds: float) -> dict[str, Worker]:
        """Those that the scheduler knows, by address.

        Raises:
            TimeoutError: the scheduler did not say in so many seconds.
            OSError, RuntimeError: the line is broken.
        """
        found = self._ask("identity", seconds, n_workers=-1)["workers"]
        return {
            address: Worker(dict(info.get("resources") or {}), float(info.get("last_seen") or 0.0))
            for address, info in found.items()
        }

    def _ask(self, what: str, seconds: float, **about: Any) -> Any:
        """Call a function of the scheduler's. The client's own methods wait for ever for one that is frozen, whose
        connection stays up (distributed 2026.8)."""
        scheduler = self._client.scheduler
        if scheduler is None:
            raise RuntimeError("the client is closed")
        try:
            return self._client.sync(getattr(scheduler, what), callback_timeout=seconds, **about)
        except asyncio.TimeoutError:  # another one than Python's own, before 3.11
            raise TimeoutError("the scheduler does not answer") from None

    def close(self) -> None:
        """Leave the cluster, and end it where it is a local one."""
        with contextlib.suppress(Exception):
            self._client.unsubscribe_topic(self.topic)
        with contextlib.suppress(Exception):
            self._client.close(timeout=BREATH)
        self._close_cluster()

    def _close_cluster(self) -> None:
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                self._cluster.close(timeout=BREATH)


def _silence() -> None:
    """What matters is told in our words. Dask gives some of its loggers levels of their own."""
    for name in ["distributed", *(name for name in logging.root.manager.loggerDict if name.startswith("distributed."))]:
        logging.getLogger(name).setLevel(SILENT)
    warnings.filterwarnings("ignore", module="distributed")


def _mute() -> None:
    """A worker that closes while it makes its client leaves that half-made: it is not among those that close with the
    worker, and when Python lets go of it its loop is gone. What it says of that is a traceback on the terminal, at
    a Ctrl-C that came early (distributed 2026.8)."""
    end = distributed.Client.__del__
    if getattr(end, "is_mute", False):
        return

    def end_quietly(client: Any) -> None:
        with contextlib.suppress(Exception):
            end(client)

    end_quietly.is_mute = True  # type: ignore[attr-defined]
    distributed.Client.__del__ = end_quietly


def _tell(said: Any, hear: Callable[[str, Message], None]) -> None:
    """The scheduler itself has things to say on every topic, too."""
    if isinstance(said, dict) and "token" in said:
        hear(said["token"], said)


class Submitted:
    """A task of the scheduler's."""

    def __init__(self, future: Any) -> None:
        self._future = future

    def when_over(self, tell: Callable[[str, bool], None]) -> None:
        """Have told, on another thread, how it ended: why it failed, or an empty text where it came to its end; and
        whether the scheduler gave it up, which says nothing against it."""
        self._future.add_done_callback(lambda future: tell(_why(future), future.status not in ("finished", "error")))

    def drop(self) -> None:
        """Nobody wants it any more."""
        with contextlib.suppress(Exception):
            self._future.cancel(reason="phasegate", msg="not wanted any more")
            self._future.release()


def _why(future: Any) -> str:
    if future.status == "finished":
        return ""
    if future.status != "error":
        return "the scheduler gave it up"
    error = future.exception(timeout=BREATH)
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {cause}"


class WorkerLine:
    """A worker's end, for one attempt."""

    def __init__(self, topic: str, token: str) -> None:
        self._worker = distributed.get_worker()
        self.address: str = self._worker.address
        self._topic, self._token = topic, token
        self._inbox = _inbox(self._worker, token)

    def send(self, message: Message) -> None:
        self._worker.log_event(self._topic, {"token": self._token, **message})

    def get(self, seconds: float) -> Message | None:
        try:
            return self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None

    def put(self, message: Message) -> None:
        self._inbox.put(message)

    def close(self) -> None:
        _inboxes.pop(self._token, None)


_inboxes: dict[str, queue.SimpleQueue[Message]] = {}
"""On a worker: what doit sends, by the token of the attempt."""
_hearing: set[str] = set()
"""The addresses of those workers of this process that hear what doit sends."""
_guard = threading.Lock()


def _inbox(worker: Any, token: str) -> queue.SimpleQueue[Message]:
    inbox = _inboxes.setdefault(token, queue.SimpleQueue())
    with _guard:
        if worker.address not in _hearing:
            if worker.status is not distributed.Status.running:
                raise RuntimeError("the worker is closing")
            _mute()
            distributed.get_client().subscribe_topic(worker.address, _hear)
            _hearing.add(worker.address)
    return inbox


def _hear(event: tuple[float, Any]) -> None:
    said = event[1]
    for message in said.get("phasegate", ()) if isinstance(said, dict) else ():
        inbox = _inboxes.get(message["token"])
        if inbox is not None:
            inbox.put(message)


def _security(settings: Settings) -> Any:
    if settings.tls is None:
        return None
    ca, cert, key = settings.tls
    return distributed.Security(tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key, require_encryption=True)


def _local_cluster(settings: Settings) -> Any:
    """Workers on this machine, reachable from this machine alone.

    Raises:
        OSError: they do not start.
    """
    quiet = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.nanny.pre-spawn-environ": {},  # else works would find OMP_NUM_THREADS=1
    }
    with dask.config.set(quiet), _deaf():
        return distributed.LocalCluster(
            n_workers=settings.workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            worker_dashboard_address=None,
            resources=dict(settings.resources) or None,
            silence_logs=SILENT,
        )


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """What starts inside never hears that a terminal's INT or HUP was for doit: doit ends works in order, and workers
    last."""
    resource_tracker.ensure_running()  # whoever starts that of multiprocessing's lets INT through again (Python 3.11)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
