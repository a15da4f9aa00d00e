"""docs/schemas/plan.schema.json and docs/json.md say what `doit plan --json` really prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from example_project import REPOSITORY, ExampleProject
from jsonschema import Draft202012Validator

import phasegate  # noqa: F401 - finds orchestrator wherever this test is started
from orchestrator.forecast import Assumption

SCHEMA: dict[str, Any] = json.loads((REPOSITORY / "docs/schemas/plan.schema.json").read_text("utf-8"))
PAGE = (REPOSITORY / "docs/json.md").read_text("utf-8")

PLAN = """\
plan: steps
phases:
  ok: {run: cp source.txt build/ok.txt, inputs: [source.txt], outputs: [build/ok.txt]}
  after: {run: cp build/ok.txt build/after.txt, inputs: [build/ok.txt], outputs: [build/after.txt]}
  asks: {run: "true", approval: manual}
  shut: {run: "true", matrix: {n: [1, 2]}}
  fails: {run: "false"}
  behind: {run: "true", needs: [shut]}
  repeats: {run: "true", always: true}
  left: {run: "true"}
"""
CRITERIA = """\
ok:
  - {metric: n, from: build/ok.txt, at: '\\d+', pass: ">= 1", review: ">= 0"}
shut:
  - {file: source.txt, min_size: 1 kB}
"""


def forecast(project: ExampleProject, *args: str) -> dict[str, Any]:
    """What the command prints, after it has been held against the schema."""
    return project.json(SCHEMA, "plan", "--json", *args)


def actions(data: dict[str, Any]) -> dict[str, str]:
    return {phase["phase"]: phase["action"] for phase in data["phases"]}


@pytest.fixture
def project(tmp_path: Path) -> ExampleProject:
    made = ExampleProject(tmp_path)
    made.write("source.txt", "1\n")
    made.write("config/phases.yaml", PLAN)
    made.write("config/criteria.yaml", CRITERIA)
    return made


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_action_fits_the_schema(project: ExampleProject) -> None:
    """Before the first run, after it, and after what changes later."""
    assert set(actions(forecast(project)).values()) == {"run"}
    assert project.doit().returncode == 1
    assert project.doit("ignore", "left").returncode == 0
    assert actions(forecast(project)) == {
        "ok": "skip",
        "after": "skip",
        "asks": "wait",
        "shut": "judge",
        "fails": "run",
        "behind": "blocked",
        "repeats": "run",
        "left": "skip",
    }
    assert project.doit("approve", "asks").returncode == 0
    project.write("source.txt", "0\n")
    assert forecast(project, "ok", "after")["exit_code"] == 0
    for word in Assumption:
        forecast(project, "--assume", f"ok={word.value}", "--changed", "build/after.txt")


def test_the_page_names_every_field_and_word() -> None:
    """A field that the schema has is explained in docs/json.md."""
    kinds = SCHEMA["$defs"]["reason"]["properties"]["kind"]["enum"]
    parts = [SCHEMA, *(SCHEMA["$defs"][name] for name in ("phase", "reason"))]
    rows = [f"| `{field}` |" for part in parts for field in part["properties"]]
    rows += [f"| `{action}` |" for action in SCHEMA["$defs"]["phase"]["properties"]["action"]["enum"]]
    rows += [f"`{kind}`" for kind in kinds]
    assert [row for row in rows if row not in PAGE] == []
