"""docs/schemas/status.schema.json and docs/json.md say what `doit status --json` really prints."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from example_project import REPOSITORY, ExampleProject
from jsonschema import Draft202012Validator

SCHEMA: dict[str, Any] = json.loads((REPOSITORY / "docs/schemas/status.schema.json").read_text("utf-8"))

PLAN = """\
plan: states
phases:
  ok: {run: cp source.txt build/ok.txt, inputs: [source.txt], outputs: [build/ok.txt]}
  after: {run: cp build/ok.txt build/after.txt, inputs: [build/ok.txt], outputs: [build/after.txt]}
  asks: {run: "true", approval: manual}
  shut: {run: "true", matrix: {n: [1, 2]}}
  behind: {run: "true", needs: [shut]}
  repeats: {run: "true", always: true}
"""
CRITERIA = """\
ok:
  - {metric: n, from: build/ok.txt, at: '\\d+', pass: ">= 1", review: ">= 0"}
  - {json: build/ok.txt}
asks:
  - {metric: gone, from: nothing.json, at: a, pass: "> 0", severity: warn}
  - {check: "checks:maybe"}
shut:
  - {command: "exit {n}"}
  - {file: build/ok.txt, min_size: 1 kB}
"""
SLOW = """\
plan: slow
phases:
  slow: {run: "touch started; until test -e go; do sleep 0.05; done"}
  later: {run: "true", needs: [slow]}
"""


def status(project: ExampleProject, *args: str) -> dict[str, Any]:
    """What the command prints, after it has been held against the schema."""
    return project.json(SCHEMA, "status", "--json", *args)


def states(data: dict[str, Any]) -> dict[str, str]:
    return {phase["phase"]: phase["state"] for phase in data["phases"]}


@pytest.fixture
def project(tmp_path: Path) -> ExampleProject:
    made = ExampleProject(tmp_path)
    made.write("source.txt", "1\n")
    made.write("checks.py", "def maybe():\n    return {'result': 'review', 'value': 'so so', 'bound': 'fine'}\n")
    made.write("config/phases.yaml", PLAN)
    made.write("config/criteria.yaml", CRITERIA)
    return made


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_state_fits_the_schema(project: ExampleProject) -> None:
    """Before the first run, after it, after an approval and after a change."""
    assert set(states(status(project)).values()) == {"pending"}
    assert project.doit().returncode == 1
    after_run = status(project)
    assert states(after_run) == {
        "ok": "done",
        "after": "done",
        "asks": "waiting",
        "shut": "failed",
        "behind": "blocked",
        "repeats": "done",
    }
    assert after_run["state"] == "failed"
    assert status(project, "after", "ok")["state"] == "done"
    assert [phase["phase"] for phase in status(project, "after", "ok")["phases"]] == ["ok", "after"]
    assert project.doit("approve", "asks").returncode == 0
    project.write("source.txt", "0\n")
    changed = status(project, "asks", "ok", "after")
    assert states(changed)["ok"] == states(changed)["after"] == "stale"
    approval = next(phase["approval"] for phase in changed["phases"] if phase["phase"] == "asks")
    assert (approval["by"], approval["channel"]) == ("ada", "command line")


@pytest.fixture
def running(tmp_path: Path, wait_until: Callable[[Callable[[], bool]], None]) -> Iterator[ExampleProject]:
    """A project in which a run is going on. A work has begun before the journal knows it."""
    made = ExampleProject(tmp_path)
    made.write("config/phases.yaml", SLOW)
    process = subprocess.Popen([sys.executable, "-m", "doit"], cwd=tmp_path, stdout=subprocess.DEVNULL)

    def is_on_record() -> bool:
        assert process.poll() is None
        if not (tmp_path / "started").exists():
            return False
        with closing(sqlite3.connect(f"file:{tmp_path}/.doit.db?mode=ro", uri=True)) as state:
            return bool(state.execute("select 1 from journal where event = 'attempt.started'").fetchall())

    try:
        wait_until(is_on_record)
        yield made
    finally:
        made.write("go", "")
        process.wait(200)


def test_a_run_that_is_going_on_fits_the_schema(running: ExampleProject) -> None:
    """`running` shows only while an attempt is really going on."""
    data = status(running)
    assert states(data) == {"slow": "running", "later": "pending"}
    began = [phase["started"] for phase in data["phases"]]
    assert 0 < began[0] <= time.time()
    assert began[1] is None
    [line] = [line for line in running.doit("status").stdout.splitlines() if line.startswith("running")]
    assert re.fullmatch(r"running +slow +slow +for [\d.]+ (s|min.*)", line), line


def test_the_page_names_every_field_and_state() -> None:
    """A field that the schema has is explained in docs/json.md."""
    page = (REPOSITORY / "docs/json.md").read_text("utf-8")
    parts = [SCHEMA, *(SCHEMA["$defs"][name] for name in ("phase", "verdict", "approval"))]
    rows = [f"| `{field}` |" for part in parts for field in part["properties"]]
    rows += [f"| `{state}` |" for state in SCHEMA["$defs"]["state"]["enum"]]
    assert [row for row in rows if row not in page] == []
