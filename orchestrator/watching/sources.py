"""What people write and phases read: what `doit watch` looks at. Pure, but for the look itself.

Events only wake us; whether anything changed is told by comparing each file's size and times with those before the run.
So it does not matter how an editor saves, in which order events come, or which of them a file system leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..config.load import FOLDER, SUFFIXES
from ..config.paths import fixed_part, is_glob, lineage
from ..plan import Phase, Plan

SETTINGS = (*(f"{FOLDER}/*{suffix}" for suffix in SUFFIXES), "doit.cfg", "pyproject.toml", ".env")
"""What else decides what a run does, beside dodo.py."""

Seen = Mapping[str, object]
"""File → what tells whether it was written since; None for one that is not there."""


def sources(plan: Plan, phases: Iterable[Phase]) -> list[str]:
    """The files, folders and globs that these phases and their gates read and none makes.

    Args:
        phases: with all that they need.
    """
    found: dict[str, None] = {}
    for phase in phases:
        found.update(dict.fromkeys(given.path for work in phase.works for given in work.inputs))
        found.update(dict.fromkeys(phase.reads))
    return [path for path in found if not is_made(path, plan)]


def unfound_modules(plan: Plan) -> list[str]:
    """Where a module that is called may yet be written, which is no file of the project now."""
    stems = [module.replace(".", "/") for module, file in plan.modules.items() if file is None]
    return [path for stem in stems for path in (f"{stem}.py", f"{stem}/__init__.py")]


def is_made(path: str, plan: Plan) -> bool:
    """Is it an output, or in one?"""
    return any(part in plan.makers for part in lineage(path))


def look(paths: Iterable[str], plan: Plan, stamp: Callable[[str], Iterable[tuple[str, object]]]) -> Seen:
    """What is there now.

    Args:
        stamp: the files under a path, each with what changes when it is written.
    """
    return {file: mark for path in paths for file, mark in stamp(path) if not is_made(file, plan)}


def changes(before: Seen, now: Seen) -> list[str]:
    """The files that were written, made or deleted between two looks."""
    return [file for file in {**before, **now} if before.get(file) != now.get(file)]


@dataclass(frozen=True, slots=True)
class Places:
    """Folders in which something happens when a source changes."""

    shallow: tuple[str, ...]
    """Without the folders in them."""
    deep: tuple[str, ...]
    """With all that is below."""


def places(root: Path, paths: Iterable[str]) -> Places:
    """Where to wait for changes of these sources: those of the folders that are there.

    Every folder above a source counts, because it may be moved away and another one put in its place; and where a link
    leads, because its target may be written.
    """
    shallow = {str(root): None}
    deep: dict[str, None] = {}
    for path in paths:
        solid = fixed_part(path) if is_glob(path) else path
        full = root / solid
        if full.is_dir() and (not is_glob(path) or "/" in path[len(solid) :].lstrip("/") or "**" in path):
            deep[str(full)] = None
        shallow.update(dict.fromkeys(str(root / part) for part in lineage(solid) if (root / part).is_dir()))
        if full.is_symlink() and full.exists():
            shallow[str(full.resolve().parent)] = None
    return Places(tuple(shallow), tuple(deep))
