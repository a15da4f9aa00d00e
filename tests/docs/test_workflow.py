"""The workflow of docs/github-actions.md: its form, and what its scripts do, job after job in fresh folders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import markdown_blocks
import pytest
import yaml
from example_project import REPOSITORY, STARTER
from jsonschema import Draft7Validator

BLOCKS = {block.about: block.text for block in markdown_blocks.read(REPOSITORY / "docs/github-actions.md")}
TEXT = BLOCKS[".github/workflows/plan.yml"]
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
STEPS = WORKFLOW["jobs"]["plan"]["steps"]
SCRIPTS = {step["id"]: step["run"] for step in STEPS if "id" in step and "run" in step}

PHASES = """\
plan: release
phases:
  make: {run: "echo make >> ran.txt; mkdir -p build; cp in.txt build/made.txt", inputs: [in.txt], outputs: [build/made.txt]}
  check: {run: "echo check >> ran.txt", needs: [make], approval: manual}
  ship: {run: "echo ship >> ran.txt; cp build/made.txt build/shipped.txt", needs: [check], inputs: [build/made.txt],
         outputs: [build/shipped.txt]}
"""


def test_it_is_a_workflow() -> None:
    """Against the schema that editors use, of SchemaStore; `actionlint` is no part of the tests, and was run by hand."""
    vendored = files("check_jsonschema") / "builtin_schemas/vendor/github-workflows.json"
    schema = json.loads(vendored.read_text("utf-8"))
    document = json.loads(json.dumps({("on" if key is True else key): value for key, value in WORKFLOW.items()}))
    assert [error.message for error in Draft7Validator(schema).iter_errors(document)] == []
    document["jobs"]["plan"]["permissions"]["issue"] = "write"
    assert not Draft7Validator(schema).is_valid(document)


def test_least_permissions_and_nothing_of_a_comment_in_a_script() -> None:
    """What an attacker writes is looked at by expressions alone, and never becomes part of a command."""
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["plan"]["permissions"] == {"contents": "read", "issues": "write", "actions": "read"}
    assert not any("${{" in step.get("run", "") for step in STEPS)


def test_a_comment_on_an_issue_of_this_configuration_starts_a_job() -> None:
    [label] = yaml.safe_load(BLOCKS["config/github.yaml"])["labels"]
    assert f"contains(github.event.issue.labels.*.name, '{label}')" in WORKFLOW["jobs"]["plan"]["if"]


def test_the_token_is_not_left_in_the_checkout() -> None:
    [checkout] = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["persist-credentials"] is False


class Job:
    """A folder as a runner has it, at the beginning of a job."""

    def __init__(self, root: Path, temp: Path, phases: str = PHASES) -> None:
        self.root = root
        self.files = {name: root.parent / f"{root.name}.{name}" for name in ("output", "summary")}
        (root / "config").mkdir(parents=True)
        for name in ("dodo.py", "doit.cfg"):
            shutil.copyfile(STARTER / name, root / name)
        (root / "config/phases.yaml").write_text(phases, "utf-8")
        (root / "in.txt").write_text("in\n", "utf-8")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "LOGNAME": "ada",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(root),
            "GITHUB_OUTPUT": str(self.files["output"]),
            "GITHUB_STEP_SUMMARY": str(self.files["summary"]),
            "RUNNER_TEMP": str(temp),
        }

    def script(self, text: str) -> subprocess.CompletedProcess[str]:
        """As the runner runs a step on Linux."""
        return subprocess.run(
            ["bash", "-e", "-c", text],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def step(self, name: str) -> subprocess.CompletedProcess[str]:
        return self.script(SCRIPTS[name])

    @property
    def ran(self) -> list[str]:
        path = self.root / "ran.txt"
        return path.read_text("utf-8").split() if path.exists() else []

    @property
    def outputs(self) -> dict[str, str]:
        """What the runner reads of GITHUB_OUTPUT."""
        lines = iter(self.files["output"].read_text("utf-8").splitlines())
        found = {}
        for line in lines:
            name, _, delimiter = line.partition("<<")
            value = []
            for each in lines:
                if each == delimiter:
                    break
                value.append(each)
            found[name] = "\n".join(value)
        return found


def test_it_stops_at_an_approval_and_goes_on_in_a_fresh_clone(tmp_path: Path) -> None:
    """Three jobs, each in a folder where every file has another inode and another time."""
    first = Job(tmp_path / "first", tmp_path)
    planned = first.step("plan")
    assert planned.returncode == 0, planned
    assert first.ran == ["make", "check"]
    assert first.outputs == {"state": "waiting", "waiting": '["check"]'}
    assert "| ✋ waiting | `check` |" in first.files["summary"].read_text("utf-8")
    assert "::notice file=config/phases.yaml,line=4," in planned.stderr
    assert first.step("keep").returncode == 0

    second = Job(tmp_path / "second", tmp_path)
    assert second.step("restore").returncode == 0
    for path in (second.root / "build").rglob("*"):
        os.utime(path, (2_000_000_000, 2_000_000_000))
    assert second.script("doit approve check -m 'looks good'").returncode == 0
    planned = second.step("plan")
    assert planned.returncode == 0, planned
    assert second.ran == ["ship"], "what was done stays done, whatever the times say"
    assert second.outputs == {"state": "done", "waiting": "[]"}
    assert (second.root / "build/shipped.txt").read_text("utf-8") == "in\n"
    assert second.step("keep").returncode == 0

    third = Job(tmp_path / "third", tmp_path)
    assert third.step("restore").returncode == 0
    planned = third.step("plan")
    assert "all 3 phases are done, nothing to do" in planned.stdout
    assert third.ran == []
    assert third.outputs == {"state": "done", "waiting": "[]"}


@pytest.mark.skipif(shutil.which("jq") is None, reason="gh's --jq is played by jq")
def test_the_state_of_a_stranger_is_not_taken(tmp_path: Path) -> None:
    """Not that of a fork's pull request, of another branch, or an expired one; and none is no error."""

    def artifact(run: int, day: int, branch: str = "main", head: int = 5, *, expired: bool = False) -> dict[str, Any]:
        came_from = {"id": run, "head_branch": branch, "repository_id": 5, "head_repository_id": head}
        return {"expired": expired, "created_at": f"2026-01-0{day}T00:00:00Z", "workflow_run": came_from}

    job = Job(tmp_path / "job", tmp_path)
    gh = tmp_path / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(f'#!/bin/sh\nexec jq -r "$4" {tmp_path}/artifacts.json\n', "utf-8")
    gh.chmod(0o755)
    job.environment |= {"PATH": f"{gh.parent}{os.pathsep}{job.environment['PATH']}", "BRANCH": "main"}
    job.environment["GITHUB_REPOSITORY"] = "octo/repo"
    found = []
    for artifacts in (
        [
            artifact(11, 1),
            artifact(12, 5, head=6),
            artifact(13, 2),
            artifact(14, 6, expired=True),
            artifact(15, 7, "pr"),
        ],
        [],
    ):
        (tmp_path / "artifacts.json").write_text(json.dumps({"artifacts": artifacts}), "utf-8")
        job.files["output"].unlink(missing_ok=True)
        assert job.step("before").returncode == 0
        found.append(job.files["output"].read_text("utf-8"))
    assert found == ["run=13\n", "run=\n"]


def test_a_failure_is_one_and_keeps_what_is_done(tmp_path: Path) -> None:
    """Exit code 1 fails the step; the state is packed even so, and the next job goes on from it."""
    broken = PHASES.replace("echo check >> ran.txt", "exit 1").replace("approval: manual", "approval: auto")
    first = Job(tmp_path / "first", tmp_path, broken)
    planned = first.step("plan")
    assert planned.returncode == 1
    assert "::error file=config/phases.yaml,line=4,col=10,title=check failed::ended with exit code 1" in planned.stderr
    assert first.outputs["state"] == "failed"
    assert first.step("keep").returncode == 0

    second = Job(tmp_path / "second", tmp_path, PHASES.replace("approval: manual", "approval: auto"))
    second.step("restore")
    assert second.step("plan").returncode == 0
    assert second.ran == ["check", "ship"]


def test_a_changed_input_is_seen_by_its_content(tmp_path: Path) -> None:
    """The reverse: the same size and an old time do not hide a change."""
    first = Job(tmp_path / "first", tmp_path)
    first.step("plan")
    first.step("keep")
    second = Job(tmp_path / "second", tmp_path)
    second.step("restore")
    (second.root / "in.txt").write_text("on\n", "utf-8")
    status = (first.root / "in.txt").stat()
    os.utime(second.root / "in.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    second.step("plan")
    assert second.ran == ["make"]
