"""Where a command writes a file that the user names: nothing of the plan's, and nothing that somebody else made."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from doit.exceptions import InvalidCommand

from ..config.paths import KEPT, OWN, glob_expression, is_glob, lineage
from ..plan import Plan
from ..project import Project
from ..state.place import FOLDER

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Product:
    """What a command writes."""

    word: str
    """`report`."""
    file: str
    """A name that it may well have: `report.html`."""
    beginnings: Sequence[str]
    """How it begins, in each of its forms: an older one, which is replaced, is told from a stranger's file by it."""
    endings: Sequence[str]
    """With which of them the name of a file may end that has an ending: `.html`."""

    @property
    def own_place(self) -> str:
        """A place of its own, where no phase may have an input or output, and git looks at nothing."""
        return f"{FOLDER}/{self.file}"


def write(project: Project, given: str, product: Product, content: bytes) -> Path:
    """Write the content to the place that the user gave, whole or not at all.

    Raises:
        InvalidCommand: it cannot be written there, or would destroy something, or make a phase stale.
    """
    target = destination(project, given, product)
    new = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        new.write_bytes(content)
        new.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise InvalidCommand(f"{given}: {error.strerror}; name another place with -o") from None
    return target


def destination(project: Project, given: str, product: Product) -> Path:
    """The place that the user gave, where nothing speaks against it: asked before anything is made.

    Raises:
        InvalidCommand: a file there would destroy something, or make a phase stale; or it is called what it is not.
    """
    target = project.root / given
    if not given:
        raise InvalidCommand(f"the file has an empty name; name one: -o {product.file}")
    try:
        if given.endswith("/") or target.is_dir():
            raise InvalidCommand(f"{given} is a folder; name a file in it: -o {given.rstrip('/')}/{product.file}")
        if not target.parent.is_dir():
            raise InvalidCommand(f"{given}: there is no folder {os.path.dirname(given)}; make it first")
        claim = claimed(project, target, product.own_place)
        if claim:
            raise InvalidCommand(f"{given} {claim}; name another file, such as {product.own_place}")
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(target.stat().st_mode):
                raise InvalidCommand(f"{given} is no file; for standard output say -o {STDOUT}")
            if not _is_older(target, product):
                raise InvalidCommand(
                    f"{given} is there and is no {product.word}; name another file, or remove it first"
                )
    except OSError as error:
        raise InvalidCommand(f"{given}: {error.strerror}; name another place with -o") from None
    ending = target.suffix.lower()
    if ending and ending not in product.endings:
        *others, last = product.endings
        what = f"no {product.word} ends in {ending}; name a file with {', '.join(others)} or {last}"
        raise InvalidCommand(f"{given}: {what}: -o {product.file}")
    return target


def claimed(project: Project, target: Path, own_place: str = "") -> str | None:
    """What a place is to the plan, so that no file may be written there; None where it is nothing."""
    path = os.path.relpath(target.parent.resolve() / target.name, project.root.resolve())
    return _claim(project.plan, path, own_place)


def _claim(plan: Plan, path: str, own_place: str) -> str | None:
    parts = list(lineage(path))
    if parts[-1] in OWN and path != own_place:
        return "lies where phasegate keeps its state"
    if parts[-1] in KEPT:
        return "is a part of what makes this folder a project"
    for part in parts:
        if part in plan.makers:
            return f"is an output of {plan.makers[part]}, or lies in one"
    inputs = {(given.path, phase.name) for phase in plan for work in phase.works for given in work.inputs}
    for pattern, phase in sorted(inputs):
        if glob_expression(pattern).match(path) if is_glob(pattern) else pattern in parts:
            return f"is an input of {phase}, or lies in one"
    return None


def _is_older(target: Path, product: Product) -> bool:
    """Is what lies there one that was written before? An empty file is as good as none."""
    with target.open("rb") as file:
        found = file.read(max(map(len, product.beginnings))).decode("utf-8", "replace")
    return not found or found.startswith(tuple(product.beginnings))
