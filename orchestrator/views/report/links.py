"""Links of a report: to files beside it, and to the web. Pure."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from ...plan import Phase


def beside(root: Path, path: str, place: Path) -> str:
    """The link to a file of the project from a report in the folder `place`, with every byte encoded that could mean
    something in a link: so none of them is `javascript:`, a host, a query or a fragment."""
    relative = os.path.relpath(os.path.join(root, path), place)
    return quote(os.fsencode(relative), safe="/")


def web(text: str) -> str | None:
    """The text as a link to the web, where it is one; None for anything else."""
    if any(mark.isspace() or not mark.isprintable() for mark in text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and host else None


def anchor(phase: Phase | str) -> str:
    """The id of a phase's details. Names of phases are letters, digits, `_`, `.` and `-`."""
    return f"phase-{phase if isinstance(phase, str) else phase.name}"
