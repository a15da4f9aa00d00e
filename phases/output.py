"""Where the output of one execution goes: masked first, then into a log with a cap, a tail in memory, a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from .executor import Command
from .log import CappedLog

TAIL = 16_384
"""Bytes of output that are kept in memory: what an error is told by."""


class Sink(Protocol):
    """What takes the output of one execution. A context manager: at its end all is where it belongs."""

    def __enter__(self) -> Sink: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def take(self, chunk: bytes) -> None: ...
    def end(self) -> str: ...


class Output:
    """Takes chunks of bytes as they come. A context manager: at its end all is written.

    Raises:
        OSError: the log cannot be written.
    """

    def __init__(self, command: Command) -> None:
        self._log = CappedLog(command.log, command.log_cap)
        self._masked = command.secrets.stream() if command.secrets else None
        self._echo = command.echo
        self._tail = b""

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()

    def take(self, chunk: bytes) -> None:
        """What the process wrote."""
        self._pass_on(chunk if self._masked is None else self._masked.feed(chunk))

    def end(self) -> str:
        """Nothing more comes; the tail, as text."""
        if self._masked is not None:
            self._pass_on(self._masked.flush())
        return self._tail.decode("utf-8", "replace")

    def _pass_on(self, chunk: bytes) -> None:
        if not chunk:
            return
        self._log.write(chunk)
        self._tail = chunk[-TAIL:] if len(chunk) >= TAIL else (self._tail + chunk)[-TAIL:]
        if self._echo is not None:
            self._echo(chunk)
