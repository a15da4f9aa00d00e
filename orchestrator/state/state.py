"""The state of one project, opened once for a process."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .database import Database, StateError
from .files import Files
from .lock import RunLock
from .place import FOLDER, NAME
from .records import Records
from .votes import Votes

if TYPE_CHECKING:
    from .journal import Journal


class State:
    """Everything that lasts, by table. Opening it touches nothing; the file is made when the lock is first taken.

    Args:
        mask: takes the secrets out of what the journal is told.
    """

    def __init__(self, root: Path, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
        self.database = Database(root / NAME)
        self.lock = RunLock(root / FOLDER / "lock", self.database)
        self.records = Records(self.database)
        self.votes = Votes(self.database)
        self.files = Files(root, self.database)

    @cached_property
    def journal(self) -> Journal:
        """The journal: loaded when it is first asked for, because a run that has nothing to do writes nothing."""
        from .journal import Journal

        return Journal(self.database, mask=self._mask)

    def close(self) -> None:
        """Store the digests if this process may write, then let go of the file and of the lock."""
        self.files.close()
        with contextlib.ExitStack() as stack:
            stack.callback(self.database.close)
            stack.callback(self.lock.release)
            if self.lock.held:
                self.files.save()

    def keep_digests(self) -> None:
        """After a look that changed nothing else: spare the next one the reading, if nobody else is at work."""
        if self.files.unsaved and self.database.exists:
            with contextlib.suppress(StateError):
                self.lock.take()
