"""go-task: a task for each step, with `sources`, `generates` and the default method, which is the checksum."""

from __future__ import annotations

import json
from pathlib import Path

from graphs import Graph

from builders.base import Builder


class Task(Builder):
    name = "go-task"
    package = "go-task-bin"
    program = "task"
    state = (".task",)
    durable = "a checksum of the inputs for each step, before it ran, not waited for"

    def write(self, folder: Path, graph: Graph) -> None:
        makers = {output: f"step_{number:05}" for number, _, outputs, _ in graph.rows for output in outputs}
        lines = ["version: '3'", "run: once", "tasks:", "  default:", "    deps:"]
        lines += [f"      - step_{number:05}" for number, _, _, _ in graph.ends]
        for number, inputs, outputs, command in graph.rows:
            needs = dict.fromkeys(makers[path] for path in inputs if path in makers)
            lines += [f"  step_{number:05}:", f"    deps: [{', '.join(needs)}]", f"    sources: [{', '.join(inputs)}]"]
            lines += [f"    generates: [{', '.join(outputs)}]", f"    cmds: [{json.dumps(command)}]"]
        (folder / "Taskfile.yml").write_text("\n".join(lines) + "\n")

    def command(self, jobs: int) -> list[str]:
        return [*self.start, "--silent", "--concurrency", str(jobs)]
