"""An entry of the cache → the outputs of a work, in their places.

Everything is brought and held against its hash first, in a folder of its own; only then the outputs change places. A
kill between leaves a work that has no record, which therefore runs or is restored again.
"""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ..config.paths import leaves_through_link
from ..state.place import INCOMING
from .entries import Entries
from .manifest import Damaged, Manifest, StoredFile
from .parallel import each


class Stopped(Exception):
    """The run was stopped meanwhile."""


def restore(
    manifest: Manifest, outputs: Sequence[str], entries: Entries, root: Path, stopping: Callable[[], bool]
) -> None:
    """Put what the entry holds in the place of these outputs.

    Raises:
        Damaged: the entry cannot be used; the outputs are as they were.
        Stopped: the run was stopped; the outputs are as they were.
        StorageError: something could not be brought; the outputs are as they were.
        OSError: something could not be written.
    """
    for output in outputs:
        if leaves_through_link(str(root), output):
            raise Damaged(f"{output} leads out of the project here")
    place = root / INCOMING / secrets.token_hex(8)
    place.mkdir(parents=True)
    try:
        if manifest.size > shutil.disk_usage(place).free:
            raise Damaged(f"there is no room here for its {manifest.size} bytes")
        _bring(manifest, entries, place, stopping)
        for number, output in enumerate(outputs):
            _exchange(place / "new" / output, root / output, place / f"old{number}")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _bring(manifest: Manifest, entries: Entries, place: Path, stopping: Callable[[], bool]) -> None:
    new, contents = place / "new", place / "contents"
    new.mkdir()
    contents.mkdir()

    def bring(file: StoredFile) -> None:
        if stopping():
            raise Stopped
        entries.bring(file, contents / file.sha256)

    each(bring, list({file.sha256: file for file in manifest.files}.values()))
    for folder in manifest.folders:
        (new / folder).mkdir(parents=True, exist_ok=True)
    left = Counter(file.sha256 for file in manifest.files)
    for file in manifest.files:
        path = new / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        left[file.sha256] -= 1
        if left[file.sha256]:
            shutil.copyfile(contents / file.sha256, path)
        else:
            (contents / file.sha256).rename(path)
    for file in manifest.files:
        if file.executable:
            path = new / file.path
            mode = path.stat().st_mode
            path.chmod(mode | (mode & 0o444) >> 2)  # for those who may read it, as the umask has it
    for name, target in manifest.links:
        link = new / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def _exchange(new: Path, place: Path, old: Path) -> None:
    """Move `new` to its place, and what was there away. `move` copies where that is on another file system."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() or place.is_symlink():
        shutil.move(place, old)
    shutil.move(new, place)
