"""Snakemake: one rule with a wildcard, and a function that says what a step reads."""

from __future__ import annotations

from pathlib import Path

from graphs import Graph

from builders.base import Builder

SNAKEFILE = """
import sys

sys.setrecursionlimit(1000 + 20 * len(STEPS))  # it goes along a chain by recursion
ROWS = {f"{row[0]:05}": row for row in STEPS}

rule all:
    input: GOALS

rule step:
    input: lambda wildcards: ROWS[wildcards.number][1]
    output: "build/{number}.a", "build/{number}.b"
    params: run=lambda wildcards: ROWS[wildcards.number][3]
    shell: "{params.run}"
"""


class Snakemake(Builder):
    name = "Snakemake"
    package = "snakemake"
    program = "snakemake"
    state = (".snakemake",)
    durable = "a file for each output, not waited for"

    def write(self, folder: Path, graph: Graph) -> None:
        goals = [output for _, _, outputs, _ in graph.ends for output in outputs]
        (folder / "Snakefile").write_text(f"{graph.python()}\nGOALS = {goals}\n{SNAKEFILE}")

    def command(self, jobs: int) -> list[str]:
        return [*self.start, "--cores", str(jobs), "--quiet", "all"]
