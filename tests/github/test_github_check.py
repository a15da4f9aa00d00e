"""`doit github --check`, with each thing missing; and a GitHub App, end to end."""

from __future__ import annotations

import json

import pytest
from fake_auth import other_key, pem

PLAN = {"a": {"run": "true"}, "b": {"run": "true", "needs": ["a"], "approval": "manual"}}


def lines(ran, word: str) -> list[str]:
    return [line.split(None, 1)[1] for line in ran.out.splitlines() if line.startswith(word)]


def test_all_is_there(github, on_github):
    ran = on_github(github).phases(PLAN).doit("github", "--check").ended(0)
    assert lines(ran, "ok") == [
        f"GITHUB_TOKEN is accepted, as {github.login}",
        "repository octo/plan is there",
        "issues may be written",
        "the repository has issues",
        "the permissions of people can be looked up, so comments can vote",
    ]
    assert github.exchanges.writes() == []


def test_a_bad_token(github, on_github):
    project = on_github(github).phases(PLAN)
    token = project.environment
    project.environment = lambda **more: token(**{"GITHUB_TOKEN": "ghp_wrong", **more})
    ran = project.doit("github", "--check").ended(1, "the token is not valid, or has expired")
    assert lines(ran, "ok") == []


def test_no_such_repository(github, on_github):
    ran = on_github(github, repository="octo/nowhere").phases(PLAN).doit("github", "--check").ended(1)
    assert lines(ran, "missing") == [
        "repository octo/nowhere: GitHub answered 404: Not Found; it does not exist, or the token may not see it"
    ]


def test_a_repository_that_the_token_may_not_see(github, on_github):
    github.repo.private = True
    github.user(github.login, "none")
    on_github(github).phases(PLAN).doit("github", "--check").ended(1, "it does not exist, or the token may not see it")


def test_no_right_to_write(github, on_github):
    github.user(github.login, "read")
    ran = on_github(github).phases(PLAN).doit("github", "--check").ended(1)
    [write, look] = lines(ran, "missing")
    assert "issues may not be written" in write
    assert "the permissions of people cannot be looked up (GitHub answered 403" in look


def test_issues_are_turned_off(github, on_github):
    github.repo.has_issues = False
    ran = on_github(github).phases(PLAN).doit("github", "--check").ended(1)
    assert lines(ran, "missing") == ["the repository has its issues turned off; turn them on in its settings"]


def test_an_archived_repository(github, on_github):
    github.repo.archived = True
    ran = on_github(github).phases(PLAN).doit("github", "--check").ended(1)
    assert lines(ran, "missing") == ["the repository is archived; nothing can be written there"]


def test_labels(github, on_github):
    github.did(github.login, "POST", "/labels", {"name": "Phasegate"})
    ran = on_github(github, labels=["phasegate", "gate"]).phases(PLAN).doit("github", "--check").ended(1)
    assert "label phasegate" in lines(ran, "ok")
    assert lines(ran, "missing") == ["label gate is not there; the first issue makes it"]


def test_the_look_up_of_permissions_is_refused(github, on_github):
    github.faults.add("GET", "/permission$", "404", times=None)
    ran = on_github(github).phases(PLAN).doit("github", "--check").ended(1)
    [look] = lines(ran, "missing")
    assert "no comment can vote" in look


def test_wrong_words(github, on_github):
    project = on_github(github).phases(PLAN)
    project.doit("github", "a").ended(3, "is about the whole plan")
    project.doit("github", "--check", "--dry-run").ended(3, "take one of them")
    assert list(github.exchanges) == []


# -- a GitHub App


def as_app(project, on_github, github, app, key: str = "", **more):
    on_github(github, app={"id": app.id, "private_key": "APP_KEY", **more})
    project.environment = lambda **given: {
        **type(project).environment(project),
        "APP_KEY": key or app.private_key,
        **given,
    }
    return project


@pytest.mark.parametrize("installation", [None, "its own"])
def test_an_app_writes_the_issue_and_takes_a_vote(github, project, on_github, installation):
    app = github.app()
    more = {} if installation is None else {"installation": app.installation}
    as_app(project, on_github, github, app, **more).phases(PLAN)
    project.doit("github", "--check").ended(0, f"APP_KEY is accepted, as {app.login}", "comments can vote")
    project.doit().ended(4)
    [issue] = github.issues()
    assert issue["user"]["login"] == app.login
    [order] = {line for line in issue["body"].splitlines() if line.startswith("/approve")}
    github.comment(1, "alice", f"{order} it looks right")
    project.doit().done("b")
    assert github.issues()[0]["state"] == "closed"
    votes = project.query("select data from journal where event = 'gate.approved' and phase = 'b'")
    assert [json.loads(str(data))["by"] for (data,) in votes] == ["alice"]
    marks = [
        comment["body"].split("\n", 1)[0] for comment in github.comments(1) if comment["user"]["login"] == app.login
    ]
    assert len(marks) == len(set(marks)) == 3, marks


def test_an_app_finds_its_issue_again(github, project, on_github):
    app = github.app()
    as_app(project, on_github, github, app).phases(PLAN)
    project.doit().ended(4)
    (project.root / ".doit.db").unlink()
    project.doit().ended(4)
    assert len(github.issues()) == 1


@pytest.mark.parametrize("key", ["other", "nonsense"])
def test_a_key_that_is_not_the_apps(github, project, on_github, key):
    app = github.app()
    given = pem(other_key()) if key == "other" else "no key at all"
    as_app(project, on_github, github, app, given).phases(PLAN)
    ran = project.doit("github", "--check").ended(1)
    [told] = lines(ran, "missing")
    assert told.startswith("APP_KEY: GitHub answered 401" if key == "other" else "APP_KEY: APP_KEY is no private key")
    assert "GitHub does not show this yet" in project.doit().ended(4).out
    assert github.issues() == []


def test_an_app_that_may_only_read(github, project, on_github):
    app = github.app(metadata="read", issues="read")
    as_app(project, on_github, github, app).phases(PLAN)
    project.doit("github", "--check").ended(1, "issues may not be written")
    assert "Resource not accessible" in project.doit().ended(4).out


def test_an_app_that_is_not_installed_here(github, project, on_github):
    app = github.app()
    as_app(project, on_github, github, app, installation=app.installation + 1).phases(PLAN)
    ran = project.doit("github", "--check").ended(1)
    assert lines(ran, "missing") != []
    assert "GitHub answered 404" in project.doit().ended(4).out
