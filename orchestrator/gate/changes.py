"""What changed since a gate last opened: what a person who is asked to approve wants to see first."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..plan import canonical
from ..state.files import State as FileState
from ..state.files import flat

MOST_FILES = 1000
"""Beyond so many files an output is compared as a whole: the journal is no place for listings of millions."""

Contents = dict[str, list[Any]]
"""Path → digest and bytes, in JSON's types."""


def contents(root: Path, outputs: Mapping[str, FileState]) -> Contents:
    """The files of all outputs, or where they are too many the outputs, each with its digest and size."""
    files = {file: digest for path, state in outputs.items() for file, digest in flat(path, state).items()}
    if len(files) <= MOST_FILES:
        return {file: [digest, _size(os.path.join(root, file))] for file, digest in files.items()}
    return {
        path: [
            hashlib.sha256(canonical(state).encode()).hexdigest(),
            sum(_size(os.path.join(root, file)) for file in flat(path, state)),
        ]
        for path, state in outputs.items()
    }


def changes(
    before: Contents, now: Contents, metrics_before: Mapping[str, float], metrics_now: Mapping[str, float]
) -> list[dict[str, Any]]:
    """What was added, changed and removed, with sizes in bytes; and metrics that have another value."""
    return [
        *(_file("added", path, None, now[path][1]) for path in now if path not in before),
        *(
            _file("changed", path, before[path][1], now[path][1])
            for path in now
            if path in before and before[path][0] != now[path][0]
        ),
        *(_file("removed", path, before[path][1], None) for path in before if path not in now),
        *(
            {"what": "metric", "name": name, "before": metrics_before.get(name), "after": value}
            for name, value in metrics_now.items()
            if metrics_before.get(name) != value
        ),
    ]


def _file(what: str, path: str, before: int | None, after: int | None) -> dict[str, Any]:
    return {"what": what, "name": path, "before": before, "after": after}


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
