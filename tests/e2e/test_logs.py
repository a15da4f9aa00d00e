"""`doit logs`: what attempts printed, the log to standard output as it is, whose it is to standard error."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import threading

import pytest
from doit_project import DOIT

RETRY = {"transient": {"attempts": 3, "wait": "1ms"}}
FLAKY = "echo try $PHASEGATE_ATTEMPT; test $PHASEGATE_ATTEMPT -ge 3 || exit 75"
AT_ONCE = 100.0
"""Seconds: what does not wait for a work of ten minutes took less, on any machine."""


@pytest.fixture
def flaky(project):
    """A phase that succeeded at its third attempt, and one that nobody tried."""
    project.phases({"a": {"run": FLAKY}, "never": {"run": "echo never"}}, retry=RETRY)
    project.doit("a").done("a")
    return project


def header(task: str, number: int, outcome: str) -> str:
    return rf"{task}, attempt {number}: {outcome} after \S+ s.* \(\.doit/logs/\S+\.{number}\.log\)\n"


def test_the_newest_attempt(flaky):
    ran = flaky.doit("logs", "a").ended(0)
    assert ran.out == "try 3\n"
    assert re.fullmatch(header("a:run", 3, "succeeded"), ran.err), ran
    assert flaky.doit("logs", "a:run").ended(0).out == "try 3\n"


def test_one_attempt_by_its_number_whichever_run_made_it(flaky):
    ran = flaky.doit("logs", "a", "--attempt", "2").ended(0)
    assert ran.out == "try 2\n"
    assert re.fullmatch(header("a:run", 2, "retrying"), ran.err), ran
    assert "ended with exit code 75" in ran.err
    flaky.doit("-a", "a").done("a")
    assert flaky.doit("logs", "--attempt", "4", "a").ended(0).out == "try 4\n"
    assert flaky.doit("logs", "--attempt=1", "a").ended(0).out == "try 1\n"
    flaky.doit("logs", "a", "--attempt", "5").ended(3, "a has no attempt 5; it has 1 to 4")


def test_all_attempts_as_data(flaky):
    attempts = json.loads(flaky.doit("logs", "a", "--json").ended(0).out)["attempts"]
    assert [each["attempt"] for each in attempts] == [1, 2, 3]
    assert [each["outcome"] for each in attempts] == ["retrying", "retrying", "succeeded"]
    assert [each["exit_code"] for each in attempts] == [75, 75, 0]
    assert [each["class"] for each in attempts] == ["transient", "transient", None]
    assert [each["of"] for each in attempts] == [3, 3, None]
    for each in attempts:
        assert each["task"] == "a:run"
        assert each["started"] <= each["ended"]
        assert each["duration_s"] >= 0
        assert (flaky.root / each["log"]).read_text() == f"try {each['attempt']}\n"
    assert json.loads(flaky.doit("logs", "never", "--json").ended(0).out) == {"attempts": []}


def test_what_is_no_attempt_is_told(flaky):
    flaky.doit("logs", "never").ended(3, "never was not tried yet, so it has no log; run doit never")
    flaky.doit("logs", "nosuch").ended(3, '"nosuch"')
    flaky.doit("logs", "a", "never").ended(3, "`doit logs` takes one phase")
    flaky.doit("logs").ended(3, "`doit logs` takes one phase")
    flaky.doit("logs", "a", "--attempt", "x").ended(3)


def test_before_the_first_run_there_is_nothing_and_nothing_is_made(project):
    project.phases({"a": {"run": "true"}})
    project.doit("logs", "a").ended(3, "a was not tried yet")
    assert not (project.root / ".doit.db").exists()


def test_what_was_printed_comes_as_it_is(project):
    project.phases({"a": {"run": "printf '\\033[31mred\\377\\r\\nno end of line'"}}).doit().done("a")
    ran = subprocess.run(
        [DOIT, "logs", "a"], cwd=project.root, env=project.environment(), capture_output=True, check=True
    )
    assert ran.stdout == b"\x1b[31mred\xff\r\nno end of line"


def test_of_a_matrix_one_work_or_the_newest_of_all(project):
    run = "echo $PARAM_CARRIER; test $PARAM_CARRIER != UA || { echo late; exit 2; }"
    project.phases({"slices": {"matrix": {"carrier": ["UA", "AA"]}, "run": run}}).doit().ended(1)
    assert project.doit("logs", "slices:run:UA").ended(0).out == "UA\nlate\n"
    assert project.doit("logs", "slices:run:AA").ended(0).out == "AA\n"
    ran = project.doit("logs", "slices").ended(0)
    assert (ran.out, ran.err.split(",")[0]) == ("AA\n", "slices:run:AA"), "with one job the last in the plan"
    attempts = json.loads(project.doit("logs", "slices", "--json").out)["attempts"]
    assert [(each["task"], each["outcome"]) for each in attempts] == [
        ("slices:run:UA", "failed"),
        ("slices:run:AA", "succeeded"),
    ]
    assert len(json.loads(project.doit("logs", "slices:run:UA", "--json").out)["attempts"]) == 1


def follow(project, *names: str) -> subprocess.Popen[str]:
    return project.start("logs", "--follow", *names)


def wait_for_line(process: subprocess.Popen[str], text: str) -> list[str]:
    """All lines up to the one with this text."""
    assert process.stdout is not None
    seen: list[str] = []
    while text not in (seen or [""])[-1]:
        line = process.stdout.readline()
        assert line, (text, seen)
        seen.append(line)
    return seen


def test_follow_shows_a_log_as_it_grows_and_goes_on_over_a_retry(project, wait_until):
    """Each attempt waits until it is told to go on: what is shown before that was not waited for."""
    run = (
        "echo begin $PHASEGATE_ATTEMPT; touch began.$PHASEGATE_ATTEMPT\n"
        "while ! test -e go.$PHASEGATE_ATTEMPT; do sleep 0.02; done\n"
        "echo end $PHASEGATE_ATTEMPT; test $PHASEGATE_ATTEMPT = 2 || exit 75"
    )
    project.phases({"a": {"run": run}}, retry=RETRY)
    doit = project.start()
    wait_until(lambda: (project.root / "began.1").exists() and project.journalled("attempt.started"))
    shown = follow(project, "a")
    assert wait_for_line(shown, "begin 1")[0].startswith("a:run, attempt 1: running (.doit/logs/")
    assert shown.poll() is None
    project.write("go.1", "")
    wait_for_line(shown, "end 1")
    assert "a:run, attempt 2: " in "".join(wait_for_line(shown, "begin 2"))
    project.write("go.2", "")
    assert shown.communicate(timeout=AT_ONCE)[0] == "end 2\n"
    assert shown.returncode == 0
    assert doit.wait(AT_ONCE) == 0
    assert follow(project, "a").communicate(timeout=AT_ONCE)[0].endswith("begin 2\nend 2\n"), "it has ended long since"


def test_follow_of_a_run_that_was_killed_ends(project, wait_until, kill):
    project.phases({"a": {"run": "echo up; touch up; sleep 600"}})
    doit = project.start()
    wait_until(lambda: (project.root / "up").exists() and project.journalled("attempt.started"))
    shown = follow(project, "a")
    wait_for_line(shown, "up")
    kill(doit)
    out, _ = shown.communicate(timeout=AT_ONCE)
    assert (out, shown.returncode) == ("", 0)
    project.doit("logs", "a").ended(0, "a:run, attempt 1: interrupted")
    assert json.loads(project.doit("logs", "a", "--json").out)["attempts"][0]["ended"] is None
    project.phases({"a": {"run": "true"}}).doit().done("a")
    [first, second] = json.loads(project.doit("logs", "a", "--json").out)["attempts"]
    assert (first["outcome"], second["outcome"]) == ("interrupted", "succeeded")


def test_follow_is_ended_by_int(project, wait_until):
    project.phases({"a": {"run": "echo up; touch up; sleep 600"}})
    doit = project.start()
    wait_until(lambda: (project.root / "up").exists() and project.journalled("attempt.started"))
    shown = follow(project, "a")
    wait_for_line(shown, "up")
    shown.send_signal(signal.SIGINT)
    out, _ = shown.communicate(timeout=AT_ONCE)
    assert (shown.returncode, "Traceback" in out) == (130, False), out
    assert doit.poll() is None, "the run does not care"
    doit.send_signal(signal.SIGINT)
    doit.communicate(timeout=AT_ONCE)


CAPPED = {"max_size": "20kB", "keep_runs": 2}
MUCH = "i=0; while [ $i -lt 8000 ]; do i=$((i + 1)); echo line $i; done"


def test_of_a_capped_log_beginning_and_end_are_shown_with_what_is_missing(project):
    project.phases({"a": {"run": MUCH}}, logs=CAPPED).doit().done("a")
    ran = project.doit("logs", "a").ended(0)
    lines = ran.out.splitlines()
    assert (lines[0], lines[-1]) == ("line 1", "line 8000")
    [(_, missing)] = [
        (line, match[1])
        for line in lines
        if (match := re.fullmatch(r"\[phasegate: ([\d,]+) bytes left out here\]", line))
    ]
    everything = sum(len(f"line {number}\n") for number in range(1, 8001))
    assert len(ran.out) <= 20_000
    marker = len(f"\n[phasegate: {missing} bytes left out here]\n")
    assert len(ran.out) - marker + int(missing.replace(",", "")) == everything
    assert [path.name for path in (project.root / ".doit/logs").rglob("a.*")] == ["a.1.log"]


def test_a_capped_log_is_whole_while_it_is_written_and_when_its_writer_was_killed(project, wait_until, kill):
    project.phases({"a": {"run": f"{MUCH}; touch up; sleep 600"}}, logs=CAPPED)
    doit = project.start()
    wait_until(lambda: (project.root / "up").exists() and project.journalled("attempt.started"))

    def shown() -> list[str]:
        return project.doit("logs", "a").ended(0).out.splitlines()

    wait_until(lambda: shown()[-1] == "line 8000")
    assert shown()[0] == "line 1"
    kill(doit)
    assert (shown()[0], shown()[-1]) == ("line 1", "line 8000")
    assert sum("bytes left out here" in line for line in shown()) == 1
    project.phases({"a": {"run": "true"}}).doit().ended(0, "that a killed run had left running were ended")


def test_follow_of_a_capped_log_shows_every_line_once_or_tells_what_is_missing(project, wait_until):
    project.phases({"a": {"run": f"touch up; while ! test -e go; do sleep 0.02; done; {MUCH}"}}, logs=CAPPED)
    doit = project.start()
    wait_until(lambda: (project.root / "up").exists() and project.journalled("attempt.started"))
    shown = follow(project, "a")
    wait_for_line(shown, "attempt 1: running")
    project.write("go", "")
    out, _ = shown.communicate(timeout=AT_ONCE)
    doit.communicate(timeout=AT_ONCE)
    whole = re.sub(r"[^\n]*\n\[phasegate: [\d,]+ bytes left out here\]\n[^\n]*", "", out)  # lines are cut there
    numbers = [int(number) for number in re.findall(r"^line (\d+)$", whole, re.MULTILINE)]
    assert (numbers[0], numbers[-1]) == (1, 8000)
    assert numbers == sorted(set(numbers))
    missing = sum(int(each.replace(",", "")) for each in re.findall(r"phasegate: ([\d,]+) bytes left out", out))
    assert (missing > 0) == (len(numbers) < 8000)


def test_a_log_of_a_run_that_is_no_longer_kept_is_gone_and_told_so(project):
    project.phases({"a": {"run": "echo run $PHASEGATE_ATTEMPT", "always": True}}, logs=CAPPED)
    for _ in range(2):
        project.doit().done("a")
    [old] = (project.root / ".doit/logs").rglob("a.1.log")
    shutil.rmtree(old.parent)
    ran = project.doit("logs", "a", "--attempt", "1").ended(3, "is gone: the logs of the last 2 runs are kept")
    assert re.search(r"\.doit/logs/\S+/a\.1\.log is gone", ran.err), ran
    assert project.doit("logs", "a").ended(0).out == "run 2\n"
    assert len(json.loads(project.doit("logs", "a", "--json").out)["attempts"]) == 2, "what the journal knows stays"


def test_as_many_logs_are_kept_as_asked_for_the_newest_ones(project):
    project.phases({"a": {"run": "echo run $PHASEGATE_ATTEMPT", "always": True}}, logs={"keep_runs": 2})
    for _ in range(5):
        project.doit().done("a")
    kept = sorted(log.read_text() for log in (project.root / ".doit/logs").rglob("*.log"))
    assert kept == ["run 4\n", "run 5\n"]


def test_head_may_have_seen_enough(project):
    """More than a pipe holds: its reader is gone before all is written."""
    project.phases(
        {"a": {"run": "i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); echo line $i of a long log; done"}}
    ).doit().done("a")
    script = '"$@" | head -n 1; exit 0'
    for option in ([], ["--follow"]):
        argv = ["bash", "-c", script, "bash", DOIT, "logs", "a", *option]
        ran = subprocess.run(
            argv, cwd=project.root, env=project.environment(), capture_output=True, text=True, check=True
        )
        assert ran.stdout == "line 1 of a long log\n"
        assert [line.split(",")[0] for line in ran.stderr.splitlines()] == ["a:run"], ran.stderr


def test_nor_is_it_an_error_that_nobody_reads_the_data(flaky):
    script = '"$@" | true; exit ${PIPESTATUS[0]}'
    ran = subprocess.run(
        ["bash", "-c", script, "bash", DOIT, "logs", "a", "--json"],
        cwd=flaky.root,
        env=flaky.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_it_works_while_a_run_has_the_lock_and_changes_nothing(project, wait_until):
    project.phases({"a": {"run": "echo up; touch up; sleep 600"}})
    doit = project.start()
    wait_until(lambda: (project.root / "up").exists() and project.journalled("attempt.started"))
    wait_until(lambda: project.doit("logs", "a").ended(0, "attempt 1: running").out == "up\n")
    doit.terminate()
    doit.communicate(timeout=AT_ONCE)
    project.doit("logs", "a").ended(0, "attempt 1: stopped after")


def test_several_may_look_at_the_same_time(flaky):
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(flaky.process("logs", "a").out)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(AT_ONCE)
    assert seen == ["try 3\n"] * 3
