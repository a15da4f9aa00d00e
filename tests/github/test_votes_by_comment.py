"""Votes that are given as comments: taken once, or refused once, and answered either way."""

from __future__ import annotations

import json

import pytest

WAITS = {"a": {"run": "echo 1 > a.txt", "outputs": ["a.txt"], "approval": "manual"}}


def digest_of(project, phase="a") -> str:
    [(data,)] = project.query(
        f"select data from journal where event = 'gate.judged' and phase = '{phase}' order by seq desc limit 1"
    )
    return json.loads(data)["digest"][:7]


def votes(project):
    return project.query("select by, channel, answer, reason, source from votes where channel != 'policy'")


def answers(github, number=1):
    """What was said to orders, oldest first."""
    return [body.split("\n", 1)[1] for body in github.replies(number) if body.startswith("<!-- phasegate answer ")]


@pytest.fixture
def waiting(on_github):
    """A project whose gate `a` waits, on a server."""

    def waiting(github, phases=WAITS, criteria=None, approvals=None, **orchestrator):
        project = on_github(github, **({"approvals": approvals} if approvals else {})).phases(
            phases, criteria, **orchestrator
        )
        project.doit()
        return project

    return waiting


def test_an_order_opens_the_gate_in_the_next_run(any_github, waiting):
    project = waiting(any_github)
    said = any_github.comment(
        1, "alice", f"Looks right.\r\n/approve a {digest_of(project)} checked the *numbers*\r\nThanks!"
    )
    project.doit().done("a")
    [(by, channel, answer, reason, source)] = votes(project)
    assert (by, channel, answer, reason) == ("alice", "github", "approve", "checked the *numbers*")
    assert source.endswith(f"#issuecomment-{said}")
    [reply] = answers(any_github)
    assert reply == f"✅ alice approved {digest_of(project)} of a; next: doit."
    assert any_github.issue(1)["state"] == "closed"


def test_each_order_is_answered_once(any_github, waiting):
    project = waiting(any_github)
    any_github.comment(
        1, "alice", f"/approve a {digest_of(project)}\n/approve a {digest_of(project)}\n/waive nobody\n/lgtm"
    )
    project.doit().done("a")
    project.doit("github").ended(0)
    [reply] = answers(any_github)
    assert [line[0] for line in reply.splitlines()] == ["✅", "❌", "❌"]
    assert "has approved" in reply
    assert "write \\`/waive PHASE CRITERION DIGEST why\\`" in reply
    assert len(votes(project)) == 1


REFUSED = {
    "reader": ("rita", "/approve a DIGEST", "rita has the permission read here, and a vote takes write"),
    "triage": ("tom", "/approve a DIGEST", "tom has the permission triage here, and a vote takes write"),
    "stale digest": ("alice", "/approve a 0000000", "not '0000000'; look again"),
    "short digest": ("alice", "/approve a SHORT", "look again"),
    "no digest": ("alice", "/approve a", "write"),
    "other phase": ("alice", "/approve b DIGEST", "the plan has no phase 'b'"),
    "no reason": ("alice", "/reject a DIGEST", "say why"),
    "no criterion": ("alice", "/waive a mae DIGEST why", "a has no criterion 'mae'"),
}


@pytest.mark.parametrize(("who", "order", "why"), REFUSED.values(), ids=REFUSED)
def test_an_order_that_does_not_count_is_refused_with_the_reason(github, waiting, who, order, why):
    project = waiting(github)
    digest = digest_of(project)
    github.comment(1, who, order.replace("DIGEST", digest).replace("SHORT", digest[:6]))
    project.doit("github").ended(0)
    project.doit().ended(4)
    [reply] = answers(github)
    assert reply.startswith("❌"), reply
    assert why in reply.replace("\\", ""), reply
    assert votes(project) == []


def test_a_stranger_is_refused(any_github, waiting):
    project = waiting(any_github)
    any_github.comment(1, "sam", f"/approve a {digest_of(project)}")
    project.doit().ended(4)
    [reply] = answers(any_github)
    assert "sam has the permission none here" in reply or "could not be looked up" in reply
    assert votes(project) == []


def test_a_bot_is_refused(any_github, waiting):
    project = waiting(any_github)
    any_github.comment(1, "dependabot[bot]", f"/approve a {digest_of(project)}")
    project.doit().ended(4)
    assert "only people vote" in answers(any_github)[0]
    assert votes(project) == []


def test_a_comment_that_was_edited_is_refused(github, waiting):
    project = waiting(github)
    said = github.comment(1, "alice", "hm")
    github.clock.advance(2)
    github.edit_comment(said, "alice", f"/approve a {digest_of(project)}")
    project.doit().ended(4)
    assert "was edited" in answers(github)[0]
    assert votes(project) == []


def test_an_order_is_used_once(github, waiting):
    project = waiting(github)
    github.comment(1, "alice", f"/approve a {digest_of(project)}")
    project.doit().done("a")
    project.doit("revoke", "a", "-m", "no").ended(0)
    project.doit().ended(4)
    project.doit("github").ended(0)
    assert votes(project) == []
    assert len(answers(github)) == 1


def test_an_order_that_is_older_than_the_request_does_not_count(any_github, waiting):
    project = waiting(any_github)
    digest = digest_of(project)
    any_github.comment(1, "alice", f"/approve a {digest}")  # and before anybody reads it:
    project.doit("approve", "a").ended(0)
    project.doit("revoke", "a", "-m", "no").ended(0)
    project.doit().ended(4)
    assert "a asks nobody now" in answers(any_github)[0], "what is asked for now was not asked for yet"
    assert votes(project) == []
    any_github.comment(1, "alice", f"/approve a {digest}")
    project.doit().done("a")


def test_a_rejection_can_be_followed_by_an_approval(github, waiting):
    project = waiting(github)
    github.comment(1, "alice", "/reject a wrong")
    project.doit().ended(1)
    github.comment(1, "mia", f"/approve a {digest_of(project)} right after all")
    project.doit().done("a")


def test_orders_that_are_quoted_or_talked_about_are_none(github, waiting):
    project = waiting(github)
    digest = digest_of(project)
    github.comment(
        1, "alice", f"> /approve a {digest}\n  /approve a {digest}\n```\n/approve a {digest}\n```\nuse /approve a"
    )
    project.doit().ended(4)
    assert answers(github) == []


def test_a_rejection_shuts_the_gate(any_github, waiting):
    project = waiting(any_github)
    any_github.comment(1, "alice", "/reject a the numbers are wrong")
    project.doit().ended(1, "rejected by alice: the numbers are wrong")
    assert votes(project)[0][2] == "reject"


def test_a_gate_that_is_open_is_rejected_by_its_digest_alone(github, waiting):
    project = waiting(github, {"a": {"run": "echo 1 > a.txt", "outputs": ["a.txt"]}})
    github.comment(1, "alice", "/reject a looked again")
    github.comment(1, "alice", f"/reject a {digest_of(project)} looked again")
    project.doit("github").ended(0, "1 vote taken")
    assert [reply[0] for reply in answers(github)] == ["❌", "✅"]
    assert project.status() == {"a": "failed"}


def test_a_waiver_lets_a_criterion_not_hold(any_github, waiting):
    criteria = {"a": [{"metric": "mae of all", "from": "a.txt", "at": r"(\d+)", "pass": "< 1"}]}
    project = waiting(any_github, {"a": {"run": "echo 1 > a.txt", "outputs": ["a.txt"]}}, criteria)
    assert f"/waive a mae of all {digest_of(project)}" in any_github.replies(1)[0]
    any_github.comment(1, "alice", f"/waive a mae of all {digest_of(project)} known, see the notes")
    project.doit().done("a")
    assert votes(project)[0][2] == "waive"


def test_people_on_the_list_may_vote_whatever_their_permission(any_github, waiting):
    project = waiting(any_github, approvals={"users": ["Rita"]})
    any_github.comment(1, "rita", f"/approve a {digest_of(project)}")
    project.doit().done("a")


def test_the_rule_of_the_phase_names_people_and_teams(github, waiting):
    github.team("reviewers", mia="active", alice="pending")
    rule = {"by": ["Alice", "@octo/reviewers"], "quorum": 2}
    project = waiting(github, {"a": {**WAITS["a"], "approval": rule}})
    assert "@octo/reviewers" in github.replies(1)[0]
    github.user("zoe", "write")
    for who in ("zoe", "alice", "mia"):
        github.comment(1, who, f"/approve a {digest_of(project)}")
    project.doit().done("a")
    assert [reply[0] for reply in answers(github)] == ["❌", "✅", "✅"]
    assert "zoe may not vote on a; its rule names" in answers(github)[0].replace("\\", "")
    assert project.query("select by, role from votes order by at") == [("Alice", ""), ("mia", "@octo/reviewers")]


def test_who_started_the_run_does_not_open_its_gates(github, waiting):
    project = waiting(github, {"a": {**WAITS["a"], "approval": {"self_approval": False}}})
    github.comment(1, github.login, f"/approve a {digest_of(project)}")
    project.doit().ended(4)
    assert "self_approval: false" in answers(github)[0].replace("\\", "")
    github.comment(1, "alice", f"/approve a {digest_of(project)}")
    project.doit().done("a")


@pytest.mark.parametrize("actor", ["GITHUB_ACTOR", "GITHUB_TRIGGERING_ACTOR"])
def test_in_actions_the_one_who_started_the_workflow_counts_as_who_started_the_run(github, on_github, actor):
    project = on_github(github).phases({"a": {**WAITS["a"], "approval": {"self_approval": False}}})
    project.doit(env={"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "bob", actor: "alice"}).ended(4)
    github.comment(1, "alice", f"/approve a {digest_of(project)}")
    project.doit().ended(4)
    assert "alice started the run" in answers(github)[0]


def test_a_look_up_that_fails_takes_nothing_and_is_made_again(github, waiting):
    project = waiting(github)
    github.comment(1, "alice", f"/approve a {digest_of(project)}")
    rule = github.faults.add("GET", "/permission$", "502", times=99)
    project.doit("github").ended(2, "GitHub does not show where the plan stands: GitHub answered 502")
    assert rule.fired
    assert (votes(project), answers(github)) == ([], [])
    github.faults.clear()
    project.doit("github").ended(0, "1 vote taken")


def test_a_run_that_stays_goes_on_when_the_comment_comes(github, on_github, wait_until):
    project = on_github(github, approvals={"poll": "5s"}).phases({**WAITS, "b": {"run": "true", "needs": ["a"]}})
    run = project.start("--wait", "1h")
    wait_until(lambda: github.issues() and github.replies(1))
    github.comment(1, "alice", f"/approve a {digest_of(project)} seen")
    out, _ = run.communicate(timeout=200)
    assert run.returncode == 0, out
    assert "approved by alice" in out
