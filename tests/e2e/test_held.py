"""What a gate lets through is what it judged, and what a run relies on is there. Each was a defect once."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from doit_project import DOIT


def gate_that_looks_long(look: str) -> dict[str, list[dict[str, str]]]:
    return {"p": [{"command": look}]}


def test_what_is_edited_while_it_is_judged_is_judged_again(project, wait_until):
    """A, then B while a criterion looks, then A again: the digest is A's, and the criterion saw B."""
    look = "echo looking >> ran.txt; while [ $(wc -l < ran.txt) = 1 ] && [ ! -e go ]; do sleep 0.02; done; grep -q 9 o"
    project.phases({"p": {"run": "echo 20 > o", "outputs": ["o"]}}, gate_that_looks_long(look))
    run = project.start()
    wait_until(lambda: "looking" in project.counts())
    project.write("o", "9\n")
    project.write("go", "")
    wait_until(lambda: project.counts()["looking"] > 1 or run.poll() is not None)
    assert run.wait(200) == 0, "the second look saw the 9 that is there"
    assert project.counts()["looking"] == 2
    project.write("o", "20\n")
    project.doit().ended(1)


def test_a_criterion_that_writes_what_it_looks_at_opens_nothing(project):
    project.phases({"p": {"run": "echo 1 > o", "outputs": ["o"]}}, gate_that_looks_long("date +%N >> o"))
    project.doit().ended(1, "is written to while they do")
    project.doit("waive", "p", "quiet", "-m", "never mind").ended(3, "changed since it was judged")


def test_a_work_does_not_start_on_what_changed_since_its_gate_opened(project, wait_until):
    project.phases(
        {
            "p": {"run": "echo good > o", "outputs": ["o"]},
            "w": {"run": "touch waiting; while [ ! -e go ]; do sleep 0.02; done"},
            "q": {"run": "cp o q.txt", "inputs": ["o"], "outputs": ["q.txt"], "needs": ["w"]},
        },
        {"p": [{"command": "grep -q good o"}]},
        jobs=2,
    )
    run = project.start()
    wait_until(lambda: (project.root / "waiting").exists())
    wait_until(lambda: project.query("select 1 from records where task = 'p'"))
    project.write("o", "evil\n")
    project.write("go", "")
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 1, out
    assert "its input o changed since its gate opened" in out
    assert not (project.root / "q.txt").exists()


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="needs to be somebody who is not root")
def test_what_cannot_be_read_cannot_be_approved(project):
    """As anybody but root, to whom everything is readable."""
    project.phases({"p": {"run": "echo a > o; chmod 000 o", "outputs": ["o"], "approval": "manual"}})
    command = [DOIT]
    if os.geteuid() == 0:
        for path in (project.root, *project.root.rglob("*")):
            os.chown(path, 65534, 65534)
        for above in project.root.parents:
            if above.stat().st_uid == 0 and above != Path("/tmp") and len(above.parts) > 2:
                above.chmod(0o755)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", DOIT]
        if subprocess.run([*command, "--version"], capture_output=True, check=False).returncode != 0:
            pytest.skip("nobody cannot run this Python")
    project.process(command=command, env={"HOME": "/tmp"}).ended(1, "o cannot be read")


def test_a_pipe_as_an_output_cannot_be_approved(project):
    project.phases({"p": {"run": "mkfifo o", "outputs": ["o"], "approval": "manual"}})
    project.doit().ended(1, "o cannot be read")


def test_one_of_a_quorum_cannot_waive_for_all(project):
    project.phases(
        {"p": {"run": "echo 11 > o", "outputs": ["o"]}},
        {"p": [{"metric": "mae", "from": "o", "at": "[0-9]+", "pass": "<= 10", "review": "<= 12"}]},
        approval={"quorum": 2, "by": ["ada", "grace"]},
    )
    project.doit().ended(4)
    project.doit("waive", "p", "mae", "-m", "I alone", env={"LOGNAME": "ada"}).ended(0, "1 more must waive it")
    project.doit().ended(4)
    project.doit("waive", "p", "mae", "-m", "I too", env={"LOGNAME": "grace"}).ended(0, "next: doit")
    project.doit().done("p")


def test_an_approval_is_for_what_a_check_says_it_looked_at_too(project):
    """Its module, and files that it does not make, are part of the digest."""
    project.write("data/raw.json", "[1]")
    project.phases(
        {"p": {"run": "echo x > o", "outputs": ["o"], "approval": "manual"}}, {"p": [{"json": "data/raw.json"}]}
    )
    project.doit().ended(4)
    project.doit("approve", "p").ended(0)
    project.write("data/raw.json", "[2]")
    project.doit().ended(4)


def test_a_run_goes_on_when_nobody_listens_any_more(project):
    project.phases({f"p{n}": {"run": f"echo p{n} >> ran.txt; yes | head -c 100000"} for n in range(4)})
    with (project.root / "errors.txt").open("w") as errors:
        run = subprocess.Popen(
            [DOIT, "-v", "2"], cwd=project.root, env=project.environment(), stdout=subprocess.PIPE, stderr=errors
        )
    assert run.stdout is not None
    run.stdout.read(1)
    run.stdout.close()
    assert (run.wait(200), project.read("errors.txt")) == (0, "")
    assert project.counts() == {f"p{n}": 1 for n in range(4)}


def test_a_full_disk_below_what_the_run_says_is_no_failure_of_the_work(project):
    project.phases({"a": {"run": "echo a >> ran.txt"}})
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [DOIT],
            cwd=project.root,
            env=project.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ran.returncode, project.counts()) == (0, {"a": 1})
    assert "could not be written: No space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_reader_that_takes_no_more_cannot_hold_a_run_for_ever(project, wait_until):
    """The third signal ends the process on the spot; what is left is the next run's to end."""
    project.phases({"p": {"run": "yes"}})
    reader, writer = os.pipe()
    run = subprocess.Popen([DOIT, "-v", "2"], cwd=project.root, env=project.environment(), stdout=writer)
    wait_until(lambda: project.journalled("attempt.started") and not select.select([], [writer], [], 0)[1])
    for _ in range(100):  # two that are not yet taken are one
        run.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(1)
            break
    assert run.returncode == 130
    os.close(reader)
    os.close(writer)
    project.config("phases", {"phases": {"p": {"run": "true"}}})
    project.doit().done("p")


def test_a_call_that_fails_with_a_long_name_ends(project):
    project.write("steps.py", "import os\ndef main():\n    os.environ['x' * 200_000]\n")
    project.phases({"p": {"call": "steps:main", "timeout": "60s"}})
    ran = project.doit().ended(1, "unset environment variable")
    assert "timeout" not in ran.out


def test_a_state_that_is_taken_away_under_a_run_is_noticed(project, wait_until):
    project.phases(
        {
            "p": {"run": "touch up; while [ ! -e go ]; do sleep 0.02; done"},
            "q": {"run": "echo q >> ran.txt", "needs": ["p"]},
        }
    )
    run = project.start()
    wait_until(lambda: (project.root / "up").exists() and project.journalled("attempt.started"))
    for path in project.root.glob(".doit.db*"):
        path.unlink()
    project.write("go", "")
    out = run.communicate(timeout=200)[0]
    assert run.returncode in (2, 3), out
    assert "was taken away or replaced while it was in use" in out
    assert project.counts() == {}


def test_a_lock_file_that_is_taken_away_lets_nobody_in(project, wait_until):
    project.phases({"p": {"run": "touch up; while [ ! -e go ]; do sleep 0.02; done"}})
    run = project.start()
    wait_until(lambda: (project.root / "up").exists())
    shutil.rmtree(project.root / ".doit")
    project.doit().ended(3, f"pid {run.pid}", "another run is going on")
    project.write("go", "")
    run.communicate(timeout=200)
    project.doit()
    project.doit().nothing()


def test_two_phases_never_share_a_log(project):
    project.phases({"x": {"matrix": {"v": ["1"]}, "run": "echo from x"}, "x.1": {"run": "echo from x.1"}}, jobs=2)
    project.doit().done("x", "x.1")
    assert project.doit("logs", "x.1").out == "from x.1\n"
    assert project.doit("logs", "x").out == "from x\n"


def test_an_output_that_was_made_a_link_out_of_the_project_is_no_success(project, tmp_path):
    (tmp_path / "elsewhere").write_text("x")
    project.phases({"p": {"run": f"ln -sf {tmp_path}/elsewhere o", "outputs": ["o"]}})
    project.doit().ended(1, "a link that leads out of the project")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a folder that something is mounted on cannot be removed")
def test_what_cannot_be_removed_after_a_failure_is_told_and_blocks_nobody(project):
    fails = "mkdir d e && mount --bind e d && exit 2 || exit 3"
    project.phases(
        {"p": {"run": fails, "outputs": ["d"], "clean_on_failure": True}, "z": {"run": "true"}},
    )
    try:
        ran = project.doit()
    finally:
        subprocess.run(["umount", project.root / "d"], capture_output=True, check=False)
    if "exit code 3" in ran.out:
        pytest.skip("nothing can be mounted here")
    assert ran.code == 1, ran
    assert ran.lines("done") == ["z"]
    assert "d is left of an attempt that failed, and could not be removed" in ran.out


def test_half_a_secret_is_no_reason(project):
    secret = "SUPERSECRETVALUE-abcdefghijklmnop"
    project.write(".env", f"API={secret}\n")
    for number in (1, 2):
        project.phases({"p": {"run": f"echo aaaaaaaaaaaaaaaaaa {secret} {number}"}})
        project.doit().ended(0) if number == 1 else None
    for command in (["status"], ["status", "--json"], ["info", "p:run"]):
        assert "SUPERSECRET" not in project.doit(*command).out


def test_a_timeout_of_next_to_nothing_is_a_number(project):
    project.phases({"p": {"run": "sleep 600", "timeout": 0.0000001}})
    project.doit().ended(1, "timeout")
    assert json.loads(project.doit("logs", "p", "--json").out)["attempts"][0]["class"] == "timeout"
