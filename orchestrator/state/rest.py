"""That all was done, and by what it is seen at a glance that nothing happened since.

Where a plan stands follows from its configuration, the file with the state, the project's files and the clock, and from
nothing else (standing.py). A run that asked for every phase and found all of them done keeps what these were. While
they are the same, the next one need not ask, nor even load the plan: a stat of each file is all. Whatever differs, or
cannot be told, the answer is that it must ask; it never is which phase is stale.
"""

from __future__ import annotations

import marshal
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .. import kept
from .listing import Signature, is_settled, signature, stamp
from .place import FOLDER, NAME

FORMAT = b"phasegate rest 1\n"
PATH = Path(FOLDER) / "rest"


class Rest(NamedTuple):
    """A plan of which all is done. Every field is made of what `marshal` knows."""

    name: str
    """The plan's."""
    phases: Sequence[str]
    jobs: int
    github: Mapping[str, Any] | None
    modules: Mapping[str, str | None]
    """These as the plan has them."""
    state: Signature
    """Of the file with the state, while nobody had it open."""
    since: float
    """When it was asked, in seconds since 1970."""
    until: float | None
    """When the first approval, waiver or verdict expires."""
    paths: Sequence[str]
    signatures: Sequence[Signature]
    """The files, and their signatures in the same order."""
    absent: Sequence[str]
    """What was not there."""
    groups: Mapping[str, Sequence[tuple[str, Signature | None]]]
    """The files of each folder and glob, in their order."""


def load(root: Path, key: bytes) -> Rest | None:
    """What was kept for the configuration with this key; None where nothing was."""
    payload = kept.load(root / PATH, FORMAT + key)
    if payload is None:
        return None
    try:
        return Rest(*marshal.loads(payload))
    except (EOFError, TypeError, ValueError):
        return None


def store(root: Path, key: bytes, rest: Rest) -> None:
    """Keep it for the next run."""
    fields: Any = tuple(rest)
    kept.store(root / PATH, FORMAT + key, marshal.dumps(fields))


def state_signature(root: Path) -> Signature | None:
    """What is another one as soon as the state was written to; None where that cannot be told: somebody has it open,
    or left a log beside it, or it was written just now."""
    name = str(root / NAME)
    try:
        status = os.stat(name)
    except OSError:
        return None
    if any(os.path.lexists(name + log) for log in ("-wal", "-journal")) or not is_settled(status, time.time_ns()):
        return None
    return signature(status)


def is_same(rest: Rest, root: Path, now: float) -> bool:
    """Is all as it was?"""
    if not rest.since <= now < (now + 1 if rest.until is None else rest.until):
        return False
    if state_signature(root) != rest.state:
        return False
    folder = os.open(root, os.O_RDONLY)
    try:
        return (
            _are_same(folder, rest.paths, rest.signatures)
            and all(_is_absent(folder, path) for path in rest.absent)
            and all(stamp(str(root), path) == list(files) for path, files in rest.groups.items())
        )
    except OSError:
        return False
    finally:
        os.close(folder)


def _are_same(folder: int, paths: Sequence[str], signatures: Sequence[Signature]) -> bool:
    """Have these files these signatures? Most of the time that a `doit` with nothing to do takes is spent here."""
    look = os.stat
    for path, before in zip(paths, signatures, strict=True):
        now = look(path, dir_fd=folder)
        if (now.st_size, now.st_ino, now.st_mtime_ns, now.st_ctime_ns) != before:
            return False
    return True


def _is_absent(folder: int, path: str) -> bool:
    try:
        os.stat(path, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return True
    return False
