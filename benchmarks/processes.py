"""Whole processes with their times: phasegate's doit, a plain doit beside it, and the environment of both."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tool:
    """One way to call doit."""

    name: str
    python: Path
    idle: str
    """What it prints when it does nothing: a regular expression over all of it."""

    def run(self, folder: Path, env: Mapping[str, str], *args: str) -> float:
        """Run doit as a whole process; the seconds that it took. A failure ends the benchmark with what it printed."""
        start = time.perf_counter()
        done = subprocess.run(
            self._command(*args), cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        took = time.perf_counter() - start
        expect(done.returncode == 0, f"{self.name} ended with {done.returncode}:\n{done.stderr.decode()}")
        return took

    def is_idle(self, folder: Path, env: Mapping[str, str]) -> bool:
        """Run doit, untimed: does it say that there was nothing to do?"""
        done = subprocess.run(self._command(), cwd=folder, env=env, capture_output=True, text=True)
        return done.returncode == 0 and re.fullmatch(self.idle, done.stdout) is not None

    def _command(self, *args: str) -> list[str]:
        return [str(self.python), str(Path(sys.executable).with_name("doit")), *args]


def expect(condition: bool, otherwise: str) -> None:
    """End the benchmark where it would measure something else than it says."""
    if not condition:
        sys.exit(otherwise)


def tools(folder: Path) -> tuple[Tool, Tool]:
    """phasegate, and a plain doit in an environment that differs by phasegate alone.

    doit imports every installed backend in every command, so that beside phasegate even a plain doit loads a part of
    it, and would look slower than it is.
    """
    venv.create(folder, symlinks=True)
    theirs = next(folder.glob("lib/python*/site-packages"))
    ours = {file.parts[0] for file in importlib.metadata.files("phasegate") or []} | {"__pycache__"}
    for entry in Path(str(importlib.metadata.distribution("doit").locate_file(""))).iterdir():
        if entry.name not in ours and not (theirs / entry.name).exists():
            (theirs / entry.name).symlink_to(entry)
    python = folder / "bin" / "python"
    seen = subprocess.run([python, "-c", "import phasegate"], cwd=folder, stderr=subprocess.DEVNULL).returncode == 0
    expect(not seen, "plain doit still sees phasegate")
    return (
        Tool("phasegate", Path(sys.executable), r".* nothing to do\n"),
        Tool("plain doit", python, r"(-- \w+\n)+"),
    )


def environment(cache: Path | None) -> dict[str, str]:
    """The environment of both; bytecode is cached in a folder of its own, or not written at all."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DOIT"))}
    bytecode = {"PYTHONDONTWRITEBYTECODE": "1"} if cache is None else {"PYTHONPYCACHEPREFIX": str(cache)}
    return env | bytecode


def versions() -> dict[str, str]:
    """What was compared."""
    found = {name: importlib.metadata.version(name) for name in ("doit", "phasegate")}
    return {"python": platform.python_version(), **found, "system": f"{platform.system()} {platform.machine()}"}


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Median and minimum."""
    return {"median_ms": statistics.median(seconds) * 1e3, "min_ms": min(seconds) * 1e3}
