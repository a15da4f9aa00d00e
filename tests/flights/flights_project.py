"""The example plan in a throw-away folder: its real modules as child processes, on the real data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import criteria

HERE = Path(__file__).resolve().parents[2]
CARRIERS = ("AA", "UA")  # two of the matrix are enough to see how it works


@dataclass(frozen=True)
class Project:
    root: Path

    def run(self, phase: int, *, check: bool = True, **params: object) -> subprocess.CompletedProcess[str]:
        """Run a phase's work as the plan has it (phase_11 for two carriers only)."""
        work = plan()[f"phase_{phase}"]
        given = {**work.get("params", {}), **params}
        env = {**os.environ, **work.get("env", {}), **{f"PARAM_{name.upper()}": str(it) for name, it in given.items()}}
        ended = None
        for carrier in CARRIERS if "matrix" in work else ("",):
            argv = [word.replace("{carrier}", carrier) for word in command(work)]
            ended = subprocess.run(argv, cwd=self.root, env=env, text=True, capture_output=True, check=False)
            assert not check or ended.returncode == 0, f"{argv}\n{ended.stdout}{ended.stderr}"
        assert ended is not None
        return ended

    def read(self, name: str) -> Any:
        return json.loads((self.root / "build" / name).read_text(encoding="utf-8"))

    def judge(self, phase: int, **approved: float) -> dict[str, str]:
        """The results of the phase's criteria, by name, with the thresholds as they are committed."""
        items = yaml.safe_load((HERE / "config/criteria.yaml").read_text(encoding="utf-8"))[f"phase_{phase}"]
        scene = criteria.Scene(root=self.root, now=0, approved=approved, env=dict(os.environ))
        verdicts = [criteria.parse(item).judge(scene) for item in items]
        return {verdict.name.rpartition(":")[2]: verdict.result.value for verdict in verdicts}


def plan() -> dict[str, Any]:
    phases: dict[str, Any] = yaml.safe_load((HERE / "config/phases.yaml").read_text(encoding="utf-8"))["phases"]
    return phases


def command(work: dict[str, Any]) -> list[str]:
    if "call" in work:
        module, _, function = work["call"].partition(":")
        return [sys.executable, "-c", f"import {module} as it; it.{function}(**{work.get('args', {})!r})"]
    run = work["run"]
    words = run.split() if isinstance(run, str) else run
    assert words[0] == "python"
    return [sys.executable, *words[1:]]


def fresh(root: Path) -> Project:
    """The plan and its data, nothing built."""
    for part in ("config", "data", "phases"):
        shutil.copytree(HERE / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(root)
