"""doit without phasegate: one task a step, made in a loop, which is the leanest that one can write."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from graphs import Graph

from builders.base import Builder

DODO = """
DOIT_CONFIG = {"backend": "json", "verbosity": 0}


def task_steps():
    for number, inputs, outputs, command in STEPS:
        yield {"basename": f"step_{number:05}", "file_dep": inputs, "targets": outputs, "actions": [command]}
"""


class PlainDoit(Builder):
    """With the json backend, the quickest where nothing is to be done."""

    name = "plain doit"
    package = "doit"
    program = "doit"
    state = (".doit.db*",)
    durable = "when the run ends, not waited for"
    workers: ClassVar[str] = "process"

    def write(self, folder: Path, graph: Graph) -> None:
        (folder / "dodo.py").write_text(graph.python() + DODO)

    def command(self, jobs: int) -> list[str]:
        several = [] if jobs == 1 else ["-n", str(jobs), "-P", self.workers]
        return [*self.start, "run", *several]


class PlainDoitThreads(PlainDoit):
    """Its other way of running several at a time."""

    name = "plain doit, threads"
    workers = "thread"
    only = frozenset({"run2"})
