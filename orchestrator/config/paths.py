"""The rules for paths in a plan: relative to the project, inside it, with `/`. Pure, but for `Links`."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

OWN = (".doit", ".doit.db", ".doit.db-wal", ".doit.db-shm")
"""What phasegate keeps in a project: no phase reads or makes it."""

KEPT = ("dodo.py", "doit.cfg", "pyproject.toml", "config", ".git")
"""What makes a project one: `doit clean` must never be able to delete it as somebody's output."""


def is_glob(path: str) -> bool:
    """Does this path name files by a pattern?"""
    return "*" in path or "?" in path or "[" in path


def normal(path: str) -> str:
    """`./build//x/` as `build/x`.

    Raises:
        ValueError: the path is empty, absolute, the project itself, or leaves it; the text says which and what to do.
    """
    if not path.strip() or "\0" in path:
        raise ValueError("a path must not be empty; name a file or a folder of the project")
    clean = posixpath.normpath(path)
    if not clean.strip():
        raise ValueError(f"{path!r} has a name of spaces; give it another")
    if clean.startswith(("/", "~")):
        raise ValueError(f"{path!r} is not relative; write the path from the project folder on")
    if clean == ".." or clean.startswith("../"):
        raise ValueError(f"{path!r} leaves the project; copy or link what you need into it")
    if clean == ".":
        raise ValueError(f"{path!r} is the whole project; name the files or folders that matter")
    if clean.split("/", 1)[0] in OWN:
        raise ValueError(f"{path!r} is where phasegate keeps its state; name another path")
    return clean


def lineage(path: str) -> Iterator[str]:
    """The path itself, then each folder above it."""
    while path:
        yield path
        path = posixpath.dirname(path)


def fixed_part(pattern: str) -> str:
    """The folder of a glob above its first wildcard, or `""`."""
    parts = pattern.split("/")
    fixed = next(index for index, part in enumerate(parts) if is_glob(part))
    return "/".join(parts[:fixed])


@lru_cache(maxsize=4096)
def glob_expression(pattern: str) -> re.Pattern[str]:
    """A glob as `glob.glob(recursive=True)` understands it: `*` and `?` stay in a folder, `**` crosses them."""
    out: list[str] = []
    parts = pattern.split("/")
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            out.append(".*" if last else "(?:[^/]+/)*")
        else:
            out.append(_segment(part) + ("" if last else "/"))
    return re.compile("".join(out) + r"\Z", re.DOTALL)


_SET = r"\[(?!!?\][^\]]*\Z)!?\]?[^\]]*\]"
"""`[abc]` and `[!abc]`, where a `]` that comes first is one of the characters: `[]` alone begins no set."""


def _segment(part: str) -> str:
    def wildcard(match: re.Match[str]) -> str:
        mark = match.group()
        if mark == "*":
            return "[^/]*"
        if mark == "?":
            return "[^/]"
        if mark.startswith("[") and len(mark) > 1:
            return "(?!/)" + fnmatch.translate(mark)[:-2]  # without its \Z
        return re.escape(mark)

    return re.sub(rf"\*|\?|{_SET}|[^*?\[]+|\[", wildcard, part)


def leaves_through_link(root: str, path: str) -> str | None:
    """Where `path` really lies when a symbolic link takes it out of `root`; None while it stays inside."""
    return Links(root).outside(path)


class Links:
    """Where the symbolic links of a project lead; each folder is looked at once, for asking about many paths."""

    def __init__(self, root: str) -> None:
        self._root = _real(root)
        self._folders: dict[str, str] = {}

    def outside(self, path: str) -> str | None:
        """Where `path` really lies when a link takes it out of the project; None while it stays inside."""
        folder, name = posixpath.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(os.path.join(self._root, folder))
        real = os.path.join(self._folders[folder], name)
        if name in ("", ".", "..") or os.path.islink(real):
            real = os.path.realpath(real)
        return None if real == self._root or real.startswith(self._root + os.sep) else real


@lru_cache
def _real(root: str) -> str:
    return os.path.realpath(root)


def module_file(exists: Callable[[str], bool], module: str) -> str | None:
    """The project's file for `a.b.c`: `a/b/c.py` or the package's `__init__.py`; None where it has neither."""
    stem = module.replace(".", "/")
    return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if exists(path)), None)
