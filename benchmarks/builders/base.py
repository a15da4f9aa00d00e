"""What a neighbour is to the benchmark: how it is had, how a graph is written for it, and how it is run."""

from __future__ import annotations

import re
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from aside import put_aside
from graphs import Graph


class Builder(ABC):
    """One tool. What the class says holds for its newest version, as its own manual has it."""

    name: ClassVar[str]
    package: ClassVar[str | None]
    """What pip installs; None where the system has it or has it not."""
    program: ClassVar[str]
    """The command, in its environment or on the PATH."""
    state: ClassVar[Sequence[str]] = ()
    """Patterns of what it keeps of earlier runs: gone, it has never run. What it keeps of the plan's text may stay."""
    durable: ClassVar[str]
    """When what it remembers of a finished step is safe from a killed process, and from a power cut; for the table."""
    only: ClassVar[frozenset[str] | None] = None
    """The measures for which it is there; None: all of them."""
    parallel: ClassVar[bool] = True
    """Whether it runs two steps at a time when it is told to."""
    sees_content: ClassVar[bool] = True
    """Whether a changed input makes it run again what follows."""

    def __init__(self, start: list[str]) -> None:
        self.start = start
        """The words of the command before its arguments."""

    @abstractmethod
    def write(self, folder: Path, graph: Graph) -> None:
        """The graph in the tool's own words; the sources are there."""

    @abstractmethod
    def command(self, jobs: int) -> list[str]:
        """What builds everything that is not up to date, `jobs` steps at a time."""

    def version(self) -> str:
        """What it says of itself."""
        said = subprocess.run([*self.start, "--version"], capture_output=True, text=True, check=False, timeout=60)
        found = re.search(r"\d+\.\d+(\.\d+)*", said.stdout + said.stderr)
        return found[0] if found else "of unknown version"

    def reset(self, folder: Path) -> None:
        """As if it had never run: no outputs, and no memory of them."""
        put_aside(folder, ("build/*", *self.state))
