"""GNU make: one rule with grouped targets for each step."""

from __future__ import annotations

from pathlib import Path

from graphs import Graph

from builders.base import Builder


class Make(Builder):
    name = "make"
    package = None
    program = "make"
    durable = "keeps nothing: goes by the times of files"

    def write(self, folder: Path, graph: Graph) -> None:
        goals = " ".join(output for _, _, outputs, _ in graph.ends for output in outputs)
        rules = [f".PHONY: all\nall: {goals}\n"]
        for _, inputs, outputs, command in graph.rows:
            rules.append(f"{' '.join(outputs)} &: {' '.join(inputs)}\n\t@{command.replace('$', '$$')}\n")
        (folder / "Makefile").write_text("".join(rules))

    def command(self, jobs: int) -> list[str]:
        return [*self.start, "-s", f"-j{jobs}"]
