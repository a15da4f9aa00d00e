"""A run inside GitHub Actions: its summary, its annotations and its outputs, through the real `doit`."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def actions(project, tmp_path):
    """The environment of a step, and what was written in it."""

    class Step:
        output, summary = tmp_path / "output", tmp_path / "summary"

        def environment(self, **more: str) -> dict[str, str]:
            return {
                "GITHUB_ACTIONS": "true",
                "GITHUB_WORKSPACE": str(project.root.parent),
                "GITHUB_OUTPUT": str(self.output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                **more,
            }

        def doit(self, *args: str, **more: str):
            return project.doit(*args, env=self.environment(**more))

        def outputs(self) -> dict[str, str]:
            lines = self.output.read_text("utf-8").splitlines()
            return {lines[at].partition("<<")[0]: lines[at + 1] for at in range(0, len(lines), 3)}

    return Step()


METRIC = {"metric": "mae", "from": "out.json", "at": "mae", "pass": "<= 1"}


def commands(ran) -> list[str]:
    return [line for line in ran.err.splitlines() if line.startswith("::")]


def place_of(project, kind: str, text: str) -> str:
    """`line=…,col=…` of a text in a configuration file."""
    lines = project.read(f"config/{kind}.yaml").splitlines()
    [number] = [at for at, line in enumerate(lines) if text in line]
    return f"line={number + 1},col={lines[number].index(text) + 1}"


def test_a_failed_criterion_is_told_beside_its_line(project, actions):
    project.phases({"bad": {"run": "echo '{\"mae\": 2}' > out.json", "outputs": ["out.json"]}, "b": {"run": "exit 3"}})
    (project.root / "config/criteria.json").unlink()
    project.write(
        "config/criteria.yaml",
        "bad:\n  - file: out.json\n  - metric: mae\n    from: out.json\n    at: mae\n    pass: '<= 1'\n"
        "  - metric: half\n    from: out.json\n    at: mae\n    pass: '<= 1'\n    severity: warn\n",
    )
    ran = actions.doit()
    assert ran.code == 1, ran
    folder = project.root.name
    mae, half = (place_of(project, "criteria", f"metric: {name}") for name in ("mae", "half"))
    assert commands(ran) == [
        f"::error file={folder}/config/criteria.yaml,{mae},title=bad failed::mae 2, must be <= 1 (out.json: mae)",
        commands(ran)[1],
        f"::warning file={folder}/config/criteria.yaml,{half},title=bad%3A half::half 2, must be <= 1 (out.json: mae)",
    ]
    assert f"::error file={folder}/config/phases.json,line=" in commands(ran)[1]
    assert "title=b failed::ended with exit code 3" in commands(ran)[1]
    assert actions.outputs() == {"state": "failed", "waiting": "[]"}
    assert "| ❌ failed | `bad` |  | 1 of 3, 1 warning, not `mae` |" in actions.summary.read_text("utf-8")
    assert "::" not in ran.out, "the log that people read stays as it is"


def test_a_matrix_has_the_place_of_its_criterion(project, actions):
    phase = {"run": "echo '{\"mae\": {n}}' > out{n}.json", "outputs": ["out{n}.json"], "matrix": {"n": [0, 2]}}
    project.phases({"m": phase}, {"m": [{**METRIC, "metric": "mae{n}", "from": "out{n}.json"}]})
    ran = actions.doit()
    [command] = commands(ran)
    assert command.startswith("::error file=project/config/criteria.json,line=3,col=3,title=m failed::mae2 2, must be")


def test_what_waits_is_an_output_and_a_notice(project, actions):
    project.phases({name: {"run": "true", "approval": "manual"} for name in ("one", "two")})
    ran = actions.doit().ended(4)
    assert json.loads(actions.outputs()["waiting"]) == ["one", "two"]
    assert [line.partition("::waits")[0].split(",title=")[1] for line in commands(ran)] == ["one waits", "two waits"]
    assert actions.summary.read_text("utf-8").startswith("### ✋ **test** is waiting: 2 waiting\n\n- ✋ `one`: ")


def test_a_run_with_nothing_to_do_tells_it_too(project, actions):
    project.phases({"a": {"run": "true"}, "b": {"run": "exit 1"}})
    project.doit("a").done("a")
    actions.doit("a").nothing()
    assert actions.outputs() == {"state": "done", "waiting": "[]"}
    assert "`b`" not in actions.summary.read_text("utf-8"), "it is about what was asked for"


@pytest.mark.parametrize("command", [["list"], ["status"], ["run"], ["approve", "a"]])
def test_every_command_tells_configuration_errors_beside_their_lines(project, actions, command):
    project.write("config/phases.yaml", "phases:\n  a: {runn: 'x', needs: [b]}\n")
    ran = actions.doit(*command).ended(3)
    found = commands(ran)
    assert found[0].startswith("::error file=project/config/phases.yaml,line=2,col=")
    assert any("unknown key 'runn' in a" in line for line in found)
    assert commands(project.doit(*command)) == [], "not elsewhere"


def test_what_is_not_there_is_told_as_well(project, actions):
    project.phases({"a": {"run": "true", "inputs": ["nowhere.txt"]}})
    [command] = commands(actions.doit().ended(3))
    assert "file=project/config/phases.json" in command
    assert "nowhere.txt" in command


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("value", ["", "/nowhere/file", "/", "/dev/full"])
def test_what_cannot_be_written_is_a_note(project, actions, variable, value):
    project.phases({"a": {"run": "true"}})
    ran = actions.doit(**{variable: value}).done("a")
    assert f"note: {variable}" in ran.err, ran
    assert "Traceback" not in ran.err


def test_a_full_summary_is_left_as_it_is(project, actions):
    project.phases({"a": {"run": "true"}})
    actions.summary.write_bytes(b"x" * ((1 << 20) - 10))
    ran = actions.doit().done("a")
    assert "note: GITHUB_STEP_SUMMARY is full" in ran.err
    assert actions.summary.stat().st_size == (1 << 20) - 10
    assert actions.outputs()["state"] == "done"


def test_hostile_names_and_secrets(project, actions):
    title = "--><script>alert(1)</script> | @everyone #1 hunter2-hunter2"
    check = {"command": "echo '::stop-commands::x'; echo '##[add-matcher]x'; exit 1", "name": "::set-output::a|b"}
    project.phases({"a": {"title": title, "run": "echo '::error::mine'; true"}}, {"a": [check]})
    project.write(".env", "PASSWORD=hunter2-hunter2\nMODE=failed\n")
    ran = actions.doit("-v", "2")
    assert ran.code == 1, ran
    summary = actions.summary.read_text("utf-8")
    assert actions.outputs()["state"] == "failed", "which is no secret, although .env has that word"
    assert "<script>" not in summary
    assert "@everyone" not in summary
    assert "hunter2" not in summary + actions.output.read_text("utf-8")
    lines = [*ran.out.splitlines(), *(line for line in ran.err.splitlines() if not line.startswith("::error file="))]
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in lines), ran


def test_elsewhere_nothing_is_told(project, actions):
    project.phases({"a": {"run": "exit 1"}})
    ran = actions.doit(GITHUB_ACTIONS="false")
    assert commands(ran) == []
    assert not actions.output.exists()
