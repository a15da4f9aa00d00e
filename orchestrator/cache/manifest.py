"""What an entry of the cache says: which files a work made, and by which attempt. Pure.

An entry comes from a place where others write. What is not exactly what this work could have made is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..config.paths import lineage, normal
from ..plan import canonical
from ..state.records import attempt_id

SHA256 = re.compile("[0-9a-f]{64}")
LONGEST_NAME, MOST_NAMES = 200, 20
"""Characters of who and where, and how many of who."""


class Damaged(Exception):
    """An entry that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Made:
    """The attempt behind an entry."""

    run: str
    attempt: int
    at: float
    """When it ended, in seconds since 1970."""
    duration: float
    """Seconds."""
    by: tuple[str, ...]
    """The names of who started the run."""
    host: str

    @property
    def id(self) -> str:
        """Tells this attempt from every other, wherever it was made."""
        return attempt_id(self.run, self.attempt)

    def as_data(self) -> dict[str, Any]:
        """In JSON's types, for the journal."""
        return {**asdict(self), "by": list(self.by)}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of the outputs."""

    path: str
    """Relative to the project."""
    sha256: str
    size: int
    """Bytes."""
    executable: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a work made. Of modes it keeps, as git does, whether a file may be executed."""

    key: str
    files: tuple[StoredFile, ...]
    folders: tuple[str, ...]
    """Those of the outputs, and those in them, each before what lies in it."""
    links: tuple[tuple[str, str], ...]
    """Path and target of symbolic links; they lead to something else in the same outputs."""
    made: Made

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def to_bytes(self) -> bytes:
        """As it is stored, with a checksum over itself."""
        made = self.made
        body = {
            "key": self.key,
            "files": [[file.path, file.sha256, file.size, file.executable] for file in self.files],
            "folders": list(self.folders),
            "links": [list(link) for link in self.links],
            "made": [made.run, made.attempt, made.at, made.duration, list(made.by), made.host],
        }
        return canonical({**body, "checksum": _checksum(body)}).encode()

    @classmethod
    def from_bytes(cls, content: bytes, key: str, outputs: Sequence[str]) -> Manifest:
        """What is stored under a key, for a work with these outputs.

        Raises:
            Damaged: it is not what such a work could have made.
        """
        try:
            body = json.loads(content)
            if not isinstance(body, dict) or body.pop("checksum", None) != _checksum(body):
                raise Damaged("it does not match its own checksum")
            if body["key"] != key:
                raise Damaged("it is the entry of another work")
            manifest = cls(
                key,
                tuple(map(_file, body["files"])),
                tuple(map(_text, body["folders"])),
                tuple((_text(path), _text(target)) for path, target in body["links"]),
                _made(*body["made"]),
            )
            objection = next(manifest._objections(outputs), None)
        except Damaged:
            raise
        except (ValueError, TypeError, KeyError, RecursionError, MemoryError) as error:
            raise Damaged(f"it cannot be read ({type(error).__name__})") from None
        if objection is not None:
            raise Damaged(objection)
        return manifest

    def _objections(self, outputs: Sequence[str]) -> Iterator[str]:
        """Why a work with these outputs cannot have made this."""
        paths = [*(file.path for file in self.files), *(path for path, _ in self.links), *self.folders]
        there, folders = set(paths), set(self.folders)
        for path in paths:
            os.fsencode(path)  # ValueError for a text that is no name
            if _is_no_path(path):
                yield f"{path!r} is no path"
            if not _is_within(path, outputs):
                yield f"{path!r} is none of the outputs"
            if path not in outputs and posixpath.dirname(path) not in folders:
                yield f"{path!r} lies in no folder"
        if len(there) != len(paths):
            yield "a path stands there twice"
        yield from (f"{output!r} is not among its files" for output in outputs if output not in there)
        for path, target in self.links:
            os.fsencode(target)
            if not is_kept(path, target, outputs):
                yield f"the link {path!r} leads out of the outputs"
            if path in outputs and _led(path, target) not in there:
                yield f"{path!r} is a link to nothing"


def is_kept(path: str, target: str, outputs: Sequence[str]) -> bool:
    """May a symbolic link at this path be part of an entry? It must lead to something that is, in whatever clone."""
    if not target or "\0" in target or posixpath.normpath(target) != target:
        return False
    led = _led(path, target)
    return not posixpath.isabs(target) and led != path and _is_within(led, outputs)


def _led(path: str, target: str) -> str:
    """Where a link leads."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def _is_within(path: str, outputs: Sequence[str]) -> bool:
    return any(part in outputs for part in lineage(path))


def _is_no_path(path: str) -> bool:
    try:
        return normal(path) != path
    except ValueError:
        return True


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def _file(row: Any) -> StoredFile:
    path, sha256, size, executable = row
    if not SHA256.fullmatch(_text(sha256)):
        raise ValueError(sha256)
    return StoredFile(_text(path), sha256, _number(size), executable is True)


def _made(run: Any, attempt: Any, at: Any, duration: Any, by: Any, host: Any) -> Made:
    people = tuple(_text(name)[:LONGEST_NAME] for name in by[:MOST_NAMES])
    return Made(
        _text(run)[:LONGEST_NAME],
        _number(attempt),
        _real(at),
        _real(duration),
        people,
        _text(host)[:LONGEST_NAME],
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError(value)
    return value


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**53:
        raise ValueError(value)
    return float(value)
