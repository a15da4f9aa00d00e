"""One tool with one graph, in a folder of its own: each run is measured, and then it is looked at what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import measuring
from builders.base import Builder
from graphs import Graph, write_sources
from measuring import Failed, Usage


class Trial:
    """Everything is up to date before each measure, and after it.

    Every measure raises Failed where the tool did something else than it should have, and TooLong.
    """

    def __init__(self, builder: Builder, graph: Graph, folder: Path, env: Mapping[str, str]) -> None:
        self.builder, self.graph, self._folder, self._env = builder, graph, folder, env
        self._held, self._rested = write_sources(folder, graph), False
        builder.write(folder, graph)

    @property
    def measures(self) -> dict[str, Callable[[float], Usage]]:
        """Name → what measures it, within a limit of seconds; without those that make no sense with this tool."""
        found = {"noop": self.noop, "change": self.change, "settle": self.settle, "run1": self.run1, "run2": self.run2}
        if not self.builder.sees_content:
            del found["change"], found["settle"]
        if not self.builder.parallel:
            del found["run2"]
        return {
            name: measure for name, measure in found.items() if self.builder.only is None or name in self.builder.only
        }

    def first(self, limit: float) -> Usage:
        """Everything for the very first time, two at a time: also what a tool keeps of the plan is not there."""
        return self.run2(limit)

    def noop(self, limit: float) -> Usage:
        """Nothing to do, not for the first time."""
        if not self._rested:
            self.settle(limit)
        return self.settle(limit)

    def settle(self, limit: float) -> Usage:
        """Nothing to do; after steps ran that is where a tool may still have something to note."""
        return self._run(1, limit, set())

    def change(self, limit: float) -> Usage:
        """One source changed: what follows from it is made again, two at a time, and nothing else."""
        source = self.graph.changed
        self._held[source] += 1_000
        (self._folder / source).write_text(f"{self._held[source]}\n")
        return self._run(2 if self.builder.parallel else 1, limit, self.graph.affected)

    def run1(self, limit: float) -> Usage:
        """Everything from nothing, one at a time."""
        return self._everything(1, limit)

    def run2(self, limit: float) -> Usage:
        """Everything from nothing, two at a time."""
        return self._everything(2, limit)

    def _everything(self, jobs: int, limit: float) -> Usage:
        """A full run, after outputs and state are gone."""
        self.builder.reset(self._folder)
        return self._run(jobs, limit, {row[0] for row in self.graph.rows})

    def _run(self, jobs: int, limit: float, expected: set[int]) -> Usage:
        before = self._times()
        self._rested = False
        usage = measuring.run(self.builder.command(jobs), self._folder, self._env, limit)
        after = self._times()
        ran = {row[0] for row in self.graph.rows if any(after.get(path) != before.get(path) for path in row[2])}
        if ran != expected:
            odd = sorted(ran ^ expected)
            raise Failed(f"{len(ran)} steps ran where {len(expected)} should have; such as {odd[0]}")
        if expected:
            self._check_contents()
        self._rested = not expected
        return usage

    def _times(self) -> dict[str, int]:
        """When each output that is there was written: a step that ran wrote both of its own."""
        paths = (path for row in self.graph.rows for path in row[2])
        return {path: time for path in paths if (time := written(self._folder / path)) is not None}

    def _check_contents(self) -> None:
        for path, value in self.graph.contents(self._held).items():
            try:
                held = (self._folder / path).read_text()
            except FileNotFoundError:
                raise Failed(f"{path} was not made") from None
            if held != f"{value}\n":
                raise Failed(f"{path} holds {held!r}, which should be {value}")


def written(path: Path) -> int | None:
    """When, in nanoseconds; None where there is no such file."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
