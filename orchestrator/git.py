"""What git says of a project."""

from __future__ import annotations

import subprocess
from pathlib import Path

PATIENCE = 10.0
"""Seconds."""


def git(root: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails, takes too long, or is not there."""
    try:
        told = subprocess.run(
            ["git", *arguments], cwd=root, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.decode("utf-8", "replace").strip() if told.returncode == 0 else None
