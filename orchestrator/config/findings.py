"""The documents that a plan is compiled from, and the problems found on the way, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from criteria.documents.yaml import Document

from .outputs import Outputs
from .paths import normal
from .problems import Problem

At = Sequence[str | int]
"""A path in a document: keys and indices from the top."""


@dataclass(frozen=True, slots=True)
class Source:
    """One configuration file that was read: its name as messages show it, and what it holds."""

    file: str
    document: Document

    @property
    def data(self) -> Mapping[str, Any]:
        """The top mapping."""
        return self.document.data  # type: ignore[no-any-return]

    def place(self, at: At) -> str:
        """`file:line:column` of the value at a path of the document."""
        place = self.document.place(at)
        return f"{self.file}:{place.line}:{place.column}"


@dataclass(slots=True)
class Findings:
    """Problems as they are found."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, source: Source, at: At, message: str, remedy: str = "", *, key: bool = False) -> None:
        """A problem with the value at a path of the document, or with its key."""
        place = source.document.key_place(at) if key else source.document.place(at)
        self.problems.append(Problem(source.file, place.line, place.column, message, remedy))

    def path(self, source: Source, at: At, text: str) -> str | None:
        """The path in its normal form; None and a problem when no phase may name it."""
        try:
            return normal(text)
        except ValueError as error:
            message, _, remedy = str(error).partition("; ")
            self.add(source, at, message, remedy)
            return None


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies before whoever compiles a phase."""

    phases: Source
    criteria: Source
    orchestrator: Source
    find_module: Callable[[str], str | None]
    """The project's file that a dotted module name stands for; None for one that is installed."""
    github: Source | None = None
    """None where the project has no such file."""
    found: Findings = field(default_factory=Findings)
    outputs: Outputs = field(default_factory=Outputs)
    """Filled before the first phase is compiled."""

    @property
    def pools(self) -> Mapping[str, int]:
        """What works share, and how many there are of it."""
        return self.orchestrator.data.get("pools") or {}

    @property
    def written(self) -> Mapping[str, Mapping[str, Any]]:
        """The phases as they are written."""
        return self.phases.data["phases"]  # type: ignore[no-any-return]
