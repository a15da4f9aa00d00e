"""Answers with status 200 that are not what was asked for, on each request: trouble, and never taken for the truth.

Proxies send pages of HTML, and empty bodies, with 200. Taken for an empty list, such an answer makes a second issue;
taken for a success, it leaves the issue wrong for ever.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from fake_faults import Fault

from orchestrator.github.client import Client
from orchestrator.github.settings import On, Settings
from orchestrator.github.transport import Transport
from orchestrator.github.trouble import Kind, Trouble

NONSENSE = ["<html>Sorry</html>", "", "null", "{}", "7", '"text"', '{"message": "x"}', "[null]", "[1]", "[{}]"]
COMMIT = "a" * 40
CALLS = {
    "login": ("GET", "/user$", lambda client: client.login),
    "issues": ("GET", "/issues$", lambda client: client.issues_with("<!--", "x")),
    "issue": ("GET", "/issues/1$", lambda client: client.issue(1)),
    "create issue": ("POST", "/issues$", lambda client: client.create_issue("a", "b", ())),
    "edit": ("PATCH", "/issues/1$", lambda client: client.edit_issue(1, "a", "b", is_open=True, reason="")),
    "close": ("PATCH", "/issues/1$", lambda client: client.close_issue(1)),
    "comments": ("GET", "/comments$", lambda client: client.comments(1, 0.0)),
    "comment": ("POST", "/comments$", lambda client: client.create_comment(1, "z")),
    "permission": ("GET", "/permission$", lambda client: client.permission("alice")),
    "member": ("GET", "/memberships/", lambda client: client.is_member("octo/reviewers", "alice")),
    "status": ("POST", "/statuses/", lambda client: client.status(COMMIT, "c", "success", "d", "https://x")),
    "facts": ("GET", "/octo/plan$", lambda client: client.facts()),
    "labels": ("GET", "/labels$", lambda client: client.facts()),
}


@dataclass(frozen=True)
class Says(Fault):
    """Any body, with status 200."""

    def response(self, now: float) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, self.message.encode()


def a_client(github, wait=lambda seconds: None) -> Client:
    return Client(Transport(Settings(api_url=github.base_url), On(github.repository, github.token), wait), is_app=False)


@pytest.fixture
def talked_to(github):
    """The fake GitHub with an issue that has a comment; nonsense is not held against GitHub's description."""
    number = github.open_issue(github.login, "Plan", "<!-- mark -->")
    github.comment(number, github.login, "<!-- mark -->")
    github.team("reviewers", alice="active")
    yield github
    github.exchanges.clear()


@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize("call", CALLS)
def test_an_answer_of_another_shape_is_trouble_that_passes(talked_to, call, body):
    method, path, do = CALLS[call]
    talked_to.faults.add(method, path, Says("nonsense", message=body), times=None)
    with pytest.raises(Trouble, match="GitHub's answer") as trouble:
        do(a_client(talked_to))
    assert trouble.value.kind is Kind.LATER


@pytest.mark.parametrize("call", CALLS)
def test_each_of_them_works_where_the_answer_is_right(talked_to, call):
    CALLS[call][2](a_client(talked_to))


def test_a_list_is_followed_over_its_pages_and_to_no_other_host(talked_to):
    for number in range(150):
        talked_to.comment(1, "alice", f"{number}")
    assert len(a_client(talked_to).comments(1, 0.0)) == 151

    @dataclass(frozen=True)
    class Elsewhere(Fault):
        def response(self, now: float) -> tuple[int, dict[str, str], bytes]:
            return 200, {"Content-Type": "application/json", "Link": '<http://127.0.0.2:9/steal>; rel="next"'}, b"[]"

    talked_to.faults.add("GET", "/comments$", Elsewhere("elsewhere"), times=None)
    with pytest.raises(Trouble):
        a_client(talked_to).comments(1, 0.0)


@pytest.mark.parametrize(
    ("answer", "role"),
    [
        ({"permission": "write", "role_name": "maintain"}, "maintain"),
        ({"permission": "write", "role_name": "a role of ours"}, "write"),
        ({"permission": "read"}, "read"),
        ({"permission": "superuser", "role_name": None}, "none"),
    ],
)
def test_a_role_that_is_not_known_may_nothing(talked_to, answer, role):
    talked_to.faults.add("GET", "/permission$", Says("answer", message=json.dumps(answer)))
    assert a_client(talked_to).permission("alice") == role


def test_pull_requests_are_no_issues(talked_to):
    talked_to.pull(talked_to.login, "a pull request", "<!-- mark -->")
    assert [one.number for one in a_client(talked_to).issues_with("<!-- mark -->", talked_to.login)] == [1]
