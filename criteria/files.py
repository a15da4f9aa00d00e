"""Files of the project as criteria see them: what is wrong with one is Trouble, told with its path."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from criteria.model import Trouble
from criteria.sizes import show

LIMIT = 64 * 1024 * 1024  # bytes; a document is held in memory, some ten times over once parsed


@dataclass(frozen=True, slots=True)
class Extent:
    """Size in bytes and latest modification (epoch seconds) of a file, or of all files below a folder together."""

    size: int
    modified: float
    folder: bool


def extent(root: Path, path: str) -> Extent:
    status = _status(root, path)
    if stat.S_ISREG(status.st_mode):
        return Extent(status.st_size, status.st_mtime, folder=False)
    if not stat.S_ISDIR(status.st_mode):
        raise Trouble(f"{path} is neither a file nor a folder")
    try:
        inside = [each for each in _below(root / path) if stat.S_ISREG(each.st_mode)]
    except OSError as error:
        raise _unreadable(path, error) from None
    return Extent(sum(each.st_size for each in inside), max((each.st_mtime for each in inside), default=0), folder=True)


def _below(folder: Path) -> list[os.stat_result]:
    found = []
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry))
                elif entry.is_file():  # a link that leads nowhere is none
                    found.append(entry.stat())
    return found


def regular(root: Path, path: str) -> Path:
    """The place of a file that can be opened without waiting for ever, as for a named pipe, and is not empty."""
    status = _status(root, path)
    if not stat.S_ISREG(status.st_mode):
        raise Trouble(f"{path} is {'a folder' if stat.S_ISDIR(status.st_mode) else 'not a regular file'}")
    if status.st_size == 0:
        raise Trouble(f"{path} is empty")
    return root / path


def content(root: Path, path: str) -> bytes:
    """All of a file."""
    try:
        with regular(root, path).open("rb") as file:
            data = file.read(LIMIT + 1)
            if len(data) > LIMIT:
                total = show(os.fstat(file.fileno()).st_size, LIMIT)
                raise Trouble(f"{path} is {total}, more than the {show(LIMIT)} that are read of a document")
            return data
    except OSError as error:
        raise _unreadable(path, error) from None


def tail(root: Path, path: str) -> bytes:
    """The end of a file, all of it unless it is huge."""
    try:
        with regular(root, path).open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LIMIT))
            return file.read(LIMIT)
    except OSError as error:
        raise _unreadable(path, error) from None


def sha256(root: Path, path: str) -> str:
    import hashlib

    digest = hashlib.sha256()
    try:
        with regular(root, path).open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise _unreadable(path, error) from None
    return digest.hexdigest()


def _status(root: Path, path: str) -> os.stat_result:
    try:
        return os.stat(os.path.join(root, path))
    except (FileNotFoundError, NotADirectoryError):
        raise Trouble(f"{path} is missing") from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> Trouble:
    return Trouble(f"{path} cannot be read: {error.strerror or error}")
