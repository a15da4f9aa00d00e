"""Folders as they were before a run, without deleting anything. A file system that has just deleted thousands of files
may take long to make new ones, and that would be measured: ext4 without a journal passes over inodes that were freed
within the last minute."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path


def put_aside(folder: Path, patterns: Iterable[str]) -> None:
    """Move what matches one of the patterns out of a folder, to one beside it that goes with it in the end."""
    aside = folder.parent / "aside" / f"{folder.name}-{time.monotonic_ns()}"
    for path in [path for pattern in patterns for path in folder.glob(pattern)]:
        place = aside / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
