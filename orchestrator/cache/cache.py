"""The shared cache of one run: asked before an attempt, given what attempts made, and never a hindrance.

Whatever is wrong with it, the run goes on as without it, and says so once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from phases.storage import Storage, StorageError

from ..plan import SharedCache, Work
from ..state.files import State as FileState
from ..state.records import Record
from .ballots import Ballots, Said
from .entries import Entries
from .inventory import NotKept, inventory
from .key import key_of
from .manifest import Damaged, Made, Manifest
from .restoring import Stopped, restore
from .uploads import Upload, Uploads


class Cache:
    """May be used by several threads at once.

    Args:
        salt: with its variables filled in.
        asks: whether outputs may be taken from it in this run.
        tell: takes notes for people.
    """

    def __init__(
        self, settings: SharedCache, storage: Storage, salt: str, root: Path, *, asks: bool, tell: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._salt = salt
        self._root = root
        self._tell = tell
        self._entries = Entries(storage)
        self._ballots = Ballots(storage)
        self._uploads = Uploads()
        self._guard = threading.Lock()
        self._asks = asks and settings.read
        self._answers = True
        """Did it so far? One that is down is asked once, and not by every work."""
        self._damaged: set[str] = set()
        self._held: dict[str, list[Manifest]] = {}

    def __str__(self) -> str:
        return str(self._storage)

    @property
    def takes(self) -> bool:
        """Is anything put there?"""
        return self._settings.write

    def find(self, work: Work, record: Record, stopping: Callable[[], bool]) -> Made | None:
        """Restore what a work would make; by which attempt it was made. None where it has to run.

        Args:
            record: the one that the work would get.
        """
        if not (self._asks and self._answers):
            return None
        key = key_of(work, record, self._salt)
        try:
            manifest = self._entries.find(key, work.outputs)
            if manifest is None:
                return None
            restore(manifest, work.outputs, self._entries, self._root, stopping)
            return manifest.made
        except Stopped:
            return None
        except Damaged as damage:
            with self._guard:
                self._damaged.add(key)
            self._tell(f"what the cache has of {work.task} is not used: {damage}")
        except StorageError as error:
            if not stopping():
                self._gives_up(error)
        except OSError as error:
            self._tell(f"{work.task} could not be restored: {error.filename or self._root}: {error.strerror}")
        return None

    def hold(self, work: Work, record: Record, state: Callable[[str], FileState], made: Made) -> None:
        """Keep in mind what an attempt made, until its gate was looked at (`release`)."""
        try:
            files, folders, links = inventory(self._root, work.outputs, state)
        except NotKept as why:
            self._tell(f"{work.task} is not put into the cache: {why}")
            return
        except (OSError, UnicodeError) as error:
            self._tell(f"{work.task} is not put into the cache: {error}")
            return
        manifest = Manifest(key_of(work, record, self._salt), files, folders, links, made)
        with self._guard:
            self._held.setdefault(work.phase, []).append(manifest)

    def release(self, phase: str, *, put: bool) -> None:
        """Put what a phase made there, or let it go: what a criterion refused would fail everywhere."""
        with self._guard:
            held = self._held.pop(phase, [])
        for manifest in held if put else ():
            self._uploads.add(Upload(phase, partial(self._put, manifest)))

    def release_all(self) -> None:
        """The same with all phases whose gates were not reached."""
        for phase in list(self._held):
            self.release(phase, put=True)

    def votes(self, phase: str, digest: str) -> list[Said]:
        """What people said elsewhere about exactly this digest."""
        if not (self._settings.approvals and self._answers):
            return []
        try:
            return self._ballots.of(phase, digest)
        except StorageError as error:
            self._gives_up(error)
            return []

    def tell_others(self, said: Sequence[Said]) -> None:
        """Put answers there."""
        if self._settings.approvals and self._settings.write and said:
            self._uploads.add(Upload(f"the votes on {said[0].phase}", lambda go_on: self._add(said)))

    def stop(self) -> None:
        """Keep nobody waiting: the run was stopped."""
        self._storage.abandon()

    def close(self, seconds: float | None = None) -> list[str]:
        """Wait until all is there, at most so long (as the configuration says); what people should know. Nothing goes
        on after that: Python joins the threads that put something there before the process ends."""
        try:
            left, why = self._uploads.close(self._settings.wait if seconds is None else seconds)
        finally:
            self._storage.abandon()
        return [f"not put into the cache: {', '.join(left)}: {why}"] if left else []

    def _put(self, manifest: Manifest, go_on: Callable[[], bool]) -> None:
        there = self._entries.put(manifest, self._root, manifest.key in self._damaged, go_on)
        if not there and go_on():
            self._tell("something was written to an output before it was put into the cache, so it is not there")

    def _add(self, said: Sequence[Said]) -> None:
        for one in said:
            self._ballots.add(one)

    def _gives_up(self, error: StorageError) -> None:
        with self._guard:
            told, self._answers = not self._answers, False
        if not told:
            self._tell(f"this run goes on without the cache: {error}")
