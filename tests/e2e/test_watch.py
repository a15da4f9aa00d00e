"""`doit watch`: runs again when what the phases are made from changes, and at no other time."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from doit_project import DOIT
from test_signals import alive

COPY = {"run": "echo copy >> ran.txt; cat src/*.txt > build/copy.txt", "inputs": ["src/*.txt"], "outputs": ["build/copy.txt"]}  # fmt: skip
WAITING = "waiting for a change"


class Watch:
    """A `doit watch` that is going on."""

    def __init__(self, project, wait_until, log: Path, args: tuple[str, ...], cwd: Path | None) -> None:
        self.project, self._log, self._wait_until, self._read = project, log, wait_until, 0
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [DOIT, "watch", *args],
                cwd=cwd or project.root,
                env=project.environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self, part: str = WAITING) -> str:
        """Wait until it says this, and what it said since the last time."""

        def has_said() -> bool:
            assert self.process.poll() is None, self._log.read_text()
            return part in self._log.read_text()[self._read :]

        try:
            self._wait_until(has_said)
        except AssertionError as error:
            raise AssertionError(f"{part!r} is not in\n{self._log.read_text()[self._read :]}") from error
        text = self._log.read_text()
        begin, self._read = self._read, text.index(part, self._read) + len(part)
        return text[begin : self._read]

    def stop(self, number: int = signal.SIGINT, *, times: int = 1) -> str:
        """Stop it; all that it said."""
        for _ in range(times):
            self.process.send_signal(number)
        assert self.process.wait(200) == 128 + number
        text = self._log.read_text()
        assert "Traceback" not in text
        return text


@pytest.fixture
def watch(project, wait_until, tmp_path):
    """Starts `doit watch`, and ends it at last."""
    started: list[Watch] = []

    def watch(*args: str, cwd: Path | None = None) -> Watch:
        started.append(Watch(project, wait_until, tmp_path / f"watch-{len(started)}.log", args, cwd))
        return started[-1]

    yield watch
    for each in started:
        if each.process.poll() is None:
            each.process.terminate()
            each.process.wait(200)


@pytest.fixture
def copies(project):
    """A phase that copies src/*.txt."""
    project.write("src/a.txt", "a\n")
    return project.phases({"copy": COPY})


def save(project, path: str, text: str) -> None:
    """A file with all of its text at once, as editors save: what is empty for a moment may be seen in that moment."""
    project.write(".doit/new", text).replace(project.root / path)


def unhurried(project) -> None:
    """A burst is over when nothing was heard for three seconds: for tests that change several files at once, as fast as
    the machine lets them."""
    patience = "from orchestrator.watching import observer\n\nobserver.QUIET, observer.LONGEST = 3.0, 600.0\n"
    project.write("dodo.py", f"{project.read('dodo.py')}\n{patience}")


def test_it_runs_and_runs_again_when_an_input_changes(copies, watch):
    on = watch()
    first = on.said()
    assert "watching src/*.txt, dodo.py, config/*.json, doit.cfg for 1 phase; Ctrl-C ends it" in first
    assert "done     copy" in first
    for name, change in (
        ("src/b.txt", lambda: save(copies, "src/b.txt", "b\n")),
        ("src/a.txt", (copies.root / "src/a.txt").unlink),
        ("src/b.txt", lambda: copies.write("new", "c\n").replace(copies.root / "src/b.txt")),  # as editors save
    ):
        change()
        assert f"changed: {name}, running" in on.said()
    assert copies.counts() == {"copy": 4}
    assert copies.read("build/copy.txt") == "c\n"
    assert "changed" not in on.stop().rpartition(WAITING)[2]


def test_nothing_else_makes_it_run(copies, watch):
    """Outputs, the state, other files, and a file that is only read: what it says next is of the input alone."""
    copies.phases({"copy": COPY, "other": {"run": "cat other/in.txt", "inputs": ["other/in.txt"]}})
    copies.write("other/in.txt", "o")
    on = watch("copy")
    on.said()
    copies.write("build/copy.txt", "edited")
    copies.write("other/in.txt", "oo")
    copies.write("src/a.md", "no input")
    copies.write("build/more.txt", "no output")
    copies.doit("approve", "other")
    copies.read("src/a.txt")
    save(copies, "src/a.txt", "aa\n")
    assert "changed: src/a.txt, running" in on.said()
    assert copies.counts() == {"copy": 2}


def test_what_a_phase_makes_among_sources_does_not_count(project, watch):
    made = {"run": "echo made >> ran.txt; cp in.txt src/made.txt", "inputs": ["in.txt"], "outputs": ["src/made.txt"]}
    project.write("in.txt", "a\n")
    project.phases({"made": made, "copy": COPY})
    on = watch()
    on.said()
    save(project, "src/b.txt", "b\n")
    assert "changed: src/b.txt, running" in on.said(), "and src/made.txt did not make it run"
    assert project.counts() == {"made": 1, "copy": 2}


@pytest.mark.faults
def test_a_burst_is_one_run(copies, watch):
    """Also one that goes on for longer than the library waits for the next event. When a burst is over is decided in
    tests/test_watching.py."""
    unhurried(copies)
    on = watch()
    on.said()
    for index in range(3000):
        copies.write(f"src/{index:04}.txt", "x\n")
    assert "changed: src/0000.txt" in on.said()
    save(copies, "src/last.txt", "x\n")
    assert "changed: src/last.txt, running" in on.said(), "nothing of the burst was left over"
    assert copies.counts() == {"copy": 3}


def test_a_run_is_finished_first_and_all_that_changed_meanwhile_makes_one_more(project, wait_until, watch):
    project.phases(
        {
            "slow": {
                "run": "echo slow >> ran.txt; until test -e go; do sleep 0.02; done; cat in/* > out.txt",
                "inputs": ["in"],
                "outputs": ["out.txt"],
            }
        }
    )
    project.write("in/a.txt", "a")
    on = watch()
    wait_until(lambda: "slow" in project.counts())
    project.write("in/a.txt", "b")
    project.write("in/b.txt", "c")
    project.write("go", "")
    assert "done     slow" in on.said()
    assert "changed: in/a.txt, in/b.txt, running" in on.said()
    assert project.counts() == {"slow": 2}
    assert project.read("out.txt") == "bc"


@pytest.mark.faults
def test_a_burst_that_begins_during_a_run_and_outlasts_it_is_one_run(project, wait_until, watch):
    """What comes when the run is over belongs to what came before. The short form is the test before this one."""
    slow = "echo slow >> ran.txt; until test -e go; do sleep 0.02; done; cat in/* > out.txt"
    project.phases({"slow": {"run": slow, "inputs": ["in"], "outputs": ["out.txt"]}})
    project.write("in/a.txt", "a")
    unhurried(project)
    on = watch()
    wait_until(lambda: "slow" in project.counts())
    project.write("in/a.txt", "b")
    project.write("go", "")
    on.said()
    project.write("in/b.txt", "c")
    assert "changed: in/a.txt, in/b.txt, running" in on.said()
    assert project.counts() == {"slow": 2}


def test_configuration_that_is_wrong_is_shown_and_the_watch_goes_on(copies, watch):
    on = watch()
    on.said()
    good = copies.read("config/phases.json")
    save(copies, "config/phases.json", good.replace('"run"', '"runn"'))
    assert "did you mean 'run'?" in on.said("exit code 3; waiting for a change")
    save(copies, "src/a.txt", "aa\n")
    assert "changed: src/a.txt, running" in on.said("exit code 3; waiting for a change")
    save(copies, "config/phases.json", good)
    said = on.said()
    assert "changed: config/phases.json, running" in said
    assert "done     copy" in said


def test_new_inputs_of_a_changed_plan_are_watched(copies, watch):
    on = watch()
    on.said()
    copies.write("more/in.txt", "m")
    more = {"run": "cat more/in.txt", "inputs": ["more/in.txt"]}
    save(copies, "config/phases.json", json.dumps({"plan": "test", "phases": {"copy": COPY, "more": more}}))
    said = on.said()
    assert "watching src/*.txt, more/in.txt, dodo.py, config/*.json, doit.cfg for 2 phases" in said
    save(copies, "more/in.txt", "mm")
    assert "changed: more/in.txt, running" in on.said()


def test_code_and_what_criteria_read_count(project, watch):
    project.write("steps/make.py", "def main():\n    open('out.json', 'w').write('{\"n\": 1}')\n")
    project.write("checks.py", "def good():\n    return True\n")
    project.write("limits.json", "{}")
    project.phases(
        {"make": {"call": "steps.make:main", "outputs": ["out.json"]}},
        {"make": [{"json": "out.json", "schema": "limits.json"}, {"check": "checks:good"}]},
    )
    on = watch()
    assert "done     make" in on.said()
    save(project, "checks.py", "def good():\n    return False\n")
    assert "changed: checks.py, running" in on.said("exit code 1; waiting for a change")
    save(project, "limits.json", '{"required": ["m"]}')
    assert "changed: limits.json, running" in on.said("exit code 1; waiting for a change")
    save(project, "steps/make.py", "def main():\n    open('out.json', 'w').write('{\"m\": 1}')\n")
    assert "changed: steps/make.py, running" in on.said("exit code 1; waiting for a change")
    save(project, "checks.py", "def good():\n    return  True\n")
    said = on.said()
    assert "changed: checks.py, running" in said
    assert "done     make" in said
    save(project, "dodo.py", "oh no")
    assert "changed: dodo.py, running" in on.said("exit code 3; waiting for a change")


def test_folders_come_and_go(project, watch):
    cat = {"run": "find deep -name '*.txt' | sort | xargs cat; echo >> ran.txt", "inputs": ["deep/**/*.txt"]}
    project.write("deep/a/b/x.txt", "x")
    project.phases({"cat": cat})
    on = watch()
    on.said()
    project.write("deep/new/er/y.txt", "y")
    assert "changed: deep/new/er/y.txt, running" in on.said()
    (project.root / "deep/new").rename(project.root / "away")
    assert "changed: deep/new/er/y.txt, running" in on.said()
    shutil.rmtree(project.root / "deep")
    assert "matches no file" in on.said("exit code 3; waiting for a change")
    project.write("other/z.txt", "z")
    (project.root / "other").rename(project.root / "deep")
    assert "changed: deep/z.txt, running" in on.said()


def test_where_a_link_leads(project, watch):
    project.write("real/far/in.txt", "1")
    (project.root / "in.txt").symlink_to("real/far/in.txt")
    project.phases({"cat": {"run": "cat in.txt", "inputs": ["in.txt"]}})
    on = watch()
    on.said()
    save(project, "real/far/in.txt", "22")
    assert "changed: in.txt, running" in on.said()


def test_polling(copies, watch):
    on = watch("--poll", "copy")
    on.said()
    save(copies, "src/a.txt", "aa\n")
    assert "changed: src/a.txt, running" in on.said()
    assert copies.counts() == {"copy": 2}


def test_options_of_run_stand_anywhere_and_reach_it(copies, watch):
    on = watch("copy", "--mode", "manual", "-n2", "-v", "2")
    assert "waiting  copy" in on.said("exit code 4; waiting for a change")
    on.stop()
    copies.doit("forget").ended(0)
    copies.doit("watch", "nosuch").ended(3, "nosuch")
    copies.doit("watch", "--mode", "other").ended(3, "auto, manual")
    copies.doit("watch", "-n", "-1").ended(3, "0 or more")
    copies.doit("watch", "--wait", "long").ended(3, "--wait")
    copies.doit("watch", "--nonsense").ended(3, "nonsense")


def test_from_another_folder_and_with_variables(copies, watch):
    copies.write("month=1/in.txt", "m")
    copies.phases({"copy": COPY, "m": {"run": "cat month=1/in.txt > build/m=1", "inputs": ["month=1/in.txt"], "outputs": ["build/m=1"]}})  # fmt: skip
    shutil.copy(copies.root / "doit.cfg", copies.root.parent)  # doit reads the one of the folder that it is called in
    on = watch("-f", f"{copies.root.name}/dodo.py", "build/m=1", "x=1", cwd=copies.root.parent)
    said = on.said()
    assert "watching month=1/in.txt, dodo.py, config/*.json, doit.cfg for 1 phase" in said
    assert "done     m" in said
    save(copies, "month=1/in.txt", "mm")
    assert "changed: month=1/in.txt, running" in on.said()
    assert copies.counts() == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_watch(copies, watch, number):
    on = watch()
    on.said()
    assert on.stop(number).endswith(f"{WAITING}\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_the_watch(project, wait_until, watch, number):
    project.phases({"long": {"run": "sleep 600 & echo $! > child.pid; echo long >> ran.txt; sleep 600"}})
    on = watch()
    wait_until(lambda: "long" in project.counts())
    text = on.stop(number)
    assert f"stopped by {number.name}; what is done is kept" in text
    assert WAITING not in text
    assert not alive(project.read("child.pid").strip())
    assert project.status() == {"long": "pending"}


def test_a_second_signal_is_passed_on_too(project, wait_until, watch):
    stubborn = "trap 'echo asked >> ran.txt' TERM; echo up >> ran.txt; while :; do sleep 0.05 || true; done"
    project.phases({"stubborn": {"run": stubborn}}).grant_grace(600)
    on = watch()
    wait_until(lambda: "up" in project.counts())
    on.process.send_signal(signal.SIGINT)
    wait_until(lambda: "asked" in project.counts())
    on.process.send_signal(signal.SIGINT)
    assert on.process.wait(200) == 130, "less than the grace period that children get"


def test_whoever_has_seen_enough_may_go(copies):
    """The pipe breaks at the second line: no run is left, and nothing is complained of."""
    ran = copies.process(command=["sh", "-c", f"{DOIT} watch | head -n 1"])
    assert ran.out.startswith("watching ")
    assert ran.err == "", ran


def test_what_the_watching_process_keeps_from_works_its_runs_still_know(copies, watch, monkeypatch):
    """The token of GitHub is taken out of the environment of all that doit starts, once there is a github.yaml."""
    copies.config("github", {"enabled": "auto"})
    copies.write(".env", "GITHUB_TOKEN=seven-of-nine\n")
    copies.phases(
        {"copy": {**COPY, "env": {"TOKEN": "${GITHUB_TOKEN}"}, "run": COPY["run"] + '; test "$TOKEN" = from-around'}}
    )
    monkeypatch.setattr(
        copies,
        "environment",
        lambda **more: {**type(copies).environment(copies, **more), "GITHUB_TOKEN": "from-around"},
    )
    assert "done     copy" in watch().said()
