"""Files that spare the next command some work, kept beside the state: whatever becomes of one, it is made again.

The payload carries its own hash, because `marshal`, with which both are written, may crash on damaged bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

HASH = 32
"""Bytes of it."""


def load(path: Path, head: bytes) -> bytes | None:
    """The payload of a file that begins with `head`; None where there is none, another, or a damaged one."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    start = len(head) + HASH
    if not content.startswith(head) or hashlib.sha256(content[start:]).digest() != content[len(head) : start]:
        return None
    return content[start:]


def store(path: Path, head: bytes, payload: bytes) -> None:
    """Keep it, whole or not at all; where that is not possible (a read-only tree) nothing happens."""
    content = head + hashlib.sha256(payload).digest() + payload
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
