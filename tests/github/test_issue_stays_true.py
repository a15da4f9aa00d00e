"""What the issues show after the plan, its state or its configuration changed; and that people are told once."""

from __future__ import annotations

import json

from test_tracking_issue import chain, commit_in, only, said
from test_votes_by_comment import answers, digest_of


def titles(github):
    return {issue["title"]: issue for issue in github.issues()}


def test_a_phase_that_is_gone_has_no_open_issue(any_github, on_github):
    project = on_github(any_github, issues="phase").phases({"a": {"run": "true"}, "b": {"run": "exit 1"}})
    project.doit().ended(1)
    project.phases({"a": {"run": "true"}})
    project.doit("github").ended(0)
    gone = titles(any_github)["test: b"]
    assert (gone["state"], gone["state_reason"]) == ("closed", "not_planned")
    assert "no phase" in gone["body"]
    any_github.exchanges.clear()
    project.doit().nothing()
    assert list(any_github.exchanges) == []
    project.phases({"a": {"run": "true"}, "b": {"run": "exit 1"}})
    project.doit().ended(1)
    assert titles(any_github)["test: b"]["state"] == "open", "it is back"


def test_issues_of_phases_are_closed_where_they_are_no_longer_asked_for(github, on_github):
    project = on_github(github, issues="phase").phases({"a": {"run": "true", "approval": "manual"}})
    project.doit().ended(4)
    on_github(github)
    github.comment(2, "rita", f"/approve a {digest_of(project)}")
    project.doit("github").ended(0)
    assert (titles(github)["test: a"]["state"], titles(github)["test: a"]["state_reason"]) == ("closed", "not_planned")
    assert titles(github)["Plan test"]["state"] == "open"
    assert "rita has the permission read" in answers(github, 2)[0]


def test_works_of_one_phase_that_fail_again_are_told_once(github, on_github):
    project = on_github(github).phases({"a": {"run": "echo {x}; exit 1", "matrix": {"x": ["1", "2"]}}}, jobs=1)
    for _ in range(3):
        project.doit("--continue").ended(1)
    assert len(said(github)) == 1
    project.phases({"a": {"run": "test {x} = 1 || exit 2", "matrix": {"x": ["1", "2"]}}})
    project.doit().ended(1)
    assert len(said(github)) == 2, "it fails in another way now"


def test_a_plan_with_a_phase_that_always_runs_is_done_once(github, on_github):
    project = on_github(github).phases({"a": {"run": "true"}, "b": {"run": "true", "always": True}})
    for _ in range(3):
        project.doit().ended(0)
    assert said(github) == ["✅ **test** is done."]


def test_names_of_every_length_fit(github, on_github):
    project = on_github(github, statuses=True).phases({})
    project.config(
        "phases",
        {"plan": "@" * 500, "phases": {"a": {"title": "@" * 300, "run": "true", "approval": "manual"}}},
    )
    commit = commit_in(project)
    project.doit().ended(4)
    assert github.statuses(commit) == {"phasegate/a": "pending"}
    assert len(only(github)["title"]) <= 256
    project.doit("approve", "a").ended(0)
    project.doit().ended(0)
    assert github.statuses(commit) == {"phasegate/a": "success"}


def test_another_repository_gets_its_issue_too(github, on_github):
    github.add_repository("octo/other").roles.update(github.repo.roles)
    project = on_github(github).phases(chain(1))
    told = json.loads(project.read("config/github.json"))
    del told["repository"]
    project.config("github", told)
    project.doit(env={"GITHUB_REPOSITORY": github.repository}).done("p0")
    project.doit(env={"GITHUB_REPOSITORY": "octo/other"}).nothing()
    assert [issue.title for issue in github.world.repositories["octo/other"].issues.values()] == ["Plan test"]
    github.exchanges.clear()
    project.doit(env={"GITHUB_REPOSITORY": "Octo/Other"}).nothing()
    assert list(github.exchanges) == [], "GitHub does not tell names apart by case"


def test_status_says_when_the_issue_shows_what_is_no_longer_true(github, on_github):
    project = on_github(github).phases({"a": {"run": "cp in out", "inputs": ["in"], "outputs": ["out"]}})
    project.write("in", "1")
    project.doit().done("a")
    assert json.loads(project.doit("status", "--json").out)["github"]["in_step"] is True
    project.write("out", "edited")
    assert json.loads(project.doit("status", "--json").out)["github"]["in_step"] is False
    project.doit("github").ended(0)
    assert (only(github)["state"], "stale" in only(github)["body"]) == ("open", True)
    assert json.loads(project.doit("status", "--json").out)["github"]["in_step"] is True


def test_it_is_true_after_forget_ignore_and_revoke(github, on_github):
    project = on_github(github).phases({"a": {"run": "true", "approval": "manual"}})
    project.doit().ended(4)
    github.comment(1, "alice", f"/approve a {digest_of(project)}")
    project.doit().done("a")
    for command, state in (("revoke", "stale"), ("ignore", "stale"), ("forget", "pending")):
        project.doit(command, "a").ended(0)
        project.doit("github").ended(0)
        assert (only(github)["state"], f"**test** is {state}" in only(github)["body"]) == ("open", True), command
    project.doit().ended(4)
    assert len([text for text in github.replies(1) if "waits for an approval" in text]) == 2
    assert len(answers(github)) == 1, "the comment from before is used up"


def test_a_status_that_is_no_longer_true_is_taken_back(github, on_github):
    project = on_github(github, statuses=True).phases(
        {"a": {"run": "true", "approval": "manual"}, "b": {"run": "true"}}
    )
    commit = commit_in(project)
    project.doit().ended(4)
    project.doit("approve", "a").ended(0)
    project.doit().ended(0)
    assert github.statuses(commit) == {"phasegate/a": "success", "phasegate/b": "success"}
    project.doit("revoke", "a").ended(0)
    project.doit("forget", "b").ended(0)
    project.doit("github").ended(0)
    assert github.statuses(commit) == {"phasegate/a": "pending", "phasegate/b": "pending"}
    project.doit().ended(4)
    assert github.statuses(commit) == {"phasegate/a": "pending", "phasegate/b": "success"}


def test_an_issue_that_was_deleted_holds_up_no_other(github, on_github):
    project = on_github(github, issues="phase").phases({"a": {"run": "true", "approval": "manual"}})
    project.doit().ended(4)
    request = next(one["id"] for one in github.comments(2))
    with github.world.lock:
        del github.repo.issues[2]
        del github.repo.comments[request]
    github.comment(1, "rita", f"/approve a {digest_of(project)}")
    project.doit().ended(4)
    assert "rita has the permission read" in answers(github, 1)[0]
    assert sorted(titles(github)) == ["Plan test", "test: a"], "it was made again"
