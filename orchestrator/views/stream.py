"""A stream that a run may print to whatever becomes of who reads it: a pipe that was closed, a terminal that went away,
a disk that is full. Work is not lost because nobody listens any more."""

from __future__ import annotations

import contextlib
import os
from typing import Any, TextIO


class Tolerant:
    """Passes everything on to a stream, until that fails."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.broken: OSError | None = None
        """Why nothing more is written."""

    def write(self, text: str) -> int:
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def give_up(self) -> None:
        """After a failure: let nothing that is still buffered fail again when Python ends."""
        if self.broken is not None:
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def _try(self, write: Any) -> None:
        if self.broken is None:
            try:
                write()
            except OSError as error:
                self.broken = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
