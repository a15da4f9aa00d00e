"""Messages over a pipe, between a worker and the keeper of a command: a mapping in JSON, and bytes."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

HEAD = struct.Struct("!II")
"""The lengths of the two parts."""


def write(pipe: int, message: Mapping[str, Any], data: bytes = b"") -> None:
    """Write all of it. Of at most 4096 bytes the kernel makes one piece: then a reader never has to wait for the rest.

    Raises:
        OSError: nobody reads there any more.
    """
    text = json.dumps(message).encode()
    rest = memoryview(HEAD.pack(len(text), len(data)) + text + data)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def read(pipe: int) -> tuple[dict[str, Any], bytes] | None:
    """The next message; None when there will be none any more."""
    head = _exactly(pipe, HEAD.size)
    if head is None:
        return None
    size, more = HEAD.unpack(head)
    text, data = _exactly(pipe, size), _exactly(pipe, more)
    return None if text is None or data is None else (json.loads(text), data)


def _exactly(pipe: int, size: int) -> bytes | None:
    parts = []
    while size:
        part = os.read(pipe, size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
