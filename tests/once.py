"""Makes something once for all processes that want it: those of pytest-xdist, and other test runs beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def once(place: Path, make: Callable[[Path], None]) -> Path:
    """The file or folder at a place, made there by `make` where it is missing.

    It is made beside its place and renamed, so that it is there whole or not at all. Whoever comes meanwhile waits.
    """
    if place.exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_name(f"{place.name}.lock")):
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=place.parent) as beside:
                made = Path(beside) / "made"
                make(made)
                made.rename(place)
    return place
