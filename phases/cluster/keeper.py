"""The process between a worker and a command: it executes, and ends all when its worker or the lease is gone.

A process of its own, because a worker that was killed or is frozen can end nothing.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from ..executor import Command, Outcome, Start
from ..local import LocalExecutor
from . import frames
from .lease import now

PIECE = 1 << 13
"""Bytes of output in one message: Dask remembers the last thousand messages in each place that they pass."""
LAST_WORDS = 0.5
"""Seconds that the thread which executes gets, between two looks for processes to end."""
LOOK = 1.0
"""Seconds between two looks at the clock, at most. Who waits does so by a clock that stands still while the machine
sleeps, and the lease goes by one that does not."""


class Keeper:
    """Executes the one command that comes first through a pipe; then come `until`, `stop` and `kill`."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._executor = LocalExecutor(output=self._relay)
        self._telling = threading.Lock()
        self._saying = threading.Thread()
        self._ends_all = False
        self._until = 0.0
        self._leaders = [os.getpid()]
        """A keeper leads a session of its own: what has not yet become a session's leader is in this one."""

    def keep(self) -> None:
        """Execute it, tell how it ended, and end this process."""
        first = frames.read(self._reading)
        if first is None:
            os._exit(0)
        order, _ = first
        self._marks: Mapping[str, str] = order["marks"]
        self._scratch: str | None = order["scratch"]
        self._until = float(order["until"])
        if self._is_over:  # its worker was frozen before it wrote this, and another one may have the command by now
            self._leave()
        ended, end = os.pipe()
        thread = threading.Thread(target=self._execute, args=(order, end), daemon=True)
        thread.start()
        while True:
            if self._is_over:
                self._end_all(thread)
            ready, _, _ = select.select([self._reading, ended], [], [], max(0.0, min(self._until - now(), LOOK)))
            if ended in ready:
                os._exit(0)
            if not ready:
                self._prepare_to_end_all()
            if self._reading in ready:
                message = frames.read(self._reading)
                if message is None:
                    self._end_all(thread)
                if "until" in message[0]:
                    self._until = max(self._until, float(message[0]["until"]))
                    if not self._saying.is_alive():
                        self._saying = threading.Thread(target=self._say_so, daemon=True)
                        self._saying.start()
                if message[0].get("stop"):
                    threading.Thread(target=self._executor.stop, daemon=True).start()
                if message[0].get("kill"):
                    self._executor.kill()

    @property
    def _is_over(self) -> bool:
        return now() >= self._until

    def _say_so(self) -> None:
        """Let the worker see that this process goes on; on a thread of its own, because nobody may be reading."""
        with contextlib.suppress(OSError), self._telling:
            frames.write(self._writing, {"alive": True})

    def _execute(self, order: Mapping[str, Any], end: int) -> None:
        try:
            execute = self._execute_staged if order["store"] else self._execute_here
            outcome = execute(order)
        except OSError as error:  # such as: no more file descriptors
            outcome = Outcome(0.0, error=f"could not be started: {error.strerror}")
        if self._ends_all:
            return  # it did not end by itself: that is for the worker to tell, if it can
        with self._telling:
            frames.write(self._writing, {"ended": outcome_data(outcome)})
        os.write(end, b".")

    def _execute_here(self, order: Mapping[str, Any]) -> Outcome:
        if self._is_over:  # this process may have been frozen, or the inputs took long to come
            return Outcome(0.0, error="its lease was over before it started", lost=True)
        return self._executor.execute(command_of(order), self._started)

    def _execute_staged(self, order: Mapping[str, Any]) -> Outcome:
        """Between bringing inputs and putting outputs. A store that does not work says nothing against the command."""
        from ..storage import Storage, StorageError
        from . import staging

        store, root = order["store"], Path(order["scratch"])
        storage = Storage(store["url"])
        try:
            staging.fetch_files(storage, [staging.File(**file) for file in store["files"]], root)
            for place in (order["cwd"], *((root / output).parent for output in store["outputs"])):
                Path(place).mkdir(parents=True, exist_ok=True)
            outcome = self._execute_here(order)
            if outcome.succeeded:
                staging.put_outputs(storage, root, store["outputs"], order["token"])
        except StorageError as error:
            return Outcome(0.0, error=str(error), lost=True)
        return outcome

    def _started(self, start: Start) -> None:
        assert start.pid is not None
        self._leaders.append(start.pid)

    def _relay(self, command: Command) -> Relay:
        return Relay(self._writing, self._telling)

    def _prepare_to_end_all(self) -> None:
        """Take the time for that now, where the command takes some, too: when the lease is over each moment counts."""
        from .. import processes  # noqa: F401

    def _end_all(self, thread: threading.Thread) -> NoReturn:
        """End the command with all that it started, and this process. Twice, because it may be about to start."""
        from .. import processes

        self._ends_all = True
        self._executor.kill()
        processes.kill(self._leaders, self._marks)
        thread.join(LAST_WORDS)
        processes.kill(self._leaders, self._marks)
        self._leave()

    def _leave(self) -> NoReturn:
        """End this process, when nothing of the command runs."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        os._exit(1)


class Relay:
    """Hands output on as it comes. Blocks while nobody takes it, as a pipe does."""

    def __init__(self, pipe: int, telling: threading.Lock) -> None:
        self._pipe = pipe
        self._telling = telling

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def take(self, chunk: bytes) -> None:
        for start in range(0, len(chunk), PIECE):
            with self._telling:
                frames.write(self._pipe, {"output": True}, chunk[start : start + PIECE])

    def end(self) -> str:
        return ""


def command_of(order: Mapping[str, Any]) -> Command:
    """The command that an order asks for, to be executed on this machine."""
    return Command(
        argv=tuple(order["argv"]),
        cwd=Path(order["cwd"]),
        env=order["env"],
        log=Path(os.devnull),
        marks=order["marks"],
        reports=order["reports"],
        timeout=order["timeout"],
    )


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """An outcome in JSON's types; `Outcome(**data)` is it again."""
    return {
        "duration": outcome.duration,
        "exit_code": outcome.exit_code,
        "signal": outcome.signal,
        "error": outcome.error,
        "lost": outcome.lost,
        "timed_out": outcome.timed_out,
        "stopped": outcome.stopped,
        "report": dict(outcome.report),
        "peak_memory": outcome.peak_memory,
    }
