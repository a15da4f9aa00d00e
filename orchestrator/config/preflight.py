"""What must hold on disk before anything runs. A compiled plan cannot know it, so it is looked at in every run."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..plan import Phase, Plan
from ..variables import references
from .paths import Links, fixed_part, is_glob
from .problems import Problem


def escapes(root: Path, phases: Plan | Iterable[Phase]) -> Iterator[Problem]:
    """Paths that a symbolic link takes out of the project: an output there would be written, and cleaned, elsewhere."""
    links = Links(str(root))
    for phase in phases:
        named = [(given.path, given.place) for work in phase.works for given in work.inputs]
        named += [(path, phase.place) for path in phase.reads]
        for path, place in named:
            solid = fixed_part(path) if is_glob(path) else path
            if solid and (outside := links.outside(solid)):
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


def unset(phases: Iterable[Phase], get: Callable[[str], str | None]) -> Iterator[Problem]:
    """Variables that `env` names and nobody set."""
    for phase in phases:
        for name in {name for work in phase.works for text in work.env.values() for name in references(text)}:
            if get(name) is None:
                message = f"the env of {phase.name} names ${{{name}}}, which is neither in the environment nor in .env"
                yield _problem(phase.place, message, f"set {name}")


def unready(
    phases: Iterable[Phase], is_installed: Callable[[str], bool], closed: Callable[[], str | None] = lambda: None
) -> Iterator[Problem]:
    """Phases for a cluster, where nothing is installed that reaches one, or its store; of many the first is told.

    Args:
        closed: why the store cannot be opened on this machine, if there is one and it cannot.
    """
    phase = next((phase for phase in phases if any(work.executor == "dask" for work in phase.works)), None)
    if phase is None:
        return
    if not is_installed("distributed"):
        message = f"{phase.name} runs on a Dask cluster, and distributed is not installed"
        yield _problem(phase.place, message, "pip install 'phasegate[dask]'")
    elif why := closed():
        message, _, remedy = why.partition("; ")
        yield _problem(phase.place, f"{phase.name} runs on a Dask cluster with the store {message}", remedy)


def unmakeable(root: Path, phases: Iterable[Phase], was: Callable[[Phase, str], object]) -> Iterator[Problem]:
    """Outputs that cannot be written where they belong.

    Args:
        was: the state of an output when its gate last opened; a text for a file.
    """
    there: dict[str, tuple[Path, bool, bool]] = {}
    for phase in phases:
        for output in phase.outputs:
            parent = posixpath.dirname(output)
            if parent not in there:
                folder = next(above for above in (root / output).parents if above.exists())
                there[parent] = folder, folder.is_dir(), os.access(folder, os.W_OK)
            folder, is_folder, is_writable = there[parent]
            if not is_folder:
                message = f"output {output!r} cannot be made: {folder.relative_to(root)} is a file, and no folder"
                yield _problem(phase.place, message, "move it away")
            elif not is_writable:
                message = f"output {output!r} cannot be made: nothing can be written to {folder}"
                yield _problem(phase.place, message, "make it writable")
            elif os.path.isdir(os.path.join(root, output)) and isinstance(was(phase, output), str):
                message = f"output {output!r} is a folder now, and was a file"
                yield _problem(phase.place, message, "move the folder away")


def _problem(place: str, message: str, remedy: str) -> Problem:
    file, line, column = place.rsplit(":", 2)
    return Problem(file, int(line), int(column), message, remedy)
