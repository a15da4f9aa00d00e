"""ninja: one rule that runs what each edge says, as generators write it."""

from __future__ import annotations

from pathlib import Path

from graphs import Graph

from builders.base import Builder


class Ninja(Builder):
    name = "ninja"
    package = "ninja"
    program = "ninja"
    state = (".ninja_log", ".ninja_deps")
    durable = "a line of a log for each step, not waited for"

    def write(self, folder: Path, graph: Graph) -> None:
        lines = ["rule step\n  command = $run\n"]
        for _, inputs, outputs, command in graph.rows:
            run = command.replace("$", "$$")
            lines.append(f"build {' '.join(outputs)}: step {' '.join(inputs)}\n  run = {run}\n")
        (folder / "build.ninja").write_text("".join(lines))

    def command(self, jobs: int) -> list[str]:
        return [*self.start, "--quiet", f"-j{jobs}"]
