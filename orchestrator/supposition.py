"""What if: a project's evidence in which some files are taken for changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .config.paths import fixed_part, glob_expression, is_glob
from .lookup import Lookup
from .state.files import State as FileState
from .state.files import flat
from .state.state import State

CHANGED = "changed, it is supposed"
"""The digest of a file that is taken for changed: like no other."""


class Supposition(Lookup):
    """Looks up what is there, and says of some paths that their content is another.

    Args:
        paths: files, or folders for all that is in them; a file that is not there is one that was added.
    """

    def __init__(self, state: State, paths: Sequence[str], mask: Callable[[str], str] = str) -> None:
        super().__init__(state, mask=mask)
        self._changed = paths

    def file(self, path: str) -> FileState:
        return changed(path, super().file(path), self._changed)

    def touches(self, path: str) -> bool:
        """Does it say anything else of this path than what is there?"""
        return self.file(path) != super().file(path)


def changed(path: str, state: FileState, paths: Sequence[str]) -> FileState:
    """The state of a path if these files and folders had changed. Pure."""
    files = dict(flat(path, state))
    for other in paths:
        inside = [file for file in files if file == other or file.startswith(f"{other}/")]
        files.update(dict.fromkeys(inside, CHANGED))
        if not inside and _holds(path, other):
            files[other] = CHANGED
    if isinstance(state, dict):
        return files
    return CHANGED if CHANGED in files.values() else state


def concerns(path: str, other: str) -> bool:
    """Is this file or folder the path, something in it, or a folder that may hold something of it?"""
    solid = fixed_part(path) if is_glob(path) else path
    return path == other or _holds(path, other) or solid == other or solid.startswith(f"{other}/")


def _holds(path: str, file: str) -> bool:
    """Would this file belong to the path if it were there?"""
    if is_glob(path):
        return bool(glob_expression(path).match(file))
    return file.startswith(f"{path}/")
