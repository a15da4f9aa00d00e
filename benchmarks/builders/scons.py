"""SCons: a Command for each step, in an environment without tools, which is the leanest that one can write."""

from __future__ import annotations

from pathlib import Path

from graphs import Graph

from builders.base import Builder

SCONSTRUCT = """
import os

env = Environment(tools=[], ENV={"PATH": os.environ["PATH"]})
for _, inputs, outputs, command in STEPS:
    env.Command(outputs, inputs, "@" + command.replace("$", "$$"))
"""


class Scons(Builder):
    name = "SCons"
    package = "scons"
    program = "scons"
    state = (".sconsign.dblite",)
    durable = "when the run ends, not waited for"

    def write(self, folder: Path, graph: Graph) -> None:
        (folder / "SConstruct").write_text(graph.python() + SCONSTRUCT)

    def command(self, jobs: int) -> list[str]:
        return [*self.start, "-Q", "-s", f"-j{jobs}"]
