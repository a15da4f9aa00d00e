"""What must hold on disk before anything runs. A compiled plan cannot know it, so it is looked at in every run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..plan import Phase, Plan
from .paths import fixed_part, is_glob, leaves_through_link
from .problems import Problem


def escapes(root: Path, phases: Plan | Iterable[Phase]) -> Iterator[Problem]:
    """Paths that a symbolic link takes out of the project: an output there would be written, and cleaned, elsewhere."""
    for phase in phases:
        named = [(given.path, given.place) for work in phase.works for given in work.inputs]
        named += [(path, phase.place) for path in phase.reads]
        for path, place in named:
            solid = fixed_part(path) if is_glob(path) else path
            if solid and (outside := leaves_through_link(str(root), solid)):
                message = f"{path!r} leaves the project: a link leads to {outside}"
                yield _problem(place, message, "copy what you need into the project")


def missing(root: Path, phases: Iterable[Phase], exists: Callable[[str], bool]) -> Iterator[Problem]:
    """Inputs that nothing makes and that are not there, and folders to work in that are none."""
    for phase in phases:
        for work in phase.works:
            for given in work.inputs:
                if not given.makers and not exists(given.path):
                    verb = "matches no file" if is_glob(given.path) else "is not there"
                    message = f"input {given.path!r} {verb}, and no phase makes it"
                    yield _problem(
                        given.place, message, "create it, correct its name, or name it as some phase's output"
                    )
            cwd = work.definition.get("cwd")
            if cwd and (root / cwd).exists() and not (root / cwd).is_dir():
                yield _problem(phase.place, f"cwd {cwd!r} of {phase.name} is no folder", "name a folder")


def _problem(place: str, message: str, remedy: str) -> Problem:
    file, line, column = place.rsplit(":", 2)
    return Problem(file, int(line), int(column), message, remedy)
