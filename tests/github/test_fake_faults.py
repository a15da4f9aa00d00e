"""Each fault of the fake GitHub, before and after what was asked for was done, as PyGithub sees it."""

from __future__ import annotations

import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import github as pygithub
import pytest
import requests
from fake_faults import FAULTS
from test_fake_github import repository

BROKEN = (pygithub.GithubException, requests.RequestException, ValueError)
"""What a failing GitHub looks like to a caller of PyGithub."""


def test_every_fault_of_the_notes_is_there():
    assert {fault.status for fault in FAULTS.values()} >= {500, 502, 403, 429, 410, 404, 401, 200}
    assert {fault.kind for fault in FAULTS.values()} == {"answer", "reset", "hang", "truncated", "slow"}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"slow", "html"}))
def test_a_fault_breaks_one_create_and_says_whether_it_was_done(github, name, when):
    rule = github.faults.add("POST", "/issues$", name, when, seconds=0.2)
    repo = repository(github)
    with pytest.raises(BROKEN):
        repo.create_issue("first")
    (one,) = github.exchanges.writes()
    assert (one.fault, one.committed, rule.fired) == (name, when == "after", 1)
    assert one.status == (
        FAULTS[name].status or (None if name in ("hang", "reset") else 201 if when == "after" else 200)
    )
    assert [issue["title"] for issue in github.issues()] == (["first"] if when == "after" else [])
    assert repo.create_issue("second").title == "second"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_faults_fit_every_method(github, method, when):
    number = github.open_issue(github.login, "one")
    comment = github.comment(number, github.login, "text")
    calls = {
        "GET": lambda repo: repo.get_issue(number).title,
        "PATCH": lambda repo: repo.get_issue(number).edit(body="changed"),
        "DELETE": lambda repo: repo.get_issue(number).get_comment(comment).delete(),
    }
    github.faults.add(method, f"/issues/(comments/)?({number}|{comment})$", "502", when, times=None)
    with pytest.raises(pygithub.GithubException):
        calls[method](repository(github))
    done = {"GET": True, "PATCH": github.body(number) == "changed", "DELETE": github.comments(number) == []}
    assert done[method] == (method == "GET" or when == "after")


def test_html_with_200_is_an_issue_without_number(github):
    github.faults.add("POST", "/issues$", "html")
    made = repository(github).create_issue("x")
    assert made.raw_data is not None
    assert github.issues() == []


@pytest.mark.parametrize("name", sorted(name for name in FAULTS if FAULTS[name].retry_after or FAULTS[name].reset_in))
def test_the_headers_of_rate_limits(github, name):
    fault = FAULTS[name]
    github.faults.add("*", "", name)
    with pytest.raises(pygithub.GithubException) as refused:
        repository(github).get_issue(1).edit(body="x")
    headers = refused.value.headers
    assert headers.get("retry-after") == (None if fault.retry_after is None else str(fault.retry_after))
    if fault.reset_in:
        assert headers["x-ratelimit-remaining"] == "0"
        assert 0 <= int(headers["x-ratelimit-reset"]) - int(github.clock()) <= fault.reset_in


@pytest.mark.parametrize("name", ["403 secondary", "429"])
def test_a_limit_may_come_with_no_header_at_all(github, name):
    github.faults.add("POST", "", name)
    with pytest.raises(pygithub.GithubException, match="secondary rate limit") as refused:
        repository(github).create_issue("x")
    assert not {"retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"} & set(refused.value.headers)


def test_times_skip_and_order(github):
    github.faults.add("POST", "/issues$", "502", times=2, skip=1)
    told = []
    for number in range(5):
        try:
            told.append(repository(github).create_issue(f"issue {number}").number)
        except pygithub.GithubException as refused:
            told.append(refused.status)
    assert told == [1, 502, 502, 2, 3]
    github.faults.add("POST", "/issues$", "502", times=None)
    github.faults.clear()
    assert repository(github).create_issue("x").number == 4


def test_a_hanging_request_is_held_until_it_is_let_go(github, wait_until):
    github.faults.add("POST", "/issues$", "hang", "after", seconds=3600)
    told = []

    def create() -> None:
        try:
            repository(github, timeout=100).create_issue("x")
        except requests.RequestException as broken:
            told.append(broken)

    thread = threading.Thread(target=create)
    thread.start()
    wait_until(lambda: len(github.issues()) == 1)
    assert told == []
    github.faults.release()
    thread.join(100)
    assert len(told) == 1


def test_a_hang_outlasts_the_callers_patience(github):
    github.faults.add("POST", "/issues$", "hang", seconds=3600)
    with pytest.raises(requests.exceptions.Timeout):
        repository(github, timeout=1).create_issue("x")


def test_a_slow_answer_comes_after_all_was_done(github, wait_until):
    github.faults.add("POST", "/issues$", "slow", "after", seconds=3600)
    with pytest.raises(requests.exceptions.Timeout):
        repository(github, timeout=1).create_issue("x")
    wait_until(lambda: len(github.issues()) == 1)


def test_a_slow_create_may_be_done_after_its_caller_gave_up(github, wait_until):
    github.faults.add("POST", "/issues$", "slow", seconds=3600)
    repo = repository(github)
    with pytest.raises(requests.exceptions.Timeout):
        repository(github, timeout=1).create_issue("x")
    assert list(repo.get_issues()) == []
    github.faults.release()
    wait_until(lambda: len(list(repo.get_issues())) == 1)


def test_a_stale_list_lacks_what_was_just_made(github):
    repo = repository(github)
    repo.create_issue("old").create_comment("old")
    github.stale_lists(2)
    issue = repo.create_issue("new")
    issue.create_comment("new")
    assert [[one.number for one in repo.get_issues()] for _ in range(3)] == [[1], [1], [2, 1]]
    assert [[one.body for one in issue.get_comments()] for _ in range(3)] == [[], [], ["new"]]
    assert repo.get_issue(2).title == "new"
    assert len(github.issues()) == 2


def test_people_are_shown_the_truth_while_lists_are_stale(github):
    github.stale_lists(1)
    repository(github).create_issue("new")
    assert len(github.issues()) == 1
    assert list(repository(github).get_issues()) == []


def test_a_bug_of_the_server_is_told_from_its_faults(github, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("our own bug")

    monkeypatch.setattr(github.world, "create_issue", broken)
    with pytest.raises(pygithub.GithubException, match="test server itself"):
        repository(github).create_issue("x")
    assert "our own bug" in github.crashes.pop()


def test_many_at_once_get_numbers_of_their_own(github):
    def create(worker: int) -> list[int]:
        repo = repository(github)
        return [repo.create_issue(f"{worker}/{number}").number for number in range(10)]

    with ThreadPoolExecutor(8) as pool:
        numbers = [number for made in pool.map(create, range(8)) for number in made]
    assert sorted(numbers) == list(range(1, 81))


def test_clients_that_are_killed_leave_the_server_running(github, wait_until):
    host, port = github.base_url.removeprefix("http://").split(":")
    body = b'{"title": "x"}'
    head = (
        "POST /repos/octo/plan/issues HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: token {github.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    for sent in (head[:20], head, head + body[:5], head + body):
        with socket.create_connection((host, int(port))) as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.sendall(sent)
            if sent == head + body:
                wait_until(lambda: len(github.issues()) == 1)
    assert repository(github).create_issue("y").number == 2
    assert [one.committed for one in github.exchanges.writes()] == [True, True]
