"""The compiled plan, kept beside the state so that an unchanged configuration costs microseconds a phase.

Keyed by the content of every file that went in and by the versions of phasegate and Python: there is nothing to
invalidate. Whatever is wrong with the file, the answer is None and the plan is compiled again.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import kept

if TYPE_CHECKING:
    from ..plan import Plan

FORMAT = b"phasegate plan 8\n"


def key(files: Mapping[str, bytes], others: Sequence[str], version: str) -> bytes:
    """32 bytes that are different as soon as anything that the plan is made from is.

    Args:
        others: the names of files beside these: one whose name is nearly that of a file which is lacking is refused.
    """
    digest = hashlib.sha256(f"{version}\0{sys.version}\0{list(others)!r}".encode())
    for name, content in files.items():
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.digest()


def load(path: Path, expected: bytes) -> Plan | None:
    """The plan stored under this key; None where there is none, another, or a damaged one."""
    from .plan_data import from_data

    payload = kept.load(path, FORMAT + expected)
    if payload is None:
        return None
    try:
        return from_data(marshal.loads(payload))
    except (EOFError, TypeError, ValueError):
        return None


def store(path: Path, expected: bytes, plan: Plan) -> None:
    """Keep the plan; where that is not possible (a read-only tree) the next load compiles again."""
    from .plan_data import as_data

    kept.store(path, FORMAT + expected, marshal.dumps(as_data(plan)))
