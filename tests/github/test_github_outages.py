"""GitHub is gone, or answers nothing but trouble, for a whole run: the run is what it would have been without it.

It says why GitHub does not show it, ends soon, and the next run or `doit github` brings GitHub to where the plan stands.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator

import pytest
from fake_faults import FAULTS
from test_tracking_issue import commit_in

NOTE = "GitHub does not show this yet: "
PLAN = {
    "a": {"run": "echo a >> ran.txt; echo a > a.txt", "outputs": ["a.txt"]},
    "b": {"run": "echo b >> ran.txt", "needs": ["a"], "approval": "manual"},
    "c": {"run": "echo c >> ran.txt; exit 1", "needs": ["a"]},
    "d": {"run": "echo d >> ran.txt", "needs": ["c"]},
}
FEW = ["502", "429 retry-after", "403 secondary", "401"]


def told(project) -> list[tuple[object, ...]]:
    """What the journal says, without times, ids and digests."""
    rows = project.query("select event, phase, task, data from journal order by phase, seq")
    return [
        (event, phase, task, data.get("outcome"), data.get("problem"), data.get("ends"), data.get("class"))
        for event, phase, task, text in rows
        for data in [json.loads(str(text))]
    ]


@pytest.fixture
def without(new_project):
    """The same plan without GitHub: its run, and what its journal says."""
    project = new_project("without").phases(PLAN)
    ran = project.doit()
    return ran, told(project)


def same(project, without, *args: str):
    """A run that did the same, with the same end; what it said of GitHub."""
    ran, journal = project.doit(*args), told(project)
    assert ran.code == without[0].code == 1, ran
    for state in ("done", "failed", "waiting", "blocked"):
        assert sorted(ran.lines(state)) == sorted(without[0].lines(state)), (ran, without[0])
    assert journal == without[1]
    notes = [line for line in ran.out.splitlines() if NOTE in line]
    assert len(notes) == 1, ran
    assert "Traceback" not in ran.out + ran.err, ran
    return notes[0]


def is_made_good(github, project) -> None:
    """Once GitHub is there again, the next run shows all, once."""
    github.faults.clear()
    ran = project.doit()
    assert NOTE not in ran.out, ran
    [issue] = github.issues()
    [head] = project.query("select hash from journal order by seq desc limit 1")
    assert f"head `{head[0]}`" in issue["body"]
    marks = [text.split("\n", 1)[0] for text in github.replies(issue["number"])]
    assert len(marks) == len(set(marks)) == 2, marks


def outage(github, on_github, without, fault: str, why: str, most: int) -> None:
    project = on_github(github).phases(PLAN)
    github.faults.add("*", "", fault, times=None)
    assert why in same(project, without)
    asked = len(github.exchanges)
    assert asked <= most, github.exchanges
    assert github.issues() == []
    is_made_good(github, project)


@pytest.mark.parametrize("fault", FEW)
def test_github_fails_at_every_request(github, on_github, without, fault):
    limited = "rate limit" in FAULTS[fault].message
    outage(
        github,
        on_github,
        without,
        fault,
        f"GitHub answered {FAULTS[fault].status}",
        most=1 if limited or fault == "401" else 4,
    )


@pytest.mark.faults
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {*FEW, "hang", "slow"}))
def test_github_fails_at_every_request_in_each_other_way(github, on_github, without, fault):
    outage(github, on_github, without, fault, "GitHub", most=4)


@pytest.mark.faults
def test_github_takes_what_it_is_told_and_answers_nothing_but_502(github, on_github, without):
    """After the commit: all is done, and nobody hears of it."""
    project = on_github(github).phases(PLAN)
    github.faults.add("POST", "", "502", "after", times=None)
    ran = project.doit().ended(without[0].code)
    assert told(project) == without[1]
    assert NOTE not in ran.out, "what was made was found"
    is_made_good(github, project)


@pytest.mark.faults
def test_github_hangs(github, on_github, without):
    project = on_github(github).phases(PLAN)
    github.faults.add("*", "", "hang", times=None, seconds=600)
    assert "it took longer than 15 s" in same(project, without)
    is_made_good(github, project)


@pytest.fixture
def drips() -> Iterator[str]:
    """A server that sends a byte now and then, so that no time limit of a read is met; its address."""
    over = threading.Event()

    def serve(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):  # who gives up closes the connection
            client.recv(4096)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            while not over.wait(0.5):
                client.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        over.set()


@pytest.mark.faults
def test_github_answers_a_byte_now_and_then(github, on_github, without, drips):
    project = on_github(github, api_url=drips).phases(PLAN)
    assert "it took longer than 15 s" in same(project, without)
    on_github(github)
    is_made_good(github, project)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9",
        pytest.param("http://no-such-host.invalid", marks=pytest.mark.faults),
        pytest.param("https://127.0.0.1:9", marks=pytest.mark.faults),
    ],
)
def test_there_is_no_github(github, on_github, without, address):
    project = on_github(github, api_url=address).phases(PLAN)
    why = same(project, without)
    assert "GitHub cannot be reached" in why or "it took longer than 15 s" in why
    project.doit("github").ended(2, "GitHub does not show where the plan stands: GitHub cannot be reached")
    on_github(github)
    is_made_good(github, project)


def test_a_run_that_cannot_begin_does_not_wait_for_github(github, on_github, wait_until):
    """Another run holds the lock, and knows no token."""
    project = on_github(github).phases({"a": {"run": "touch here; while [ ! -e go ]; do sleep 0.05; done"}})
    token = project.environment
    project.environment = lambda **more: token(**{**more, "GITHUB_TOKEN": ""})
    first = project.start()
    wait_until(lambda: (project.root / "here").exists() and project.journalled("attempt.started"))
    project.environment = token
    ran = project.doit().ended(3, "another run is going on here")
    assert NOTE not in ran.out
    project.write("go", "")
    first.communicate()
    assert first.returncode == 0
    assert list(github.exchanges) == []


def test_a_gate_that_waits_is_judged_though_github_hangs(github, on_github, wait_until):
    """A vote may have been given since the last run, and it is not waited for without end."""
    project = on_github(github).phases({"a": {"run": "true", "approval": "manual"}})
    project.doit().ended(4)
    github.faults.add("*", "", "hang", times=None, seconds=600)
    run = project.start()
    ends = "select count(*) from journal where event = 'run.ended'"
    wait_until(lambda: project.query(ends) == [(2,)])
    run.terminate()  # what is left is the last sync
    rest = run.communicate()[0]
    assert "Traceback" not in rest
    began, ended = (
        project.query(f"select at from journal where event = '{event}' order by seq desc limit 1")[0][0]
        for event in ("run.started", "run.ended")
    )
    assert began < ended


def test_doit_github_and_a_run_at_once_do_not_write_both(github, on_github, wait_until):
    project = on_github(github).phases({"a": {"run": "touch here; while [ ! -e go ]; do sleep 0.05; done"}})
    run = project.start()
    wait_until(lambda: (project.root / "here").exists() and project.journalled("attempt.started"))
    project.doit("github").ended(3, "another process is writing to GitHub here")
    project.doit("github", "--check").ended(0)
    project.doit("github", "--dry-run").ended(0)
    project.write("go", "")
    run.communicate()
    assert run.returncode == 0
    assert [issue["state"] for issue in github.issues()] == ["closed"]


def test_a_commit_that_was_not_pushed_keeps_nothing_else_from_being_shown(github, on_github):
    project = on_github(github, statuses=True).phases(PLAN)
    commit_in(project)
    github.repo.commits = set()
    ran = project.doit().ended(1, "GitHub does not show this yet: GitHub answered 422")
    assert NOTE in ran.out
    [issue] = github.issues()
    assert "| ✋ waiting | `b` |" in issue["body"]
    assert len(github.replies(1)) == 2
    assert len(github.exchanges.writes("/statuses/")) == 1, "what holds for one holds for all"
    [order] = {line for line in issue["body"].splitlines() if line.startswith("/approve b")}
    github.comment(1, "alice", f"{order} it looks right")
    project.doit().ended(1, "done     b")
    github.repo.commits = None
    is_made_good_after_vote(github, project)


def is_made_good_after_vote(github, project) -> None:
    ran = project.doit()
    assert NOTE not in ran.out, ran
    marks = [text.split("\n", 1)[0] for text in github.replies(1)]
    assert len(marks) == len(set(marks)) == 3, marks
