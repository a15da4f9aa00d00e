"""What a work made, as it lies in the project: every file with its digest, folders and links."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from ..config.paths import leaves_through_link
from ..state.digests import ABSENT, UNREADABLE
from ..state.files import State as FileState
from .manifest import StoredFile, is_kept

Inventory: TypeAlias = tuple[tuple[StoredFile, ...], tuple[str, ...], tuple[tuple[str, str], ...]]
"""Files, folders and links of a manifest."""


class NotKept(Exception):
    """Outputs that no entry can hold; the text says why."""


def inventory(root: Path, outputs: Sequence[str], state: Callable[[str], FileState]) -> Inventory:
    """All that stands under these outputs.

    Args:
        state: takes the digest of a file.

    Raises:
        NotKept: something there is no file, folder or link that would mean the same in another clone.
        OSError: something cannot be looked at.
    """
    files: list[StoredFile] = []
    folders: list[str] = []
    links: list[tuple[str, str]] = []
    for output in outputs:
        if leaves_through_link(str(root), output):
            raise NotKept(f"{output} leads out of the project")
        for path, status in _walk(root, output):
            if stat.S_ISLNK(status.st_mode):
                target = os.readlink(root / path)
                if not is_kept(path, target, outputs):
                    raise NotKept(f"{path} is a link out of the outputs")
                links.append((path, target))
            elif stat.S_ISDIR(status.st_mode):
                folders.append(path)
            elif stat.S_ISREG(status.st_mode):
                files.append(_file(path, status, state(path)))
            else:
                raise NotKept(f"{path} is neither a file nor a folder")
    return tuple(files), tuple(folders), tuple(links)


def _file(path: str, status: os.stat_result, digest: FileState) -> StoredFile:
    if not isinstance(digest, str) or digest in (ABSENT, UNREADABLE):
        raise NotKept(f"{path} cannot be read")
    return StoredFile(path, digest, status.st_size, bool(status.st_mode & stat.S_IXUSR))


def _walk(root: Path, path: str) -> Iterator[tuple[str, os.stat_result]]:
    """A path and all that lies below it, following no link; each folder before what lies in it."""
    status = os.lstat(root / path)
    yield path, status
    if stat.S_ISDIR(status.st_mode):
        for name in sorted(os.listdir(root / path)):
            yield from _walk(root, f"{path}/{name}")
