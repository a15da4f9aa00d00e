"""What may pass by itself is tried again: how often, when, what is said of it, and what a kill does to it."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

POLICY = {"transient": {"attempts": 5, "wait": "200ms", "factor": 2, "max_wait": "1s"}}
AT_ONCE = {"transient": {"attempts": 2, "wait": "1ms"}}
RESET = "echo 'read: Connection reset by peer' >&2; exit 1"
ROUNDED = 0.002
"""Seconds: the journal rounds waits to thousandths."""


def fails(times: int, name: str = "a", how: str = RESET, then: str = "true") -> str:
    """A script that fails the first so many times, and leaves its name in ran.txt each time."""
    return f"echo {name} >> ran.txt; if [ $PHASEGATE_ATTEMPT -le {times} ]; then {how}; fi; {then}"


@dataclass(frozen=True)
class Tried:
    """An attempt, as the journal has it."""

    number: int
    started: float
    ended: float | None
    end: dict

    @property
    def outcome(self) -> str | None:
        return self.end.get("outcome")

    @property
    def tried(self) -> int | None:
        return self.end.get("tried")


def attempts(project, task: str = "a:run") -> list[Tried]:
    """The attempts at a work, in their order; also while a run goes on, which may not have begun to write."""
    found: dict[int, Tried] = {}
    if not (project.root / ".doit.db").exists():
        return []
    connection = sqlite3.connect(f"file:{project.root}/.doit.db?mode=ro", uri=True)
    try:
        rows = connection.execute("select at, event, data from journal where task = ? order by seq", [task]).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()
    for at, event, text in rows:
        data = json.loads(text)
        if event == "attempt.started":
            found[data["attempt"]] = Tried(data["attempt"], at, None, {})
        elif event == "attempt.ended":
            found[data["attempt"]] = Tried(data["attempt"], found[data["attempt"]].started, at, data)
    return list(found.values())


def outcomes(project, task: str = "a:run") -> list[str | None]:
    return [attempt.outcome for attempt in attempts(project, task)]


def not_before_its_time(before: Tried, after: Tried) -> bool:
    assert before.ended is not None
    return after.started - before.ended >= before.end["wait"] - ROUNDED


LONG = (1.0,)
SHORT_THEN_LONG = (0.0, 1.0)
AN_HOUR = {"wait": "1h", "max_wait": "1h"}
TWO_HOURS = 1 / 12
"""In days: after them a wait of an hour is over."""


def load_dice(project, *draws: float) -> None:
    """Waits are drawn. In this project dodo.py says what comes: parts of the longest wait, the last one for ever."""
    dice = f"import random\ndraws = list({draws})\nrandom.uniform = lambda least, most: most * (draws.pop(0) if draws[1:] else draws[0])\n"
    project.write("dodo.py", dice + project.read("dodo.py"))


def kill_doit_alone(run) -> None:
    """As the kernel does when memory is short: what it started is not asked."""
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()


# one run


def test_a_connection_that_is_reset_twice_is_tried_three_times(project):
    work = {"title": "Fetch", "run": fails(2, then="echo ok > out.txt"), "outputs": ["out.txt"]}
    ran = project.phases({"a": work}, retry=POLICY).doit().done("a")
    first, second = [line for line in ran.out.splitlines() if line.startswith("retrying")]
    assert re.fullmatch(r"retrying a  Fetch  attempt 2 of 5 in 0\.[0-2] s: Connection reset", first), ran
    assert re.fullmatch(r"retrying a  Fetch  attempt 3 of 5 in 0\.[0-4] s: Connection reset", second), ran

    one, two, three = attempts(project)
    assert [one.outcome, two.outcome, three.outcome] == ["retrying", "retrying", "succeeded"]
    assert 0 <= one.end["wait"] <= 0.2
    assert 0 <= two.end["wait"] <= 0.4
    assert not_before_its_time(one, two)
    assert not_before_its_time(two, three)
    assert one.end["class"] == "transient"
    logs = sorted((project.root / ".doit/logs").rglob("a.*.log"))
    assert [log.name for log in logs] == ["a.1.log", "a.2.log", "a.3.log"]
    assert [log.read_text() for log in logs] == ["read: Connection reset by peer\n"] * 2 + [""]
    project.doit().nothing()


def test_how_often_a_failure_is_tried_goes_by_its_class(project):
    """Each phase fails always, in its own way. The user's rules go over the built-in ones."""
    project.write(
        "steps/net.py",
        "class Flaky(ConnectionResetError): pass\n"
        "def fetch(): raise Flaky('by peer')\n"
        "def parse(): raise ValueError('no date')\n",
    )
    rules = [
        {"exit_code": 3, "class": "transient"},
        {"signal": "SIGUSR1", "class": "transient"},
        {"output": "^quota .* exceeded$", "class": "permanent"},
        {"exception": "ConnectionError", "class": "transient"},
    ]
    works = {
        "exit_2": ({"run": "exit 2"}, 1, "ended with exit code 2"),
        "exit_75": ({"run": "exit 75"}, 2, "ended with exit code 75 (transient: exit code 75 (built in))"),
        "by_code": ({"run": "exit 3"}, 2, "ended with exit code 3 (transient: exit code 3 (config/orchestrator.json:"),
        "by_signal": ({"run": "kill -USR1 $$"}, 2, "was ended by SIGUSR1 (transient: signal 10 (config/orchestrator."),
        "by_shell": ({"run": "exit 138"}, 2, "ended with exit code 138 (transient: signal 10 (config/orchestrator."),
        "by_output": (
            {"run": "echo try; echo quota of May exceeded; exit 75"},
            1,
            "(permanent: output matches '^quota .* exceeded$' (config/orchestrator.json:",
        ),
        "by_exception": (
            {"call": "steps.net:fetch"},
            2,
            "(transient: exception ConnectionError (config/orchestrator.json:",
        ),
        "other_exception": ({"call": "steps.net:parse"}, 1, "ended with exit code 1"),
        "no_command": ({"run": ["no-such-program"]}, 1, "'no-such-program' was not found; is it"),
        "no_output": ({"run": "true", "outputs": ["build/x"]}, 1, "exit code 0 but did not make build/x"),
        "too_slow": ({"run": "sleep 600", "timeout": "50ms"}, 1, "ran longer than its timeout of 0.05 s"),
    }
    project.phases({name: work for name, (work, _, _) in works.items()}, errors=rules, retry=AT_ONCE, jobs=4)
    ran = project.doit()
    assert ran.code == 1, ran
    assert {name: len(attempts(project, f"{name}:run")) for name in works} == {
        name: count for name, (_, count, _) in works.items()
    }
    lines = ran.out.splitlines()
    for name, (_, count, message) in works.items():
        at = next(index for index, line in enumerate(lines) if line.split()[:2] == ["failed", name])
        assert message in lines[at + 1], (name, ran)
        assert lines[at + 1].endswith(", tried 2 times") == (count == 2), (name, ran)


def test_what_a_phase_says_goes_over_the_policy_of_whatever_class(project):
    own = {"attempts": 3, "wait": "1ms"}
    project.phases(
        {
            "permanent": {"run": "exit 2", "retry": own},
            "config": {"run": "exit 127", "retry": own},
            "slow": {"run": "sleep 600", "timeout": "50ms", "retry": {"attempts": 2, "wait": 0}},
            "only_the_wait": {"run": "exit 75", "retry": {"wait": "2ms"}},
            "once": {"run": "exit 75", "retry": {"attempts": 1}},
            "by_the_plan": {"run": "exit 2"},
        },
        retry={**AT_ONCE, "permanent": {"attempts": 2, "wait": "1ms"}},
        jobs=4,
    )
    ran = project.doit().ended(1, "ended with exit code 2, tried 3 times", "ran longer than", "tried 2 times")
    counts = {name: len(attempts(project, f"{name}:run")) for name in ran.lines("failed")}
    assert counts == {"permanent": 3, "config": 3, "slow": 2, "only_the_wait": 2, "once": 1, "by_the_plan": 2}
    project.doit("once").ended(1)
    assert outcomes(project, "once:run") == ["failed", "failed"], "after the last failure counting begins anew"


HOURS = {"transient": {"attempts": 2, "wait": "1h", "max_wait": "1h"}}
"""Who has to wait for such a wait to end waits for ever."""


def test_a_wait_takes_no_job_others_run_meanwhile(project, wait_until):
    load_dice(project, *LONG)
    project.phases(
        {
            "a": {"run": fails(1)},
            "b": {"run": "echo b >> ran.txt", "needs": ["first"]},
            "first": {"run": "echo first >> ran.txt"},
        },
        retry=HOURS,
        jobs=1,
    )
    run = project.start()
    wait_until(lambda: project.journalled("gate.opened", "b") or run.poll() is not None)
    assert project.read("ran.txt").split() == ["a", "first", "b"]
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=100)
    assert run.returncode == 130, out
    assert outcomes(project) == ["retrying"]


def test_after_its_wait_a_work_takes_the_job_again(project):
    load_dice(project, *LONG)
    project.phases({"a": {"run": fails(1)}}, retry={"transient": {"attempts": 2, "wait": "1s"}}, jobs=1)
    project.doit().done("a")
    one, two = attempts(project)
    assert one.end["wait"] == 1.0
    assert not_before_its_time(one, two)


def test_a_wait_takes_nothing_of_a_pool(project, wait_until):
    load_dice(project, *LONG)
    phases = {name: {"run": fails(1, name), "pools": {"gpu": 1}} for name in ("a", "b")}
    project.phases(phases, retry=HOURS, pools={"gpu": 1}, jobs=2)
    run = project.start()
    wait_until(lambda: outcomes(project, "b:run") == ["retrying"] or run.poll() is not None)
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=100)
    assert run.returncode == 130, out
    assert project.read("ran.txt").split() == ["a", "b"]


def test_after_its_wait_a_work_takes_of_its_pool_again(project):
    load_dice(project, *LONG)
    phases = {name: {"run": fails(1, name), "pools": {"gpu": 1}} for name in ("a", "b")}
    project.phases(phases, retry={"transient": {"attempts": 2, "wait": "300ms"}}, pools={"gpu": 1}, jobs=2)
    project.doit().done("a", "b")
    assert project.counts() == {"a": 2, "b": 2}


def test_each_work_of_a_matrix_is_tried_for_itself(project):
    script = (
        "echo $PARAM_CARRIER >> ran.txt; if [ $PARAM_CARRIER = UA ] && [ $PHASEGATE_ATTEMPT -lt 3 ]; then exit 75; fi"
    )
    project.phases(
        {
            "slices": {"matrix": {"carrier": ["AA", "UA", "WN"]}, "run": script},
            "after": {"run": "true", "needs": ["slices"]},
        },
        retry={"transient": {"attempts": 3, "wait": "1ms"}},
        jobs=3,
    )
    ran = project.doit().done("slices", "after")
    assert project.counts() == {"AA": 1, "UA": 3, "WN": 1}
    assert re.search(r"^retrying slices:run:UA  \S+  attempt 3 of 3 in \S+ s: exit code 75$", ran.out, re.MULTILINE), (
        ran
    )


def test_two_phases_that_fail_alike_are_tried_each_for_itself(project):
    project.phases(
        {name: {"run": fails(2, name)} for name in ("a", "b")},
        retry={"transient": {"attempts": 3, "wait": "20ms"}},
        jobs=2,
    )
    ran = project.doit().done("a", "b")
    assert project.counts() == {"a": 3, "b": 3}
    assert sorted(ran.lines("retrying")) == ["a", "a", "b", "b"]
    waits = [attempt.end["wait"] for name in "ab" for attempt in attempts(project, f"{name}:run")[:2]]
    assert all(0 <= wait <= 0.04 for wait in waits)


def test_a_failure_elsewhere_ends_the_waits_of_a_run_that_is_not_to_continue(project):
    load_dice(project, *LONG)
    project.phases(
        {"a": {"run": fails(1)}, "bad": {"run": "exit 2"}}, retry={"transient": {"attempts": 2, "wait": "1h"}}, jobs=1
    )
    project.doit("--no-continue").ended(1, "ended with exit code 2")
    assert outcomes(project) == ["retrying"]


def test_single_and_always_execute_try_again_too(project):
    """`b` fails whenever there is a file `broken`."""
    project.write("broken", "")
    flaky = f"echo b >> ran.txt; if rm broken 2>/dev/null; then {RESET}; fi"
    project.phases({"a": {"run": "echo a >> ran.txt"}, "b": {"run": flaky, "needs": ["a"]}}, retry=AT_ONCE)
    ran = project.doit("-s", "b").ended(0)
    assert (ran.lines("retrying"), project.counts()) == (["b"], {"b": 2})
    project.write("broken", "")
    ran = project.doit("-a").done("a", "b")
    assert (ran.lines("retrying"), project.counts()) == (["b"], {"a": 1, "b": 4})


# a run that ends in a wait


@pytest.mark.faults
def test_killed_in_the_wait_after_attempt_2_the_next_run_makes_attempt_3_and_not_before_its_time(project, wait_until):
    """In seconds that pass. The short forms are the two that move the clock, and tests/work/test_series.py."""
    load_dice(project, *SHORT_THEN_LONG)
    project.phases({"a": {"run": fails(2)}}, retry={"transient": {"attempts": 3, "wait": "6s"}})
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying", "retrying"])
    kill_doit_alone(run)
    ran = project.doit().done("a")
    assert re.search(r"^retrying a  a  tried again in \S+ s, where an earlier run left off$", ran.out, re.MULTILINE), (
        ran
    )
    one, two, three = attempts(project)
    assert [one.tried, two.tried] == [1, 2]
    assert (one.end["wait"], two.end["wait"], three.outcome) == (0.0, 12.0, "succeeded")
    assert not_before_its_time(two, three)
    assert project.counts() == {"a": 3}


def test_killed_in_the_wait_after_attempt_2_the_next_run_makes_attempt_3(project, wait_until, move_clock):
    load_dice(project, *SHORT_THEN_LONG)
    project.phases({"a": {"run": fails(2)}}, retry={"transient": {**AN_HOUR, "attempts": 3}})
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying", "retrying"])
    kill_doit_alone(run)
    move_clock(TWO_HOURS)
    project.doit().done("a")
    one, two, three = attempts(project)
    assert [one.tried, two.tried] == [1, 2]
    assert (one.end["wait"], two.end["wait"], three.outcome) == (0.0, 3600.0, "succeeded")
    assert project.counts() == {"a": 3}


def test_killed_in_the_wait_before_the_last_attempt_there_is_just_one_more(project, wait_until, move_clock):
    load_dice(project, *LONG)
    project.phases({"a": {"run": fails(9)}}, retry={"transient": {**AN_HOUR, "attempts": 2}})
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying"])
    kill_doit_alone(run)
    move_clock(TWO_HOURS)
    project.doit().ended(
        1, "ended with exit code 1 (transient: connection problem in the output (built in)), tried 2 times"
    )
    assert outcomes(project) == ["retrying", "failed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_wait_at_once(project, wait_until, number):
    load_dice(project, *LONG)
    project.phases(
        {"a": {"run": fails(1)}, "b": {"run": "true", "needs": ["a"]}},
        retry={"transient": {"wait": "1h", "max_wait": "1h"}},
    )
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying"])
    run.send_signal(number)
    out, _ = run.communicate(timeout=200)
    assert run.returncode == 128 + number, out
    assert f"stopped by {number.name}" in out
    assert "stopped  a" in out
    assert "Traceback" not in out
    assert outcomes(project) == ["retrying"]


def test_after_a_signal_in_a_wait_the_next_run_goes_on_with_the_next_attempt(project, wait_until, move_clock):
    load_dice(project, *LONG)
    project.phases({"a": {"run": fails(1)}}, retry={"transient": {**AN_HOUR, "attempts": 2}})
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying"])
    run.send_signal(signal.SIGINT)
    assert run.wait(200) == 130
    move_clock(TWO_HOURS)
    project.doit().done("a")
    one, two = attempts(project)
    assert (two.number, two.outcome) == (2, "succeeded")
    assert not_before_its_time(one, two)


def test_a_wait_that_an_earlier_run_began_is_a_wait_like_any_other(project, wait_until):
    """For `doit status`, for a signal, and for what is said of it."""
    load_dice(project, *LONG)
    project.phases({"a": {"run": fails(1)}}, retry={"transient": {"attempts": 4, "wait": "1h", "max_wait": "1h"}})
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying"])
    kill_doit_alone(run)
    run = project.start()
    assert run.stdout is not None
    while "where an earlier run left off" not in (line := run.stdout.readline()):
        assert line, "it ended"
    state = project.status()
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=200)
    assert run.returncode == 130
    assert "stopped  a" in out
    assert outcomes(project) == ["retrying"]
    assert state == {"a": "running"}


def test_a_phase_whose_wait_was_cut_off_did_not_run(project, wait_until):
    """`ran` is for works that were named alone."""
    load_dice(project, *LONG)
    policy = {"transient": {"wait": "1h", "max_wait": "1h"}}
    project.phases({"a": {"run": fails(1)}}, retry=policy)
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying"])
    kill_doit_alone(run)
    project.phases({"a": {"run": fails(1)}, "bad": {"run": "exit 2"}}, retry=policy)
    ran = project.doit("--no-continue").ended(1)
    assert ran.lines("failed") == ["bad"]
    assert ran.lines("ran") == [], ran


def test_status_does_not_tell_of_a_try_that_will_not_follow(project, wait_until):
    """The definition was mended: the next attempt is the first of a new series, and comes at once."""
    load_dice(project, *LONG)
    policy = {"transient": {"attempts": 4, "wait": "1h", "max_wait": "1h"}}
    project.phases({"a": {"run": fails(1)}}, retry=policy)
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying"])
    kill_doit_alone(run)
    project.phases({"a": {"run": "true"}}, retry=policy)
    ran = project.doit("status").ended(0, "pending  a")
    assert "follows in" not in ran.out, ran


def test_a_definition_that_was_mended_begins_anew_at_once(project, wait_until):
    load_dice(project, *LONG)
    policy = {"transient": {"attempts": 3, "wait": "1h", "max_wait": "1h"}}
    project.phases({"a": {"run": fails(9)}}, retry=policy)
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying"])
    assert attempts(project)[0].end["wait"] == 3600
    kill_doit_alone(run)
    project.phases(
        {"a": {"run": f"echo mended >> ran.txt; if [ $PHASEGATE_ATTEMPT = 2 ]; then {RESET}; fi"}}, retry=AT_ONCE
    )
    ran = project.doit().done("a")
    assert "attempt 2 of 2" in ran.out, ran
    assert [attempt.tried for attempt in attempts(project)] == [1, 1, 0]
    assert project.counts() == {"a": 1, "mended": 2}


def test_forget_begins_anew_at_once(project, wait_until):
    load_dice(project, *LONG)
    project.phases({"a": {"run": fails(1)}}, retry={"transient": {"wait": "1h", "max_wait": "1h"}})
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying"])
    kill_doit_alone(run)
    project.doit("forget", "a").ended(0)
    project.doit().done("a")
    assert outcomes(project) == ["retrying", "succeeded"]


def test_status_tells_of_a_wait_and_after_a_kill_what_follows(project, wait_until):
    load_dice(project, *LONG)
    project.phases({"a": {"run": fails(1)}}, retry={"transient": {"attempts": 4, "wait": "1h", "max_wait": "1h"}})
    run = project.start()
    wait_until(lambda: outcomes(project) == ["retrying"])
    why = "ended with exit code 1 (transient: connection problem in the output (built in)); attempt 2 of 4 follows in "

    def status() -> tuple[str, str]:
        [phase] = json.loads(project.doit("status", "--json").out)["phases"]
        return phase["state"], phase["reason"]

    state, reason = status()
    assert (state, reason[: len(why)]) == ("running", why)
    assert re.fullmatch(r"3[56]\d\d s", reason[len(why) :]), reason
    assert why in project.doit("status").out
    kill_doit_alone(run)
    state, reason = status()
    assert (state, reason[: len(why)]) == ("pending", why)


# a run that is killed in an attempt


def test_an_attempt_that_was_killed_with_its_run_is_no_try(project, wait_until):
    script = f"echo a >> ran.txt; case $PHASEGATE_ATTEMPT in 1|3) {RESET};; 2) echo up >> ran.txt; sleep 600;; esac"
    project.phases({"a": {"run": script}}, retry={"transient": {"attempts": 3, "wait": "1ms"}})
    run = project.start()
    wait_until(lambda: "up" in project.counts() and len(attempts(project)) == 2)
    kill_doit_alone(run)
    ran = project.doit().done("a")
    assert "that a killed run had left running were ended" in ran.out, ran
    assert "attempt 3 of 3" in ran.out, ran
    assert [(each.outcome, each.tried) for each in attempts(project)] == [
        ("retrying", 1),
        ("interrupted", 1),
        ("retrying", 2),
        ("succeeded", 0),
    ]


def test_what_a_killed_run_left_running_is_ended_before_the_next_attempt(project, wait_until):
    """Its own session does not hide it, nor does it matter that its parent is gone."""
    project.write(
        "detach.py",
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        "print(child.pid, file=open('child.pid', 'w'), flush=True)\n",
    )
    script = "if [ $PHASEGATE_ATTEMPT = 1 ]; then python detach.py; echo up >> ran.txt; sleep 600; fi; left=/proc/$(cat child.pid)/stat; test ! -e $left || grep -q ') Z' $left"
    project.phases({"a": {"run": script}})
    run = project.start()
    wait_until(lambda: "up" in project.counts() and attempts(project))
    child = int(project.read("child.pid"))
    kill_doit_alone(run)
    assert Path(f"/proc/{child}").exists(), "it goes on without doit"
    assert project.status() == {"a": "pending"}
    project.doit().ended(0, "processes that a killed run had left running were ended").done("a")


def test_what_was_left_running_is_ended_though_its_phase_is_no_longer_in_the_plan(project, wait_until):
    project.phases({"old": {"run": "echo $$ > pid; echo up >> ran.txt; while :; do sleep 0.05; done"}})
    run = project.start()
    wait_until(lambda: "up" in project.counts() and attempts(project, "old:run"))
    kill_doit_alone(run)
    project.phases({"new": {"run": "left=/proc/$(cat pid)/stat; test ! -e $left || grep -q ') Z' $left"}})
    project.doit().done("new")


# clean_on_failure


@pytest.fixture
def outside(tmp_path):
    """A folder beside the project, with something that nobody may remove."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious.txt").write_text("precious")
    return folder


def test_clean_on_failure_removes_the_outputs_of_a_failed_attempt_and_nothing_else(project, outside):
    script = (
        "mkdir -p build/dir/sub; echo half > build/a.txt; echo half > build/dir/sub/b.txt; echo mine > build/other.txt\n"
        f"ln -s {outside} build/dir/link; ln -s {outside}/precious.txt build/out.txt; ln -s nowhere build/dangling\n"
        "exit 2"
    )
    outputs = ["build/a.txt", "build/dir", "build/out.txt", "build/dangling", "build/never.txt"]
    project.phases({"a": {"run": script, "outputs": outputs, "clean_on_failure": True}}).doit().ended(1)
    left = sorted(path.name for path in (project.root / "build").iterdir())
    assert left == ["other.txt", "out.txt"], "a file that is no output, and a link that leads out of the project"
    assert (outside / "precious.txt").read_text() == "precious"


def test_clean_on_failure_cleans_before_the_next_try_and_only_what_failed(project):
    script = (
        "test -e out.txt && exit 9; echo half > out.txt; echo a >> ran.txt; test $PHASEGATE_ATTEMPT -ge 3 || exit 75"
    )
    works = {"run": script, "outputs": ["out.txt"], "clean_on_failure": True}
    policy = {"transient": {"attempts": 3, "wait": "1ms"}}
    project.phases({"a": works}, {"a": [{"command": "exit 1"}]}, retry=policy).doit().ended(1, "must exit with 0")
    assert outcomes(project) == ["retrying", "retrying", "succeeded"]
    assert project.read("out.txt") == "half\n", "the gate is shut, but the attempt did not fail"


def test_an_attempt_that_is_stopped_with_its_run_leaves_no_outputs_either(project, wait_until):
    script = "echo half > out.txt; echo up >> ran.txt; sleep 600"
    project.phases({"a": {"run": script, "outputs": ["out.txt"], "clean_on_failure": True}})
    run = project.start()
    wait_until(lambda: "up" in project.counts())
    run.send_signal(signal.SIGTERM)
    assert run.wait(200) == 143
    assert outcomes(project) == ["stopped"]
    assert not (project.root / "out.txt").exists()


def test_without_it_outputs_stay_and_never_count(project):
    script = "echo a >> ran.txt; echo half > out.txt; exit 2"
    project.phases({"a": {"run": script, "outputs": ["out.txt"]}, "b": {"run": "cat out.txt", "inputs": ["out.txt"]}})
    project.doit().ended(1)
    assert project.read("out.txt") == "half\n"
    assert project.status() == {"a": "failed", "b": "blocked"}
    assert project.doit().ended(1).lines("blocked") == ["b"]
    assert project.counts() == {"a": 2}


def test_outputs_of_a_run_that_was_killed_go_with_the_next_one(project, outside, wait_until):
    """`stays` does not ask for it: what it left is there, and does not count."""

    def script(name: str) -> str:
        first = f"echo half > {name}.txt; ln -sf {outside}/precious.txt {name}.link; echo {name} >> ran.txt; sleep 600"
        return f"if [ $PHASEGATE_ATTEMPT = 1 ]; then {first}; fi; rm -f {name}.link; cat {name}.txt > {name}.seen || true; echo whole > {name}.txt; touch {name}.link"

    def work(name: str, **more: object) -> dict[str, object]:
        return {"run": script(name), "outputs": [f"{name}.txt"], **more}

    project.phases({"goes": work("goes", clean_on_failure=True), "stays": work("stays")}, jobs=2)
    run = project.start()
    wait_until(lambda: project.counts() == {"goes": 1, "stays": 1} and project.journalled("attempt.started") == 2)
    kill_doit_alone(run)
    assert project.read("goes.txt") == "half\n", "nobody has looked yet"
    assert project.status() == {"goes": "pending", "stays": "pending"}
    project.doit().done("goes", "stays")
    assert (project.read("goes.seen"), project.read("stays.seen")) == ("", "half\n")
    assert (project.read("goes.txt"), project.read("stays.txt")) == ("whole\n", "whole\n")
    assert (outside / "precious.txt").read_text() == "precious"
    assert outcomes(project, "goes:run") == ["interrupted", "succeeded"]
