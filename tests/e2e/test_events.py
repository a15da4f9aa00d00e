"""Triggers: who is told what, once and in order, and that no run ever waits for them or fails because of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
from pathlib import Path

import pytest

ADA = {"LOGNAME": "ada"}
NOTE = "printf '%s\\n' \"$(cat)\" >> events.txt"
"""Each event in one piece: a run and a vote tell theirs at the same time."""
ALL = [{"on": "phase.*", "run": NOTE}, {"on": "plan.*", "run": NOTE}]
AT_ONCE = {"transient": {"attempts": 3, "wait": "1ms"}}
KEY, TOKEN = "hmac-key-0123456789", "tok3n-9876543210"


def events(project) -> list[dict]:
    """What was told, in order."""
    path = project.root / "events.txt"
    return [json.loads(line) for line in path.read_text().splitlines() if line] if path.exists() else []


def named(told: list[dict]) -> list[tuple[str, str | None]]:
    return [(event["event"], event["phase"]) for event in told]


def of(told: list[dict], phase: str | None) -> list[str]:
    """The events of one phase, or of the plan."""
    return [event["event"] for event in told if event["phase"] == phase]


def hurried(project) -> None:
    """Between two tries of a trigger passes no time: in this project the shortest of waits is drawn."""
    project.write("dodo.py", f"import random\nrandom.uniform = lambda least, most: least\n{project.read('dodo.py')}")


def gone(pid: str) -> bool:
    """Has a process ended?"""
    stat = Path(f"/proc/{pid.strip()}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_each_event_is_told_once_where_it_belongs(project):
    flaky = "[ $PHASEGATE_ATTEMPT -ge 3 ] || exit 75"
    project.phases(
        {
            "good": {"run": "true", "title": "All is well"},
            "flaky": {"run": flaky},
            "many": {"run": "true", "matrix": {"x": [1, 2, 3]}},
            "bad": {"run": "echo no such table; exit 7"},
            "behind": {"run": "true", "needs": ["bad"]},
            "far": {"run": "true", "needs": ["behind"]},
            "shut": {"run": "true"},
            "asks": {"run": "true", "approval": "manual"},
        },
        {"shut": [{"command": "exit 1", "name": "never"}]},
        retry=AT_ONCE,
        triggers=ALL,
        jobs=2,
    )
    project.doit().ended(1)
    told = events(project)
    assert of(told, None) == ["plan.started", "plan.failed"]
    assert (named(told)[0], named(told)[-1]) == (("plan.started", None), ("plan.failed", None))
    assert of(told, "good") == ["phase.started", "phase.succeeded"]
    assert of(told, "flaky") == ["phase.started", "phase.retrying", "phase.retrying", "phase.succeeded"]
    assert of(told, "many") == ["phase.started", "phase.succeeded"]
    assert of(told, "bad") == ["phase.started", "phase.failed"]
    assert of(told, "behind") == of(told, "far") == ["phase.blocked"]
    assert of(told, "shut") == ["phase.started", "phase.failed"]
    assert of(told, "asks") == ["phase.started", "phase.waiting"]
    about = {(event["event"], event["phase"]): event for event in told}
    assert about["plan.failed", None]["exit_code"] == 1
    assert about["phase.failed", "bad"]["problem"] == "ended with exit code 7"
    assert about["phase.failed", "shut"]["verdicts"][0]["name"] == "never"
    assert about["phase.blocked", "far"]["blocked_by"] == ["bad"]
    assert about["phase.succeeded", "good"]["title"] == "All is well"
    assert about["phase.retrying", "flaky"]["class"] == "transient"
    [run] = {event["run"] for event in told}
    assert len((project.root / f".doit/logs/{run}/triggers.log").read_text().splitlines()) == len(told)


def test_votes_tell_their_events_themselves(project):
    project.phases({"m": {"run": "true", "approval": "manual"}}, triggers=ALL)
    project.doit().ended(4)
    assert named(events(project)) == [
        ("plan.started", None), ("phase.started", "m"), ("phase.waiting", "m"), ("plan.waiting", None)
    ]  # fmt: skip
    (project.root / "events.txt").unlink()
    project.doit("reject", "m", "-m", "no", env=ADA).ended(0)
    project.doit("approve", "m", "-m", "well, yes", env=ADA).ended(0)
    project.doit("approve", "m", env=ADA).ended(3)
    project.doit("revoke", "m", env=ADA).ended(0)
    told = events(project)
    assert named(told) == [("phase.rejected", "m"), ("phase.approved", "m")]
    assert [(event["by"], event["reason"]) for event in told] == [("ada", "no"), ("ada", "well, yes")]


def test_a_gate_that_opens_after_an_approval_tells_of_no_second_start(project):
    project.phases({"m": {"run": "true", "approval": "manual"}}, triggers=ALL)
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA).ended(0)
    (project.root / "events.txt").unlink()
    project.doit().ended(0)
    assert named(events(project)) == [("plan.started", None), ("phase.succeeded", "m"), ("plan.done", None)]
    project.doit().nothing()
    assert len(events(project)) == 3, "nothing happened, so nobody was told"


def test_a_run_that_waits_says_so_once(project, wait_until):
    project.phases({"m": {"run": "true", "approval": "manual"}}, triggers=ALL)
    run = project.start("--wait", "1h")
    wait_until(lambda: "phase.waiting" in of(events(project), "m"))
    project.doit("approve", "m", env=ADA).ended(0)
    assert run.wait(200) == 0, run.stdout.read()
    told = of(events(project), "m")
    assert [event for event in told if event != "phase.approved"] == [
        "phase.started", "phase.waiting", "phase.succeeded"
    ]  # fmt: skip
    assert told.count("phase.approved") == 1, "by who approves, which may be when the run has gone on"
    assert of(events(project), None) == ["plan.started", "plan.done"]


def test_a_run_that_waited_in_vain_says_so_once(project):
    """It waits from the first look on: when the time is over, nothing new has happened to the phase."""
    project.phases({"m": {"run": "true", "approval": "manual"}}, triggers=ALL)
    project.doit("--wait", "100ms").ended(4)
    assert of(events(project), "m") == ["phase.started", "phase.waiting"]
    assert of(events(project), None) == ["plan.started", "plan.waiting"]


def test_only_the_phases_that_are_meant(project):
    project.phases(
        {name: {"run": "true"} for name in ("train_a", "train_b", "test_a")},
        triggers=[
            {"on": "phase.succeeded", "run": NOTE, "phases": ["train_*"]},
            {"on": "p*", "run": "cat >> one.txt", "phases": ["test_a"]},
        ],
    )
    project.doit().ended(0)
    told = [("phase.succeeded", "train_a"), ("phase.succeeded", "train_b")]
    assert sorted(named(events(project))) == told
    assert project.read("one.txt").count('"event"') == 2, "started and succeeded, and nothing of the plan"


def test_a_trigger_that_hangs_delays_nothing(project):
    """The first trigger goes on until the last phase has run: if the run waited for it, that would be for ever."""
    hangs = "while [ ! -e go ]; do sleep 0.02; done; " + NOTE
    project.phases(
        {
            "a": {"run": "echo a >> ran.txt"},
            "b": {"run": "echo b >> ran.txt", "needs": ["a"]},
            "c": {"run": "echo c >> ran.txt; touch go", "needs": ["b"]},
        },
        triggers=[{"on": "*", "run": hangs, "timeout": "100s"}],
    )
    project.doit().done("a", "b", "c")
    assert project.counts() == {"a": 1, "b": 1, "c": 1}
    assert len(events(project)) == 8


@pytest.mark.faults
def test_triggers_that_fail_fail_no_run_and_no_vote(project, hooks):
    """A command that fails, a webhook that nobody serves, and one that never answers. Between the tries pass seconds:
    the short form is the test after this one, and tests/triggers/test_queue.py has the tries."""
    hooks.silent = True
    project.phases(
        {"a": {"run": "true", "approval": "manual"}},
        triggers=[
            {"on": "plan.waiting", "run": "echo gone wrong; exit 7"},
            {"on": "plan.waiting", "webhook": "http://127.0.0.1:1/"},
            {"on": "phase.approved", "webhook": hooks.url, "timeout": "1s"},
        ],
    )
    ran = project.doit().ended(4, "exit code 7, tried 3 times", "plan.waiting")
    assert ran.out.count("trigger config/orchestrator.json:") == 2, ran
    ran = project.doit("approve", "a", env=ADA).ended(0, "ada approved", "no answer in 1 s, tried 3 times")
    assert 1 <= len(hooks.got) <= 3, "who has a second may not get as far as to ask"
    project.doit().done("a")
    log = "".join(path.read_text() for path in project.root.glob(".doit/logs/*/triggers.log"))
    assert log.count(": exit code 7 (try ") == 3
    assert "gone wrong" in log


def test_a_trigger_that_fails_fails_no_run_and_no_vote(project):
    project.phases(
        {"a": {"run": "true", "approval": "manual"}},
        triggers=[{"on": event, "run": "echo gone wrong; exit 7"} for event in ("plan.waiting", "phase.approved")],
    )
    hurried(project)
    project.doit().ended(4, "exit code 7, tried 3 times", "plan.waiting")
    project.doit("approve", "a", env=ADA).ended(0, "ada approved", "exit code 7, tried 3 times")
    project.doit().done("a")
    log = "".join(path.read_text() for path in project.root.glob(".doit/logs/*/triggers.log"))
    assert log.count(": exit code 7 (try ") == 3, "of the run; the vote has a log of its own"
    assert "gone wrong" in log


def test_a_webhook_is_signed_and_knows_no_secret(project, hooks):
    project.write(".env", f"HOOK_KEY={KEY}\nHOOK_TOKEN={TOKEN}\n")
    project.phases(
        {"a": {"run": "echo $T", "env": {"T": "${HOOK_TOKEN}"}}},
        {"a": [{"command": "grep HOOK_TOKEN .env; exit 1", "name": "leaks"}]},
        triggers=[
            {"on": "phase.*", "webhook": hooks.url + "/${HOOK_TOKEN}", "secret": "${HOOK_KEY}"},
            {
                "on": "phase.failed",
                "run": "cat >> told.txt; echo $PHASEGATE_EVENT >> told.txt; env >> told.txt; exit 3",
            },
        ],
    )
    hurried(project)
    ran = project.doit().ended(1)
    assert [json.loads(body)["event"] for _, _, body in hooks.got] == ["phase.started", "phase.failed"]
    for path, headers, body in hooks.got:
        assert path == f"/hook/{TOKEN}"
        signed = "sha256=" + hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Phasegate-Signature-256"] == signed
        assert headers["Content-Type"] == "application/json"
    assert "HOOK_TOKEN=***" in json.loads(body)["verdicts"][0]["message"]
    logs = "".join(path.read_text() for path in project.root.glob(".doit/logs/*/*"))
    for text in (ran.out, ran.err, logs, project.read("told.txt"), *(body.decode() for _, _, body in hooks.got)):
        assert TOKEN not in text
        assert KEY not in text
    assert "/hook" not in ran.out + logs, "of a URL the host alone"


def test_a_trigger_that_takes_too_long_leaves_nothing(project, wait_until):
    """Neither in its session nor in another one."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("processes are looked for in /proc")
    command = "sleep 600 & echo $! >> pids.txt; setsid sleep 600 & echo $! >> pids.txt; wait"
    triggers = [{"on": "phase.succeeded", "run": command, "timeout": "1s"}]
    project.phases({"a": {"run": "true"}}, triggers=triggers)
    hurried(project)
    project.doit().ended(0, "ran longer than its timeout of 1 s", "tried 3 times")
    pids = project.read("pids.txt").split()
    assert 1 <= len(pids) <= 6
    wait_until(lambda: all(map(gone, pids)))


def test_a_trigger_that_is_still_going_on_at_an_interrupt_is_ended(project, wait_until):
    command = "echo $$ > one.pid; exec sleep 600"
    project.phases(
        {"a": {"run": "echo a >> ran.txt; exec sleep 600"}},
        triggers=[{"on": "phase.started", "run": command, "timeout": "10m"}],
    )
    run = project.start()
    wait_until(lambda: (project.root / "one.pid").exists() and project.read("one.pid") and "a" in project.counts())
    run.send_signal(signal.SIGINT)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 130, out
    assert "Traceback" not in out
    assert "trigger config/orchestrator.json:" in out, "it is told that it was not delivered"
    assert gone(project.read("one.pid"))
    project.doit("history", "--verify").ended(0)


def test_an_interrupt_is_told_as_well(project, wait_until):
    project.phases({"a": {"run": "echo a >> ran.txt; exec sleep 600"}, "b": {"run": "true"}}, triggers=ALL)
    run = project.start()
    wait_until(lambda: "a" in project.counts() and ("phase.started", "a") in named(events(project)))
    run.send_signal(signal.SIGINT)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 130, out
    told = events(project)
    assert of(told, None) == ["plan.started", "plan.failed"]
    assert told[-1]["exit_code"] == 130
    assert of(told, "a") == ["phase.started"], "it was stopped, and has not failed"


def test_an_interrupt_while_triggers_are_waited_for_ends_them(project, wait_until):
    """All phases are done; the run waits for the last deliveries."""
    command = "echo $$ > one.pid; exec sleep 600"
    project.phases({"a": {"run": "true"}}, triggers=[{"on": "plan.done", "run": command, "timeout": "10m"}])
    run = project.start()
    wait_until(lambda: (project.root / "one.pid").exists() and project.read("one.pid"))
    run.send_signal(signal.SIGINT)
    out = run.communicate(timeout=200)[0]
    assert "Traceback" not in out, out
    assert run.returncode in (0, 130, -signal.SIGINT), out
    assert gone(project.read("one.pid"))
    project.doit().nothing()
