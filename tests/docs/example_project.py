"""A folder in which the examples of the documentation are written and run, by real `doit` processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import inprocess
import markdown_blocks
from doit_project import Project
from jsonschema import Draft202012Validator
from markdown_blocks import Block, Command, Kind

REPOSITORY = Path(__file__).parent.parent.parent
STARTER = REPOSITORY / "orchestrator" / "starter"
SECONDS = 300


class ExampleProject:
    """A throw-away project."""

    def __init__(self, root: Path, *, wired: bool = True) -> None:
        self.root = self.cwd = root
        if wired:
            for name in ("dodo.py", "doit.cfg"):
                shutil.copy(STARTER / name, root)

    def write(self, path: str, text: str) -> None:
        target = self.cwd / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

    def shell(self, line: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command line with the `doit` of the Python that runs the tests first on PATH. One that asks nothing of
        the shell needs none, and no process."""
        if re.fullmatch(r"doit( [\w./=:-]+)*", line) and not Project.in_processes:
            return self._here(line.split()[1:], env)
        return self._run(["sh", "-c", line], env)

    def doit(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m doit`, which puts the project's folder first on sys.path."""
        return self._run([sys.executable, "-m", "doit", *args], env)

    def json(self, schema: Mapping[str, Any], *args: str) -> dict[str, Any]:
        """What a command of doit prints, after it has been held against its schema."""
        printed = self.doit(*args)
        assert printed.returncode == 0, printed.stdout
        data: dict[str, Any] = json.loads(printed.stdout)
        wrong = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(data)]
        assert wrong == []
        return data

    def play(self, block: Block) -> None:
        """Write or change a file, or run the commands of a console block and hold what they print against what is
        shown."""
        if block.kind is Kind.FILE:
            self.write(block.about, block.text)
            return
        if block.kind is Kind.CHANGE:
            self.write(block.about, markdown_blocks.changed(block, (self.cwd / block.about).read_text("utf-8")))
            return
        for command in markdown_blocks.commands(block):
            if folder := re.fullmatch(r"cd (\S+)", command.line):
                self.cwd /= folder[1]
            else:
                self._check(block, command)

    def _check(self, block: Block, command: Command) -> None:
        __tracebackhide__ = True
        done = self.shell(command.line)
        assert done.returncode == command.exit_code and markdown_blocks.agrees(command.output, done.stdout), (  # noqa: PT018
            f"\n{block.place}\n$ {command.line}\n--- shown, with exit code {command.exit_code}\n{command.output}"
            f"--- printed, with exit code {done.returncode}\n{done.stdout}"
        )

    def _here(self, args: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        code, printed, _ = inprocess.doit(args, self.cwd, {**self._environment(), **env}, merged=True)
        return subprocess.CompletedProcess(["doit", *args], code, printed)

    def _run(self, argv: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=self.cwd,
            env={**self._environment(), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        folders = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PHASEGATE_", "PARAM_", "GITHUB_"))
        }
        return {
            **kept,
            "PATH": os.pathsep.join(dict.fromkeys(folders)),
            "LOGNAME": "ada",  # who approves
            "LC_ALL": "C.UTF-8",
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",  # an example that changes a module twice within a second is no rare case
        }


def with_fragment(root: Path, block: Block) -> ExampleProject:
    """A project with nothing but this piece of configuration, and what it cannot do without."""
    project = ExampleProject(root)
    kind = block.about.split()[0]
    text = block.text
    if kind == "phases":
        if not re.search(r"^(?:phases|plan):", text, re.MULTILINE):
            text = "phases:\n" + "".join(f"  {line}\n" for line in text.splitlines())
    else:
        names = re.findall(r"^([\w.-]+):", text, re.MULTILINE) if kind == "criteria" else ["phase"]
        project.write("config/phases.yaml", "phases:\n" + "".join(f'  {name}: {{run: "true"}}\n' for name in names))
    project.write(f"config/{kind}.yaml", text)
    return project


def told(block: Block) -> str:
    """The messages that a refused block says it is refused with."""
    return "".join(line.removeprefix("# ") + "\n" for line in block.text.splitlines() if line.startswith("# config/"))
