"""The compiled plan, kept beside the state so that an unchanged configuration costs microseconds a phase.

Keyed by the content of every file that went in and by the versions of phasegate and Python: there is nothing to
invalidate. The payload carries its own hash, because `marshal` may crash on damaged bytes; whatever is wrong with the
file, the answer is None and the plan is compiled again.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ..plan import Plan

FORMAT = b"phasegate plan 6\n"


def key(files: Mapping[str, bytes], version: str) -> bytes:
    """32 bytes that are different as soon as anything that the plan is made from is."""
    digest = hashlib.sha256(f"{version}\0{sys.version}".encode())
    for name, content in files.items():
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.digest()


def load(path: Path, expected: bytes) -> Plan | None:
    """The plan stored under this key; None where there is none, another, or a damaged one."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    head = FORMAT + expected
    start = len(head) + 32
    if not content.startswith(head) or hashlib.sha256(content[start:]).digest() != content[len(head) : start]:
        return None
    try:
        return Plan.from_data(marshal.loads(content[start:]))
    except (EOFError, TypeError, ValueError):
        return None


def store(path: Path, expected: bytes, plan: Plan) -> None:
    """Keep the plan; where that is not possible (a read-only tree) the next load compiles again."""
    payload = marshal.dumps(plan.as_data())
    content = FORMAT + expected + hashlib.sha256(payload).digest() + payload
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
