"""Entries of the cache in their storage: contents by their own hash, and a manifest that names them, written last.

An entry counts when its manifest is there, and whatever is brought from it is held against its hash: what a killed
process, two at a time or a damaged disk left is not used, and the next one that is made replaces it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from phases.content import sha256_of
from phases.storage import Absent, OtherSize, Storage

from .key import FORMAT
from .manifest import Damaged, Manifest, StoredFile
from .parallel import each

LARGEST_MANIFEST = 64 << 20
"""Bytes."""


class _NotPut(Exception):
    """A content is not there."""


def manifest_key(key: str) -> str:
    """Where the manifest of an entry is."""
    return f"v{FORMAT}/works/{key[:2]}/{key}.json"


def content_key(sha256: str) -> str:
    """Where a content is."""
    return f"v{FORMAT}/contents/{sha256[:2]}/{sha256}"


class Entries:
    """Reads and writes entries; may be used by several threads at once.

    Raises:
        StorageError: from every method, where the storage cannot do it.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, key: str, outputs: Sequence[str]) -> Manifest | None:
        """The manifest of an entry; None where there is no such entry.

        Raises:
            Damaged: there is one, and it cannot be used.
        """
        try:
            content = self._storage.read(manifest_key(key), LARGEST_MANIFEST)
        except Absent:
            return None
        except OtherSize:
            raise Damaged("it is too large") from None
        return Manifest.from_bytes(content, key, outputs)

    def bring(self, file: StoredFile, to: Path) -> None:
        """Bring a content to a file that nobody reads yet.

        Raises:
            Damaged: it is not there, or not what it should be.
            OSError: the file cannot be written.
        """
        try:
            self._storage.get(content_key(file.sha256), to, file.size)
        except Absent:
            raise Damaged(f"the content of {file.path} is gone") from None
        except OtherSize:
            raise Damaged(f"the content of {file.path} has another size") from None
        if sha256_of(to) != file.sha256:
            raise Damaged(f"the content of {file.path} is not what it was")

    def put(self, manifest: Manifest, root: Path, anew: bool, go_on: Callable[[], bool]) -> bool:
        """Put an entry there, in the place of the one with its key.

        Args:
            root: the project, where the files lie.
            anew: contents that are there already are not trusted.
            go_on: asked before each content.

        Returns:
            Is it there? Not when it should not go on, nor when a file is no longer what it was.

        Raises:
            OSError: a file cannot be read.
        """
        contents = {file.sha256: file for file in manifest.files}
        try:
            each(lambda file: self._put(file, root, anew, go_on), list(contents.values()))
        except _NotPut:
            return False
        self._storage.write(manifest_key(manifest.key), manifest.to_bytes())
        return True

    def _put(self, file: StoredFile, root: Path, anew: bool, go_on: Callable[[], bool]) -> None:
        """Put a content there.

        Raises:
            _NotPut: it should not go on, or the file is no longer what it was.
        """
        key, path = content_key(file.sha256), root / file.path
        if not go_on():
            raise _NotPut
        if not anew and self._storage.size(key) == file.size:
            return
        before = _stamp(path)
        if sha256_of(path) != file.sha256:
            raise _NotPut
        self._storage.put(path, key)
        if _stamp(path) != before:  # what was put there may be half of this and half of that
            self._storage.remove(key)
            raise _NotPut


def _stamp(path: Path) -> tuple[int, int, int, int]:
    status = os.stat(path)
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns
