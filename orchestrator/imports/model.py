"""What an import comes to: phases, and notes about what they are not. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from criteria.documents.yaml import Document

from ..config.compile import COMMANDS

Scalar = str | int | float | bool | None


class ImportRefused(Exception):
    """The file cannot be imported at all; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that is not, or not quite, as it was."""

    place: str
    """`file:line` of what was written."""
    phase: str
    """The phase that it is about; empty for the whole plan."""
    what: str
    why: str
    remedy: str = ""

    def __str__(self) -> str:
        about = f"{self.phase}: " if self.phase else ""
        return f"{self.place}: {about}" + "; ".join(filter(None, (self.what, self.why, self.remedy)))


@dataclass(slots=True)
class Draft:
    """A phase on its way into phases.yaml; its fields are the keys there. The only mutable thing of an import, because
    what all phases say together decides what one may say."""

    name: str
    place: str
    """`file:line` of the stage or task that it was."""
    was: str
    """What that was called."""
    run: str | list[str] = ""
    title: str = ""
    description: str = ""
    needs: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    cwd: str = "."
    matrix: dict[str, list[Scalar]] = field(default_factory=dict)
    always: bool = False
    criteria: list[dict[str, Scalar]] = field(default_factory=list)
    asleep: bool = False
    """Written as a comment: it was there, and was never run."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of one file."""

    source: str
    """The file, as messages name it."""
    tool: str
    plan: str
    phases: tuple[Draft, ...]
    notes: tuple[Note, ...]
    default: tuple[str, ...] = ()
    """What `doit` without a name runs; none for every phase."""
    jobs: int = 1
    differences: tuple[str, ...] = ()
    """What is different in general, for everybody who comes from this tool."""


@dataclass(frozen=True)
class Around:
    """The folder that a plan is written into, as far as an import looks at it."""

    read: Callable[[str], Document | None]
    """A YAML, JSON or TOML file of the project by its path; None where there is none.

    Raises ImportRefused where it cannot be read.
    """
    exists: Callable[[str], bool]
    """Is there something under this path, or a match of this glob?"""
    matches: Callable[[str], Sequence[str]]
    """The files that a glob matches now."""


@dataclass(slots=True)
class Notes:
    """Notes as they are made, each once."""

    found: dict[Note, None] = field(default_factory=dict)

    def add(self, place: str, phase: str, what: str, why: str, remedy: str = "") -> None:
        self.found[Note(place, phase, what, why, remedy)] = None


@dataclass(frozen=True, slots=True)
class Written:
    """A mapping of the imported file, with where it stands."""

    file: str
    document: Document
    at: tuple[str | int, ...]
    data: Mapping[str, Any]

    def place(self, *steps: str | int) -> str:
        """`file:line` of something in it."""
        return f"{self.file}:{self.document.key_place((*self.at, *steps)).line}"


def listed(value: Any) -> list[Any]:
    """A list as it is, nothing as an empty one, anything else as its only item."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def unique(items: Iterable[str]) -> list[str]:
    """Each once, in the order of their first time."""
    return list(dict.fromkeys(items))


class Names:
    """Valid and different names for phases, whatever they were called."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        """A name that nobody has yet, as near to this one as phases may be called."""
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", wanted.replace(":", ".")).lstrip("_.-").rstrip("-")
        base = plain[:100] or self._noun
        if base.lower() in COMMANDS:
            base = f"{base}-{self._noun}"
        name, number = base, 1
        while name in self._taken:
            number += 1
            name = f"{base}-{number}"
        self._taken.add(name)
        return name
