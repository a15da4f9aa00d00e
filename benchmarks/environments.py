"""Where each tool is had from: an environment of its own with the newest version of its registry, or the system."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import processes
from builders.base import Builder
from builders.phasegate import Phasegate
from builders.plain_doit import PlainDoit


class Absent(Exception):
    """The tool cannot be had here: the message says why."""


def find(kind: type[Builder], cache: Path, work: Path, *, install: bool) -> list[str]:
    """How this tool is started, installed into `cache` where that is needed and allowed.

    phasegate is installed anew each time, from this checkout. Raises Absent.
    """
    if kind.package is None:
        return on_path(kind)
    if not install:
        return as_it_is(kind, work)
    home = cache / kind.package
    program = home / "bin" / kind.program
    if not program.exists():
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True, symlinks=True)
        pip(home, str(copy(work)) if kind is Phasegate else kind.package)
    elif kind is Phasegate:
        pip(home, "--force-reinstall", "--no-deps", str(copy(work)))
    return [str(program)]


def as_it_is(kind: type[Builder], work: Path) -> list[str]:
    """Without a registry: phasegate and doit as this Python has them, the rest as the PATH has it."""
    script = str(Path(sys.executable).with_name("doit"))
    if kind is Phasegate:
        return [script]
    if issubclass(kind, PlainDoit):
        return [str(processes.tools(work / "plain")[1].python), script]
    return on_path(kind)


def on_path(kind: type[Builder]) -> list[str]:
    """Raises Absent."""
    found = shutil.which(kind.program)
    if found is None:
        raise Absent(f"{kind.program} is not on the PATH")
    return [found]


def copy(work: Path) -> Path:
    """What the wheel is made of: built in the checkout itself, it would take in what an earlier build left there."""
    checkout, clean = Path(__file__).parents[1], work / "checkout"
    shutil.rmtree(clean, ignore_errors=True)
    clean.mkdir()
    for name in ("pyproject.toml", "setup.cfg", "README.md", "LICENSE", "phasegate.py"):
        shutil.copy(checkout / name, clean)
    for name in ("criteria", "orchestrator", "phases"):
        shutil.copytree(checkout / name, clean / name, ignore=shutil.ignore_patterns("__pycache__"))
    return clean


def pip(home: Path, *what: str) -> None:
    """Raises Absent with pip's last words."""
    command = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Absent(f"pip: {(done.stderr.strip() or 'no word').splitlines()[-1][:200]}")
