"""By what a result is found again: everything that decides whether it is up to date. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..plan import Work, canonical
from ..state.digests import ABSENT, UNREADABLE
from ..state.files import UNREAD, flat
from ..state.files import State as FileState
from ..state.records import DEFINITION, PATHS, VALUES, Record

FORMAT = 1
"""Of keys and entries; another one finds nothing of this one."""


def key_of(work: Work, record: Record, salt: str) -> str:
    """64 hex digits over a work, the definition and the inputs' states of a record of it, and the salt.

    They are taken from the record, and from nothing else: what would make it stale (reasons.py) is what finds another
    entry.
    """
    parts = {
        "format": FORMAT,
        "task": work.task,
        "outputs": list(work.outputs),
        "definition": record[VALUES][DEFINITION],
        "inputs": {path: record[path] for path in record[PATHS]},
        "salt": salt,
    }
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def are_known(states: Mapping[str, FileState]) -> bool:
    """Is it known of all inputs what they hold?"""
    unknown = (ABSENT, UNREAD, UNREADABLE)
    return all(digest not in unknown for path, state in states.items() for digest in flat(path, state).values())
