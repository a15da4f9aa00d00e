"""`doit init`: a starter that runs at once, and never at the cost of what is there."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def empty(new_project):
    folder = new_project("fresh")
    for name in ("dodo.py", "doit.cfg"):
        (folder.root / name).unlink()
    return folder


def test_the_starter_runs_at_once(empty):
    ran = empty.doit("init").ended(0, "written  config/phases.yaml", "next: doit")
    assert "kept" not in ran.out
    empty.doit().done("collect", "summarise", "publish")
    empty.doit().nothing()
    assert (empty.root / ".env.example").exists()
    assert "build/" in empty.read(".gitignore")


def test_into_a_folder_that_is_named(empty):
    empty.doit("init", "deep/er").ended(0, "cd deep/er && doit")
    empty.doit(cwd=empty.root / "deep/er").done("collect", "summarise", "publish")


def test_it_never_overwrites(empty):
    empty.write("config/phases.yaml", "mine")
    empty.write(".gitignore", "*.pyc")
    empty.write("config/schemas", "a file where a folder belongs")
    empty.doit("init").ended(3)
    (empty.root / "config/schemas").unlink()
    ran = empty.doit("init").ended(0, "kept     config/phases.yaml")
    assert "added to .gitignore" in ran.out or "kept     .gitignore" in ran.out
    assert empty.read("config/phases.yaml") == "mine"
    assert empty.read(".gitignore").splitlines()[:2] == ["*.pyc", "build/"]
    before = empty.read(".gitignore")
    empty.doit("init")
    assert empty.read(".gitignore") == before


@pytest.mark.parametrize("name", ["phases.yaml", "phases.yml", "phases.json"])
def test_a_plan_that_is_there_still_loads(empty, name):
    empty.write(f"config/{name}", '{"phases": {"mine": {"run": "true"}}}')
    ran = empty.doit("init").ended(0, f"kept     config/{name}", "written  dodo.py", "written  config/schemas/phases")
    assert "criteria.yaml" not in ran.out
    assert not (empty.root / "steps").exists()
    empty.doit().done("mine")
    empty.doit("init").ended(0)
    empty.doit().nothing()


def test_beside_a_plan_it_writes_what_the_plan_needs_and_nothing_of_the_starters(empty):
    plan = {"config/phases.yaml": "phases: {mine: {run: 'true'}}", "config/criteria.yaml": "mine: []"}
    for path, text in plan.items():
        empty.write(path, text)
    ran = empty.doit("init").ended(0, *(f"kept     {path}" for path in plan))
    written = {line.split()[1] for line in ran.out.splitlines() if line.startswith("written")}
    assert {path for path in written if not path.startswith("config/schemas/")} == {
        "dodo.py",
        "doit.cfg",
        ".env.example",
        ".gitignore",
    }
    assert {path: empty.read(path) for path in plan} == plan


def test_a_plan_that_nothing_runs_yet_says_what_is_missing(empty):
    """A bare `doit` without doit.cfg is doit's own, and says so in its words alone."""
    empty.write("config/phases.yaml", "phases: {mine: {run: 'true'}}")
    for command in (("plan",), ("status",)):
        empty.doit(*command).ended(3, "Could not find dodo file", "run `doit init`")
    empty.write("doit.cfg", "[COMMAND]\nrun = phasegate:Run\n")
    empty.doit().ended(3, "Could not find dodo file", "run `doit init`")
    empty.doit("init").ended(0)
    empty.write("config/phases.yaml", "phases: {mine: {run: []}}")
    for command in ((), ("plan",)):
        refused = empty.doit(*command).ended(3, "1 problem in the configuration")
        assert "doit init" not in refused.out + refused.err


def test_wiring_that_is_missing_in_files_of_the_user_is_shown(empty):
    empty.write("dodo.py", "def task_x():\n    return {'actions': ['true']}\n")
    empty.doit("init").ended(0, "dodo.py was there before", "from phasegate import Project")


def test_more_than_one_folder_is_refused(empty):
    empty.doit("init", "a", "b").ended(3, "one folder at most")


def test_schemas_lie_beside_the_files_that_name_them(empty):
    empty.doit("init").ended(0, "written  config/schemas/phases.schema.json")
    for kind in ("phases", "criteria", "orchestrator", "github"):
        first = empty.read(f"config/{kind}.yaml").splitlines()[0]
        assert first == f"# yaml-language-server: $schema=schemas/{kind}.schema.json"
        assert json.loads(empty.read(f"config/schemas/{kind}.schema.json"))["title"].startswith(f"config/{kind}.yaml")


def test_schemas_alone_are_written_anew(empty):
    empty.write("config/phases.yaml", "phases:\n  a: {run: x}\n")
    empty.write("config/criteria.yml", "# yaml-language-server: $schema=mine.json\n")
    empty.write("config/schemas/phases.schema.json", "of an older version")
    ran = empty.doit("init", "--schemas").ended(0, "replaced config/schemas/phases.schema.json")
    assert "config/phases.yaml lacks the line: # yaml-language-server: $schema=schemas/phases.schema.json" in ran.out
    assert "criteria.yml lacks" not in ran.out
    assert json.loads(empty.read("config/schemas/phases.schema.json"))
    assert not (empty.root / "dodo.py").exists()
    empty.doit("init", "--schemas", "--from", "dvc.yaml").ended(3, "without --from")
