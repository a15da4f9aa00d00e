"""What both GitHubs of the tests do alike: driven by PyGithub, with people who act and faults."""

from __future__ import annotations

import json

import github as pygithub
import pytest
import requests
from people import BOT, token_of
from test_fake_github import repository


def test_an_issue_is_made_edited_closed_and_reopened(any_github):
    repo = repository(any_github)
    issue = repo.create_issue("Plan", body="first", labels=["phasegate"])
    assert (issue.number, issue.user.login) == (1, any_github.login)
    assert issue.html_url == f"{any_github.base_url}/octo/plan/issues/1"
    issue.edit(title="Plan 2", body="second", state="closed", state_reason="completed")
    again = any_github.issue(1)
    assert [again[key] for key in ("title", "body", "state", "state_reason")] == [
        "Plan 2",
        "second",
        "closed",
        "completed",
    ]
    assert [label["name"] for label in again["labels"]] == ["phasegate"]
    repo.get_issue(1).edit(state="open")
    assert any_github.issue(1)["state"] == "open"
    assert [exchange.status for exchange in any_github.exchanges.writes()] == [201, 200, 200]


def test_lists_are_read_page_by_page(any_github):
    for number in range(7):
        any_github.open_issue("alice", f"issue {number}")
    repo = repository(any_github, per_page=3)
    assert [one.number for one in repo.get_issues(state="all", sort="created", direction="asc")] == list(range(1, 8))
    assert len(any_github.exchanges.reads("/issues$")) == 3
    for number in range(5):
        any_github.comment(1, "alice", f"comment {number}")
    told = [one.body for one in repository(any_github, per_page=2).get_issue(1).get_comments()]
    assert told == [f"comment {number}" for number in range(5)]
    assert [one.number for one in repo.get_issues(creator=any_github.login)] == []


def test_people_comment_edit_and_close(any_github):
    number = repository(any_github).create_issue("Plan").number
    identity = any_github.comment(number, "alice", "/approve simulate ab12cd3")
    comment = repository(any_github).get_issue(number).get_comment(identity)
    assert (comment.user.login, comment.updated_at == comment.created_at) == ("alice", True)
    any_github.edit_comment(identity, "alice", "edited")
    assert repository(any_github).get_issue(number).get_comment(identity).body == "edited"
    repository(any_github).get_issue(number).create_comment("Taken.")
    assert any_github.replies(number) == ["Taken."]
    any_github.close("alice", number, "not_planned")
    assert any_github.issue(number)["state_reason"] == "not_planned"
    any_github.reopen("alice", number)
    any_github.delete_comment(identity, "alice")
    assert [one["body"] for one in any_github.comments(number)] == ["Taken."]


def test_roles_are_finer_than_permissions(any_github):
    repo = repository(any_github)
    people = {"alice": "write", "mia": "maintain", "tom": "triage", "rita": "read", BOT: "write"}
    assert {login: repo.get_collaborator_role_name(login) for login in people} == people
    any_github.user("alice", "read")
    assert repo.get_collaborator_role_name("alice") == "read"
    with pytest.raises(pygithub.UnknownObjectException):
        repo.get_collaborator_permission("nobody")


def test_labels_exist_once(any_github):
    repo = repository(any_github)
    repo.create_label("gate: waiting", "ff0000", "waits")
    with pytest.raises(pygithub.GithubException) as refused:
        repo.create_label("gate: waiting", "ff0000")
    assert refused.value.status == 422
    assert repo.get_label("gate: waiting").color == "ff0000"
    assert [label.name for label in repo.get_labels() if label.name.startswith("gate")] == ["gate: waiting"]


def test_what_is_not_there_is_404(any_github):
    repo = repository(any_github)
    for missing in (lambda: repo.get_issue(99).title, lambda: repo.get_issue(99).create_comment("x")):
        with pytest.raises(pygithub.UnknownObjectException):
            missing()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["502", "reset", "truncated", "429 retry-after"])
def test_faults_before_and_after_the_commit(any_github, name, when):
    any_github.faults.add("POST", "/issues$", name, when)
    repo = repository(any_github)
    with pytest.raises((pygithub.GithubException, requests.RequestException)):
        repo.create_issue("first")
    (one,) = any_github.exchanges.writes()
    assert (one.fault, one.committed) == (name, when == "after")
    assert [issue["title"] for issue in any_github.issues()] == (["first"] if when == "after" else [])
    assert repo.create_issue("second").title == "second"


def test_exchanges_are_kept_and_what_people_do_is_not(any_github):
    any_github.open_issue("alice", "hers")
    repository(any_github, token_of("alice")).create_issue("Plan", body="text")
    (one,) = any_github.exchanges.writes()
    assert (one.method, one.path, one.json) == ("POST", "/repos/octo/plan/issues", {"title": "Plan", "body": "text"})
    assert one.request_headers["Authorization"] == f"token {token_of('alice')}"
    assert one.answer["user"]["login"] == "alice"


def test_each_test_begins_with_an_empty_repository(any_github):
    assert any_github.issues() == []
    assert len(any_github.exchanges) == 0


def test_a_project_is_told_of_it(any_github, on_github):
    project = on_github(any_github, issues="phase")
    told = json.loads(project.read("config/github.json"))
    assert told == {
        "enabled": True,
        "repository": "octo/plan",
        "api_url": any_github.base_url,
        "token": "GITHUB_TOKEN",
        "issues": "phase",
    }
    assert project.environment()["GITHUB_TOKEN"] == any_github.token
    assert project.environment(GITHUB_TOKEN="other")["GITHUB_TOKEN"] == "other"
