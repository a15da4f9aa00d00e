"""Luigi: a class of tasks with the number as its parameter, the local scheduler, and a worker for each job."""

from __future__ import annotations

import subprocess
from pathlib import Path

from graphs import Graph

from builders.base import Builder

TASKS = """
import subprocess

import luigi

ROWS = {row[0]: row for row in STEPS}
MAKERS = {output: number for number, _, outputs, _ in STEPS for output in outputs}


class Step(luigi.Task):
    number = luigi.IntParameter()

    def requires(self):
        found = dict.fromkeys(MAKERS[path] for path in ROWS[self.number][1] if path in MAKERS)
        return [Step(number=number) for number in found]

    def output(self):
        return [luigi.LocalTarget(path) for path in ROWS[self.number][2]]

    def run(self):
        subprocess.run(ROWS[self.number][3], shell=True, check=True)


class All(luigi.WrapperTask):
    def requires(self):
        return [Step(number=number) for number in ENDS]
"""


class Luigi(Builder):
    name = "Luigi"
    package = "luigi"
    program = "luigi"
    durable = "keeps nothing: an output that exists is done"
    sees_content = False

    def write(self, folder: Path, graph: Graph) -> None:
        ends = [row[0] for row in graph.ends]
        (folder / "steps.py").write_text(f"{graph.python()}\nENDS = {ends}\n{TASKS}")

    def command(self, jobs: int) -> list[str]:
        chosen = ["--module", "steps", "All", "--local-scheduler", "--workers", str(jobs), "--log-level", "WARNING"]
        return ["env", "PYTHONPATH=.", *self.start, *chosen]

    def version(self) -> str:
        """It does not say; its environment does."""
        ask = "import importlib.metadata; print(importlib.metadata.version('luigi'))"
        python = Path(self.start[0]).with_name("python")
        done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
        return done.stdout.strip() or "of unknown version"
