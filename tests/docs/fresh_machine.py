"""A machine that has Python and nothing of ours: a home, a shell, and this project as a wheel that pip may install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from example_project import REPOSITORY, ExampleProject

PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
"""The interpreter beneath the one that runs the tests, so that nothing of its environment is there."""
SHIPPED = ("phasegate.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "criteria", "orchestrator", "phases")
KEPT = re.compile(r"(PIP_\w+|\w+_proxy|\w+_PROXY|SSL_CERT_FILE|REQUESTS_CA_BUNDLE|TMPDIR)")
"""Variables that say how to reach a package index from here."""


class FreshMachine(ExampleProject):
    """A folder to begin in, with a home of its own."""

    def __init__(self, root: Path, wheel: Path) -> None:
        home = root / "home"
        home.mkdir(parents=True)
        super().__init__(home, wired=False)
        self.activated = ""
        self._constraint = root / "constraint.txt"
        self._constraint.write_text(f"phasegate @ {wheel.as_uri()}\n", "utf-8")

    def shell(self, line: str, **env: str) -> subprocess.CompletedProcess[str]:
        """As in one shell: what `. .venv/bin/activate` did lasts."""
        done = super().shell(f"{self.activated}{line}", **env)
        if done.returncode == 0 and re.fullmatch(r"\. \S+/activate", line):
            self.activated = f". '{self.cwd / line.split()[1]}'; "
        return done

    def _environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if KEPT.fullmatch(name)},
            **where_pip_looks(),
            "PIP_CONSTRAINT": str(self._constraint),
            "PIP_QUIET": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PATH": os.pathsep.join([str(PYTHON.parent), os.defpath.lstrip(":")]),
            "HOME": str(self.root),
            "LOGNAME": "ada",
            "LC_ALL": "C.UTF-8",
        }


def where_pip_looks() -> dict[str, str]:
    """pip's own configuration and cache, which it would look for in the home that is not there."""
    settings = Path.home() / ".config/pip/pip.conf"
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pip"
    return {
        **({"PIP_CONFIG_FILE": str(settings)} if settings.exists() else {}),
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(cache)),
    }


def wheel_of_this_project(folder: Path) -> Path | None:
    """A wheel built from what is shipped and nothing else; None where pip can reach no index to build it with."""
    source = folder / "source"
    for name in SHIPPED:
        origin, target = REPOSITORY / name, source / name
        if origin.is_dir():
            shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(exist_ok=True, parents=True)
            shutil.copy(origin, target)
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if "No matching distribution found for setuptools" in built.stderr:
        return None
    assert built.returncode == 0, built.stderr
    return next(folder.glob("phasegate-*.whl"))
