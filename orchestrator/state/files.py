"""What stands under a path: the SHA-256 of a file's content, or those of all files of a folder or glob.

SHA-256, so that anyone can check an approved output with `sha256sum`. A file is read again only when its size, inode,
mtime or ctime changed since it was hashed; doit's own checker trusts an equal mtime alone.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..config.paths import is_glob
from . import listing
from .crew import Crew
from .database import Database
from .digests import ABSENT, UNREADABLE, Digests, unseen
from .hashing import GivesUp, never
from .listing import Signature

State = str | dict[str, str]
"""A file's digest, or path → digest for a folder or glob."""

UNREAD = "unread"
"""A file was not read yet, or was written to before it was: no content compares equal to that."""

Seen = str | os.stat_result
"""A file's digest, or why there is none, or its status where it has to be read to tell."""


class Glance(NamedTuple):
    """By what it is seen that files are what they were, without reading one."""

    files: Mapping[str, Signature | None]
    """Of each path that is a file; None of one that is not there."""
    groups: Mapping[str, list[tuple[str, Signature | None]]]
    """The files of each folder and glob, in their order."""


class Files:
    """Digests of the project's files, cached in the database under each file's signature."""

    def __init__(self, root: Path, database: Database, wait: Callable[[float], None] = time.sleep) -> None:
        self._root = str(root)
        self._digests = Digests(self._root, database, wait)
        self._instant: dict[str, State] | None = None

    @contextlib.contextmanager
    def one_instant(self) -> Iterator[None]:
        """Inside, each path is looked at once: for asking about many phases that share files."""
        self._instant = {}
        try:
            yield
        finally:
            self._instant = None

    def state(self, path: str) -> State:
        """What stands under `path` now; `ABSENT` where nothing does, an empty dict for an empty folder or glob."""
        known = (self._instant or {}).get(path)
        return self.states([path])[path] if known is None else known

    def states(self, paths: Iterable[str], gives_up: GivesUp = never) -> dict[str, State]:
        """What stands under each of these paths. Files that have to be read are read together.

        Raises:
            GivenUp: whoever asks gave up.
        """
        instant = self._instant
        paths = list(paths)
        seen = {path: self._see(path) for path in paths if not instant or path not in instant}
        unread = _unread(seen)
        read = self._digests.read(unread, gives_up) if unread else {}
        found = {path: _state(path, look, read) for path, look in seen.items()}
        if instant is None:
            return found
        instant |= found
        return {path: instant[path] for path in paths}

    def take(self, paths: Iterable[str], may_wait: Collection[str], gives_up: GivesUp = never) -> Taken:
        """What stands under each of these paths now, as far as it has to be known now.

        Args:
            may_wait: those of which large files may be read while something runs that reads them.

        Raises:
            GivenUp: whoever asks gave up.
        """
        seen = {path: self._see(path) for path in paths}
        later, crew = self._digests.read_later(_unread({path: seen[path] for path in may_wait}))
        now = {file: status for file, status in _unread(seen).items() if file not in later}
        read = self._digests.read(now, gives_up) if now else {}
        return Taken(self._digests, seen, read, later, crew)

    def exists(self, path: str) -> bool:
        """Is there a file or folder, or for a glob at least one match?"""
        if is_glob(path):
            return next(listing.matches(self._root, path), None) is not None
        return os.path.exists(os.path.join(self._root, path))

    @property
    def unsaved(self) -> bool:
        """Were digests taken that are not stored yet?"""
        return self._digests.unsaved

    def save(self) -> None:
        """Store the digests that were taken since the last time, those taken too early after a second look."""
        self._digests.save()

    def close(self) -> None:
        """Let those who read in the background give up."""
        self._digests.close()

    def stamp(self, path: str) -> list[tuple[str, Signature | None]]:
        """Another one as soon as anything under the path was written, even if it was put back."""
        return listing.stamp(self._root, path)

    def glance(self, paths: Iterable[str]) -> Glance | None:
        """By what it is seen later that nothing under these paths changed since they were looked at, inside
        `one_instant`; None where that cannot be told: of a file that was written just then, or cannot be read."""
        files: dict[str, Signature | None] = {}
        groups: dict[str, list[tuple[str, Signature | None]]] = {}
        for path in paths:
            state = (self._instant or {}).get(path, UNREADABLE)
            found = {file: self._digests.trusted(file, digest) for file, digest in flat(path, state).items()}
            if None in found.values() and state != ABSENT:
                return None
            if isinstance(state, str):
                files.update(found)
            else:
                groups[path] = list(found.items())
        return Glance(files, groups)

    def _see(self, path: str) -> Seen | dict[str, Seen]:
        """What stands under a path, as far as that can be told without reading."""
        if not is_glob(path):
            try:
                status = os.stat(os.path.join(self._root, path))
            except OSError as error:
                return unseen(error)
            if not stat.S_ISDIR(status.st_mode):
                return self._known(path, status)
        return {file: self._see_file(file) for file in listing.files_under(self._root, path) or ()}

    def _see_file(self, path: str) -> Seen:
        try:
            return self._known(path, os.stat(os.path.join(self._root, path)))
        except OSError as error:
            return unseen(error)

    def _known(self, path: str, status: os.stat_result) -> Seen:
        if not stat.S_ISREG(status.st_mode):
            return UNREADABLE
        return self._digests.known(path, status) or status


class Taken:
    """What stood under some paths at one moment, of which large files are read while something else goes on."""

    def __init__(
        self,
        digests: Digests,
        seen: Mapping[str, Seen | dict[str, Seen]],
        read: Mapping[str, str],
        later: Mapping[str, os.stat_result],
        crew: Crew[str],
    ) -> None:
        self._digests = digests
        self._seen = seen
        self._read = read
        self._later = later
        self._crew = crew

    @property
    def now(self) -> dict[str, State]:
        """The states that are known, with `UNREAD` for what is read later."""
        read = {**self._read, **dict.fromkeys(self._later, UNREAD)}
        return {path: _state(path, look, read) for path, look in self._seen.items()}

    def begin(self) -> None:
        """Let the reading go on in the background."""
        if self._later:
            self._digests.begin(self._crew)

    def states(self, gives_up: GivesUp = never) -> dict[str, State]:
        """The states of that moment, once all is read; `UNREAD` for a file that was written to in between.

        Raises:
            GivenUp: whoever asks gave up, or the state was closed.
        """
        if self._later:
            self._crew.finish(gives_up)
        # only of a file that kept its signature the whole time, and from then on, is it known what it held
        read = {file: self._digests.known(file, status) or UNREAD for file, status in self._later.items()}
        return {path: _state(path, look, {**self._read, **read}) for path, look in self._seen.items()}


def _unread(seen: Mapping[str, Seen | dict[str, Seen]]) -> dict[str, os.stat_result]:
    """The files among these that have to be read, with their statuses."""
    return {
        file: look
        for path, found in seen.items()
        for file, look in (found.items() if isinstance(found, dict) else ((path, found),))
        if not isinstance(look, str)
    }


def _state(path: str, seen: Seen | dict[str, Seen], read: Mapping[str, str]) -> State:
    """The state of a path, from what was seen, and what was read of it. A file that is gone by then is in no folder."""
    if not isinstance(seen, dict):
        return seen if isinstance(seen, str) else read[path]
    found = {file: look if isinstance(look, str) else read[file] for file, look in seen.items()}
    return {file: digest for file, digest in found.items() if digest != ABSENT}


def differences(before: State | None, now: State, path: str) -> list[str]:
    """How two states of a path differ, in words: `build/x.csv changed`, `build/charts/a.png is gone`."""
    if before == now:
        return []
    if before is None:
        return [f"{path} is new"]
    if isinstance(before, str) or isinstance(now, str):
        return [f"{path} is missing" if now == ABSENT else f"{path} changed"]
    return (
        [f"{file} changed" for file in now if file in before and before[file] != now[file]]
        + [f"{file} is new" for file in now if file not in before]
        + [f"{file} is gone" for file in before if file not in now]
    )


def digests_of(states: Mapping[str, State]) -> dict[str, str]:
    """The digests among the states of these paths, those of single files."""
    unknown = (ABSENT, UNREADABLE, UNREAD)
    return {path: state for path, state in states.items() if isinstance(state, str) and state not in unknown}


def unreadable(states: Mapping[str, State]) -> list[str]:
    """The files among these states that cannot be read."""
    files = {file: digest for path, state in states.items() for file, digest in flat(path, state).items()}
    return [file for file, digest in files.items() if digest == UNREADABLE]


def flat(path: str, state: State) -> Mapping[str, str]:
    """A state as path → digest, also where it is that of one file."""
    return {path: state} if isinstance(state, str) else state
