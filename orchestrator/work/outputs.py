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
    """Remove all of them that may go; those that went.

    Raises:
        OSError: one cannot be removed.
    """
    gone = [output for output in there(root, outputs) if may_go(root, output)]
    for output in gone:
        remove(root, output)
    return gone
