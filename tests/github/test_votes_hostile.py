"""Votes by comment where people mean ill, or the network or the state is in a bad way."""

from __future__ import annotations

import json

from fake_faults import Fault
from test_votes_by_comment import WAITS, answers, digest_of, votes, waiting  # noqa: F401 - the fixture

FORBIDDEN = Fault("403", status=403, message="Resource not accessible by integration")


def test_a_team_that_may_not_be_looked_up_holds_up_nobody_else(github, waiting):  # noqa: F811
    rule = {"by": ["alice", "@octo/reviewers"]}
    project = waiting(github, {"a": {**WAITS["a"], "approval": rule}})
    github.comment(1, "mia", f"/approve a {digest_of(project)}")
    github.comment(1, "alice", f"/approve a {digest_of(project)}")
    github.faults.add("GET", "/memberships/", FORBIDDEN, times=99)
    project.doit("github").ended(0, "1 vote taken")
    assert [reply[0] for reply in answers(github)] == ["❌", "✅"]
    assert "whether mia is in @octo/reviewers could not be looked up" in answers(github)[0].replace("\\", "").replace(
        "&#8203;", ""
    )


def test_a_comment_that_the_list_shows_late_is_answered(github, waiting):  # noqa: F811
    project = waiting(github)
    github.stale_lists(1)
    github.comment(1, "rita", f"/approve a {digest_of(project)}")
    github.stale_lists(0)
    github.clock.advance(5)
    github.comment(1, "tom", f"/approve a {digest_of(project)}")
    project.doit("github").ended(0)
    assert len(answers(github)) == 1
    project.doit("github").ended(0)
    assert sorted("rita" in reply for reply in answers(github)) == [False, True]


def test_who_lost_the_state_answers_nothing_again(github, waiting):  # noqa: F811
    project = waiting(github)
    digest = digest_of(project)
    github.comment(1, "rita", f"/approve a {digest}")
    github.comment(1, "alice", f"/approve a {digest}")
    project.doit().done("a")
    before = answers(github)
    for state in project.root.glob(".doit.db*"):
        state.unlink()
    project.doit().ended(4)
    project.doit("github").ended(0)
    assert digest_of(project) == digest
    assert answers(github) == before
    assert votes(project) == [], "what was approved before is asked for again"


def test_one_person_is_one_whatever_the_case_of_their_name(github, waiting):  # noqa: F811
    github.user("Alice", "write")
    project = waiting(github, {"a": {**WAITS["a"], "approval": {"quorum": 2}}})
    github.comment(1, "Alice", f"/approve a {digest_of(project)}")
    project.doit().ended(4)
    [(name, *_)] = votes(project)
    other = name.swapcase()
    ran = project.doit("approve", "a", env={"LOGNAME": other, "USER": other})
    ran.ended(3, "has approved")
    assert len(votes(project)) == 1
    project.doit("reject", "a", "-m", "no", env={"LOGNAME": other, "USER": other}).ended(0)
    assert [(row[0], row[2]) for row in votes(project)] == [(name, "reject")]


def test_users_may_be_written_as_github_shows_them(github, waiting):  # noqa: F811
    project = waiting(github, approvals={"users": ["@rita"]})
    github.comment(1, "rita", f"/approve a {digest_of(project)}")
    project.doit().done("a")


def test_nobody_votes_for_an_account_that_is_gone(github, waiting):  # noqa: F811
    github.user("ghost", "read")
    project = waiting(github, approvals={"permission": "read"})
    github.comment(1, "ghost", f"/approve a {digest_of(project)}")
    project.doit().ended(4)
    assert "the account that wrote it is gone" in answers(github)[0]
    assert votes(project) == []


def test_a_team_is_no_address_of_an_e_mail(github, waiting):  # noqa: F811
    project = waiting(github, {"a": {**WAITS["a"], "approval": {"by": ["@octo/reviewers"]}}})
    who = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.email", "GIT_CONFIG_VALUE_0": "@octo/reviewers"}
    project.doit("approve", "a", env=who).ended(3, "may not vote on a")


def test_an_order_above_a_request_that_could_not_be_written_is_told_so(github, waiting):  # noqa: F811
    github.faults.add("POST", "/comments$", FORBIDDEN, times=99)
    project = waiting(github)
    github.faults.clear()
    github.comment(1, "alice", f"/approve a {digest_of(project)}")
    project.doit().ended(4)
    assert "was not written here yet" in answers(github)[0]
    github.comment(1, "alice", f"/approve a {digest_of(project)}")
    project.doit().done("a")


def test_triggers_learn_of_votes_on_github(github, waiting):  # noqa: F811
    triggers = [{"on": "phase.*", "run": "cat >> events.txt", "phases": ["a"]}]
    project = waiting(github, triggers=triggers)
    (project.root / "events.txt").unlink()
    github.comment(1, "alice", f"/reject a no\n/approve a {digest_of(project)} after all")
    github.comment(1, "rita", f"/approve a {digest_of(project)}")
    project.doit("github").ended(0, "2 votes taken")
    told = [json.loads(line) for line in project.read("events.txt").splitlines()]
    assert [(one["event"], one["by"], one["reason"]) for one in told] == [
        ("phase.rejected", "alice", "no"),
        ("phase.approved", "alice", "after all"),
    ]


def test_a_request_of_a_state_that_was_lost_is_not_taken_for_the_one_of_now(github, waiting):  # noqa: F811
    project = waiting(github)
    github.comment(1, "alice", f"/approve a {digest_of(project)}")
    for state in project.root.glob(".doit.db*"):
        state.unlink()
    github.faults.add("POST", "/comments$", "502", "after")
    project.doit().ended(4)
    asked = [body for body in github.replies(1) if "waits for an approval" in body]
    assert len(asked) == 2
    assert "older than the request" in answers(github)[0]


def test_a_check_tells_of_teams_that_cannot_be_looked_up(github, waiting):  # noqa: F811
    github.team("reviewers", mia="active")
    project = waiting(github, {"a": {**WAITS["a"], "approval": {"by": ["alice", "@octo/reviewers"]}}})
    project.doit("github", "--check").ended(0, "ok       the members of @octo/reviewers can be looked up")
    github.faults.add("GET", "/memberships/", FORBIDDEN, times=99)
    project.doit("github", "--check").ended(1, "missing  the members of @octo/reviewers cannot be looked up")
