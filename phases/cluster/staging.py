"""Inputs and outputs of a work whose worker shares no file system with doit: through a store behind a URL.

What a file holds lies under `content/SHA-256`, put there by whoever has it first; nothing is put twice. Outputs are put
there by the worker, and named, last of all, in `attempts/TOKEN.json`: an attempt whose list is there has all of them.
Whoever fetches a content looks whether it has the digest that it was asked for by.
"""

from __future__ import annotations

import json
import os
import posixpath
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ..content import sha256_of
from ..storage import Storage, StorageError

LARGEST_LIST = 64 << 20
"""Bytes that the list of an attempt's outputs may have: some hundred thousand files."""

STAGING = "staging-"
"""Begins the names of folders below .doit with outputs that are brought."""
TRIES = 3
"""How often a file is read that changes each time."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that travels."""

    path: str
    """Relative to the project, with `/`."""
    digest: str
    """SHA-256 of its content, in hex."""
    size: int
    executable: bool = False


def put_files(storage: Storage, root: Path, paths: Iterable[str]) -> list[File]:
    """Put files of a folder into the store, as far as it does not have them.

    Raises:
        StorageError: also where one cannot be read.
    """
    return [_put(storage, root, path) for path in paths]


def fetch_files(storage: Storage, files: Iterable[File], root: Path) -> None:
    """Bring files from the store into a folder; each is there whole, or not at all.

    Raises:
        StorageError: also where a content is not the one that it should be.
    """
    for file in files:
        target = root / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(storage, file, target)


def put_outputs(storage: Storage, root: Path, outputs: Iterable[str], token: str) -> None:
    """Put the outputs of an attempt into the store, those that are there, and then the list of them.

    Raises:
        StorageError: it has no list then.
    """
    put = [asdict(file) for file in put_files(storage, root, [f for output in outputs for f in _below(root, output)])]
    folders = [folder for output in outputs for folder in _folders(root, output)]
    storage.write(_list_of(token), json.dumps({"files": put, "folders": folders}).encode())


def take_outputs(storage: Storage, root: Path, outputs: Iterable[str], token: str) -> None:
    """Bring the outputs of an attempt to their places in the project. All are fetched and looked at before the first
    one takes its place, which a file does in one step.

    Raises:
        StorageError, OSError: some may be in their places.
    """
    told = json.loads(storage.read(_list_of(token), LARGEST_LIST))
    files, folders = [File(**file) for file in told["files"]], told["folders"]
    aside = root / ".doit" / f"{STAGING}{secrets.token_hex(4)}"
    try:
        for output in outputs:
            own = [file for file in files if _is_of(file.path, output)]
            for folder in folders:
                if _is_of(folder, output):
                    (aside / _checked(folder)).mkdir(parents=True, exist_ok=True)
            for file in own:
                _checked(file.path)
            fetch_files(storage, own, aside)
        for output in outputs:
            if (aside / output).exists():
                _replace(aside / output, root / output, aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def clear_staging(root: Path) -> None:
    """Remove what a killed doit left of outputs that it was bringing. Nobody else may be bringing any."""
    for left in (root / ".doit").glob(f"{STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _put(storage: Storage, root: Path, path: str) -> File:
    """Again where the file is written to meanwhile: what was put there may be half of this and half of that."""
    source = root / path
    try:
        for _ in range(TRIES):
            before = _stamp(source)
            digest, executable = sha256_of(source), os.access(source, os.X_OK)
            is_there = storage.size(_key(digest)) == before[0]
            if not is_there:
                storage.put(source, _key(digest))
            if _stamp(source) == before:
                return File(path, digest, before[0], executable)
            if not is_there:
                storage.remove(_key(digest))
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from None
    raise StorageError(f"{path} is written to while it is read; let it be finished first")


def _stamp(path: Path) -> tuple[int, int, int, int]:
    status = path.stat()
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _fetch(storage: Storage, file: File, target: Path) -> None:
    """Into a name of its own first: the target may be a link that leads elsewhere. A content that is another one, as
    after a power cut, is removed: else nobody would ever put the right one there."""
    fetched, key = target.with_name(f".{secrets.token_hex(4)}.new"), _key(file.digest)
    try:
        storage.get(key, fetched, file.size)
        if sha256_of(fetched) != file.digest:
            raise StorageError(f"{storage}: {key} {_removed(storage, key)}")
        if file.executable:
            fetched.chmod(fetched.stat().st_mode | 0o111)
        fetched.replace(target)
    except OSError as error:
        raise StorageError(f"{file.path}: {error.strerror}") from None
    finally:
        fetched.unlink(missing_ok=True)


def _removed(storage: Storage, key: str) -> str:
    try:
        storage.remove(key)
    except StorageError as error:
        return f"holds something else; remove it there, which failed from here: {error}"
    return "held something else, and was removed"


def _below(root: Path, output: str) -> list[str]:
    """The files of an output, relative to the folder; links to folders are not followed, as a digest follows none."""
    place = root / output
    if not place.is_dir():
        return [output] if place.is_file() else []
    found = (Path(folder) / name for folder, _, names in os.walk(place) for name in names)
    return sorted(path.relative_to(root).as_posix() for path in found if path.is_file())


def _replace(source: Path, target: Path, aside: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() or (target.is_dir() and not target.is_symlink()):
        if target.exists() or target.is_symlink():
            target.rename(aside / f"old-{secrets.token_hex(4)}")
        source.rename(target)
    else:
        source.replace(target)


def _folders(root: Path, output: str) -> list[str]:
    """An output that is a folder, and all folders in it, relative to the project: empty ones are part of it, too."""
    place = root / output
    if not place.is_dir():
        return []
    return sorted(Path(folder).relative_to(root).as_posix() for folder, _, _ in os.walk(place))


def _is_of(path: str, output: str) -> bool:
    return path == output or path.startswith(f"{output}/")


def _checked(path: str) -> str:
    """The path, if it stays below the folder that it is put under."""
    if path.startswith("/") or posixpath.normpath(path) != path or path.split("/")[0] == "..":
        raise StorageError(f"the list of an attempt names {path!r}")
    return path


def _key(digest: str) -> str:
    return f"content/{digest}"


def _list_of(token: str) -> str:
    return f"attempts/{token}.json"


def told(files: Iterable[File]) -> list[Mapping[str, object]]:
    """Files in JSON's types; `File(**data)` is one again."""
    return [asdict(file) for file in files]
