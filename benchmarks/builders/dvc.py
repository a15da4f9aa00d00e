"""DVC: a stage for each step, without git and without its usage statistics; it runs one at a time."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from graphs import Graph

from builders.base import Builder


class Dvc(Builder):
    name = "DVC"
    package = "dvc"
    program = "dvc"
    state = ("dvc.lock", ".dvc/cache", ".dvc/tmp")
    durable = "step by step, not waited for; with a copy of each output in its cache"
    parallel = False

    def write(self, folder: Path, graph: Graph) -> None:
        lines = ["stages:"]
        for number, inputs, outputs, command in graph.rows:
            lines += [f"  step_{number:05}:", f"    cmd: {json.dumps(command)}"]
            lines += [f"    deps: [{', '.join(inputs)}]", f"    outs: [{', '.join(outputs)}]"]
        (folder / "dvc.yaml").write_text("\n".join(lines) + "\n")
        settings = [["config", name, "false"] for name in ("core.analytics", "core.check_update")]
        for arguments in (["init", "--no-scm", "--quiet"], *settings):
            subprocess.run([*self.start, *arguments], cwd=folder, check=True, capture_output=True)

    def command(self, jobs: int) -> list[str]:
        return [*self.start, "repro", "--quiet"]
