"""phasegate: a phase for each step, with the one criterion that its output is there."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import plans
from graphs import Graph

from builders.base import Builder


class Phasegate(Builder):
    name = "phasegate"
    package = "phasegate"
    program = "doit"
    state = (".doit.db*", ".doit/logs", ".doit/rest")
    durable = "step by step, waited for, before what follows starts; with a log for each attempt"

    def write(self, folder: Path, graph: Graph) -> None:
        phases, criteria = ["plan: benchmark", "phases:"], []
        for number, inputs, outputs, command in graph.rows:
            phases += [f"  step_{number:05}:", f"    run: {json.dumps(command)}"]
            phases += [f"    inputs: [{', '.join(inputs)}]", f"    outputs: [{', '.join(outputs)}]"]
            criteria += [f"step_{number:05}:", f"  - file: {outputs[0]}"]
        plans.write_config(folder, phases, criteria)

    def command(self, jobs: int) -> list[str]:
        return [*self.start, "run", "-n", str(jobs)]

    def version(self) -> str:
        """Of this checkout."""
        return importlib.metadata.version("phasegate")
