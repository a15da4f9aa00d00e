"""The graphs that every tool is given, and what must be true after a run: each output's content, and who ran.

A step reads two numbers and makes two files out of them, with nothing but what a shell has built in: what is
measured is the tool. Its outputs depend on its inputs, so that a changed input changes all that follows from it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

Row = tuple[int, list[str], list[str], str]
"""Number, inputs, outputs, shell command."""


def layered(count: int) -> Iterator[Row]:
    """Ten layers; a step reads two outputs of the layer before, in the first one a source of its own and one of all."""
    depth = min(10, count)
    edges = [layer * count // depth for layer in range(depth + 1)]
    for layer in range(depth):
        above, width = edges[layer - 1], edges[layer] - edges[layer - 1]
        for number in range(edges[layer], edges[layer + 1]):
            inputs = [f"build/{above + number % width:05}.a", f"build/{above + (number + 1) % width:05}.b"]
            yield step(number, inputs if layer else [f"data/{number:05}", "data/common"])


def chained(count: int) -> Iterator[Row]:
    """One after the other; each step reads both outputs of the one before, the tenth from the end a source as well."""
    for number in range(count):
        before = [f"build/{number - 1:05}.a", f"build/{number - 1:05}.b"] if number else ["data/first", "data/common"]
        yield step(number, [before[0], "data/late"] if number == max(count - 10, 0) else before)


def step(number: int, inputs: list[str]) -> Row:
    """What step `number` is, by what it reads."""
    outputs = [f"build/{number:05}.a", f"build/{number:05}.b"]
    sums = f"read a < {inputs[0]}; read b < {inputs[1]}; c=$(((a * 30 + b + {number}) & 1073741823))"
    return number, inputs, outputs, f"{sums}; echo $c > {outputs[0]}; echo $((c + 1)) > {outputs[1]}"


SHAPES = {"layers": (layered, "data/00000"), "chain": (chained, "data/late")}
"""Name → what yields it, and the source that is changed: some fifty steps follow from it, or ten."""


@dataclass(frozen=True)
class Graph:
    """One graph of so many steps."""

    shape: str
    count: int

    @property
    def name(self) -> str:
        """As in `layers of 1,000`."""
        return f"{self.shape} of {self.count:,}"

    @cached_property
    def rows(self) -> list[Row]:
        """In an order in which they can run."""
        return list(SHAPES[self.shape][0](self.count))

    @property
    def changed(self) -> str:
        """The source whose change is measured."""
        return SHAPES[self.shape][1]

    @cached_property
    def sources(self) -> list[str]:
        """What is read and not made."""
        made = {output for _, _, outputs, _ in self.rows for output in outputs}
        return sorted({path for _, inputs, _, _ in self.rows for path in inputs} - made)

    @cached_property
    def ends(self) -> list[Row]:
        """The steps from which nothing follows: who asks for these asks for all."""
        read = {path for _, inputs, _, _ in self.rows for path in inputs}
        return [row for row in self.rows if not read.intersection(row[2])]

    @cached_property
    def affected(self) -> set[int]:
        """The steps that follow from the changed source, directly or not."""
        dirty, found = {self.changed}, set()
        for number, inputs, outputs, _ in self.rows:
            if dirty.intersection(inputs):
                found.add(number)
                dirty.update(outputs)
        return found

    def contents(self, sources: Mapping[str, int]) -> dict[str, int]:
        """What each output must hold, by what the sources hold."""
        held = dict(sources)
        for number, inputs, outputs, _ in self.rows:
            left, right = (held[path] for path in inputs)
            held[outputs[0]] = (left * 30 + right + number) & 1073741823
            held[outputs[1]] = held[outputs[0]] + 1
        return {path: value for path, value in held.items() if path not in sources}

    def python(self) -> str:
        """Source text that binds STEPS to all rows: for tools whose plans are Python, which make them in a loop."""
        shape = SHAPES[self.shape][0]
        parts = [inspect.getsource(part) for part in (step, shape)]
        return "\n".join(
            ["from __future__ import annotations", *parts, f"STEPS = list({shape.__name__}({self.count}))\n"]
        )


def write_sources(folder: Path, graph: Graph) -> dict[str, int]:
    """The files that nobody makes, and the folder that steps write to; what each file holds."""
    for name in ("data", "build"):
        (folder / name).mkdir(parents=True)
    held = {path: position for position, path in enumerate(graph.sources, 1)}
    for path, value in held.items():
        (folder / path).write_text(f"{value}\n")
    return held
