"""Removing what a work made: for `doit clean`, and after an attempt that failed where the plan asks for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from ..config.paths import leaves_through_link


def there(root: Path, outputs: Iterable[str]) -> list[str]:
    """Those of the outputs that are there, be it as a link that leads nowhere."""
    return [output for output in outputs if (root / output).exists() or (root / output).is_symlink()]


def may_go(root: Path, output: str) -> bool:
    """Does it lie in the project? What a link leads out to is never removed."""
    return not leaves_through_link(str(root), output)


def remove(root: Path, output: str) -> None:
    """Remove one output, a folder with all that is in it.

    Raises:
        OSError: it cannot be removed.
    """
    path = root / output
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def remove_all(root: Path, outputs: Iterable[str]) -> list[str]:
    """Remove all of them that may go; a sentence on each that could not be removed."""
    lost = []
    for output in there(root, outputs):
        try:
            if may_go(root, output):
                remove(root, output)
        except OSError as error:
            lost.append(f"{output} is left of an attempt that failed, and could not be removed: {error.strerror}")
    return lost
