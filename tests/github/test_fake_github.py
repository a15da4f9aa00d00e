"""The fake GitHub, driven by PyGithub as phasegate drives it: what it keeps, refuses and answers."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import github as pygithub
import jwt
import pytest
import requests
from fake_auth import other_key, pem
from fake_github import FakeGitHub
from front import PREFIX
from people import BOT, TOKEN, token_of


@pytest.fixture(autouse=True)
def standing_clock(github):
    """Only a test moves the time: no second passes on a busy machine between two lines of it."""
    now = time.time()
    github.clock.source = lambda: now


SHA = "ab12cd34" * 5
UNHURRIED = {"seconds_between_requests": 0, "seconds_between_writes": 0}


def client(server, token: str = TOKEN, base_url: str = "", **options: object) -> pygithub.Github:
    auth = pygithub.Auth.Token(token)
    options = {"retry": None, "per_page": 100, "timeout": 100, "lazy": True, **UNHURRIED} | options
    return pygithub.Github(auth=auth, base_url=base_url or server.base_url, **options)


def whole(server, name: str = "", base_url: str = ""):
    """The repository as GitHub tells of it, and not only its name."""
    return client(server, base_url=base_url, lazy=False).get_repo(name or server.repository)


def repository(server, token: str = TOKEN, **options: object):
    return client(server, token, **options).get_repo(server.repository)


def refusal(call) -> pygithub.GithubException:
    with pytest.raises(pygithub.GithubException) as refused:
        call()
    return refused.value


def test_an_issue_is_made_read_edited_closed_and_reopened(github):
    repo = repository(github)
    issue = repo.create_issue("Plan", body="first", labels=["phasegate"])
    assert (issue.number, issue.user.login, issue.html_url) == (
        1,
        github.login,
        f"{github.base_url}/octo/plan/issues/1",
    )
    issue.edit(title="Plan 2", body="second", labels=["a", "b"], state="closed", state_reason="not_planned")
    assert github.exchanges.writes()[-1].json == {
        "title": "Plan 2",
        "body": "second",
        "labels": ["a", "b"],
        "state": "closed",
        "state_reason": "not_planned",
    }
    again = repo.get_issue(1)
    assert (again.title, again.body, again.state, again.state_reason) == ("Plan 2", "second", "closed", "not_planned")
    assert [label.name for label in again.labels] == ["a", "b"]
    assert again.closed_by.login == github.login
    again.edit(state="open")
    assert (again.state, again.state_reason, again.closed_at) == ("open", "reopened", None)


def test_lists_have_pages_filters_and_pull_requests(github):
    for number in range(1, 8):
        github.open_issue("alice", f"issue {number}")
    github.pull("alice", "a pull request", "body")
    github.open_issue(github.login, "ours", labels=["phasegate"])
    github.close("alice", 2)
    repo = repository(github, per_page=3)
    found = list(repo.get_issues(state="all", sort="created", direction="asc"))
    assert [issue.number for issue in found] == list(range(1, 10))
    assert len(github.exchanges.reads()) == 3
    assert [issue.number for issue in found if "/pull/" in issue.html_url] == [8]
    assert [issue.number for issue in found if issue.pull_request] == [8]
    assert [issue.number for issue in repo.get_issues(state="open", creator="alice")] == [8, 7, 6, 5, 4, 3, 1]
    assert [issue.number for issue in repo.get_issues(state="closed")] == [2]
    assert [issue.number for issue in repo.get_issues(labels=["PhaseGate"])] == [9]
    assert repo.get_issues(state="all").totalCount == 9


def test_since_goes_by_the_last_change(github):
    first, second = github.open_issue("alice", "one"), github.open_issue("alice", "two")
    old = github.comment(first, "alice", "old")
    github.clock.advance(100)
    since = datetime.fromtimestamp(int(github.clock()), timezone.utc)
    new = github.comment(second, "alice", "new")
    repo = repository(github)
    assert [issue.number for issue in repo.get_issues(since=since)] == [second]
    assert [comment.id for comment in repo.get_issues_comments(since=since)] == [new]
    assert [comment.id for comment in repo.get_issue(first).get_comments(since=since)] == []
    github.edit_comment(old, "alice", "edited")
    assert {comment.id for comment in repo.get_issues_comments(since=since)} == {old, new}


def test_a_comment_counts_as_edited_only_when_its_text_was(github):
    number = github.open_issue("alice", "one")
    identity = github.comment(number, "alice", "/approve")
    github.clock.advance(5)
    comment = repository(github).get_issue(number).get_comment(identity)
    comment.create_reaction("+1")
    github.edit_issue("alice", number, title="another")
    seen = repository(github).get_issue(number).get_comment(identity)
    assert seen.created_at == seen.updated_at
    github.edit_comment(identity, "mia", "/approve more")
    seen = repository(github).get_issue(number).get_comment(identity)
    assert (seen.updated_at - seen.created_at, seen.body) == (timedelta(seconds=5), "/approve more")


def test_reactions_are_made_once(github):
    identity = github.comment(github.open_issue("alice", "one"), "alice", "hello")
    comment = repository(github).get_issue(1).get_comment(identity)
    for _ in range(2):
        assert comment.create_reaction("rocket").content == "rocket"
    assert [one.status for one in github.exchanges.writes("/reactions$")] == [201, 200]
    assert [(one.user.login, one.content) for one in comment.get_reactions()] == [(github.login, "rocket")]
    assert github.reactions(identity) == [(github.login, "rocket")]


def test_comments_are_edited_and_deleted_by_those_who_may(github):
    number = github.open_issue("alice", "one")
    issue = repository(github).get_issue(number)
    comment = issue.create_comment("ours")
    assert comment.html_url == f"{github.base_url}/octo/plan/issues/{number}#issuecomment-{comment.id}"
    stranger = repository(github, token_of("sam")).get_issue(number).get_comment(comment.id)
    assert refusal(lambda: stranger.edit("theirs")).status == 403
    assert refusal(stranger.delete).status == 403
    comment.edit("ours, edited")
    assert github.replies(number) == ["ours, edited"]
    comment.delete()
    assert github.comments(number) == []
    assert refusal(lambda: issue.get_comment(comment.id).body).status == 404


def test_what_is_too_long_is_refused(github):
    repo = repository(github)
    assert repo.create_issue("x", body="a" * 65_536).number == 1
    too_long = refusal(lambda: repo.create_issue("x", body="a" * 65_537))
    assert (too_long.status, too_long.data["errors"][0]["field"]) == (422, "body")
    assert refusal(lambda: repo.get_issue(1).edit(body="ä" * 65_537)).status == 422
    assert refusal(lambda: repo.get_issue(1).create_comment("a" * 65_537)).status == 422
    assert refusal(lambda: repo.create_issue("x" * 257)).status == 422
    assert refusal(lambda: repo.create_issue("")).status == 422
    assert refusal(lambda: repo.create_issue("x", labels=["l" * 51])).status == 422
    assert refusal(lambda: repo.create_label("l" * 51, "ededed")).status == 422
    assert refusal(lambda: repo.create_label("l", "ededed", "d" * 101)).status == 422
    assert refusal(lambda: repo.create_label("l", "red")).status == 422
    assert len(github.issues()) == 1


def test_labels_exist_once_whatever_their_case(github):
    repo = repository(github)
    assert repo.create_label("gate/Waiting", "ff0000", "waits").name == "gate/Waiting"
    doubled = refusal(lambda: repo.create_label("gate/waiting", "00ff00"))
    assert (doubled.status, doubled.data["errors"][0]["code"]) == (422, "already_exists")
    label = repo.get_label("gate/Waiting")
    assert (label.color, label.description) == ("ff0000", "waits")
    assert [label.name for label in repo.get_labels()] == ["gate/Waiting"]
    assert refusal(lambda: repo.get_label("none").color).status == 404


def test_without_push_access_labels_are_dropped_and_others_issues_are_closed_to_you(github):
    repo = repository(github, token_of("rita"))
    issue = repo.create_issue("mine", labels=["phasegate"])
    assert (issue.number, issue.labels) == (1, [])
    issue.edit(body="mine, edited", labels=["phasegate"])
    assert github.issue(1)["labels"] == []
    github.open_issue("alice", "hers")
    assert refusal(lambda: repo.get_issue(2).edit(body="theirs")).status == 403
    assert refusal(lambda: repo.create_label("x", "ededed")).status == 404
    assert refusal(lambda: repo.get_commit(SHA).create_status("success")).status == 404
    tom = repository(github, token_of("tom")).get_issue(2)
    tom.edit(state="closed", labels=["triaged"])
    assert refusal(lambda: tom.edit(title="theirs")).status == 403


def test_repositories_without_issues_archived_private_or_not_there(github):
    repo = repository(github)
    github.repo.has_issues = False
    assert refusal(lambda: repo.create_issue("x")).status == 410
    assert refusal(lambda: list(repo.get_issues())).status == 410
    assert whole(github).has_issues is False
    github.repo.has_issues, github.repo.archived = True, True
    assert "archived" in str(refusal(lambda: repo.create_issue("x")))
    github.repo.archived, github.repo.private = False, True
    assert repo.create_issue("x").number == 1
    assert refusal(lambda: repository(github, token_of("sam")).get_issue(1).title).status == 404
    assert refusal(lambda: whole(github, "octo/nowhere")).status == 404


def test_permissions_of_people(github):
    repo = repository(github)
    told = {login: repo.get_collaborator_permission(login) for login in ("alice", "mia", "tom", "rita", "sam", BOT)}
    assert told == {"alice": "write", "mia": "write", "tom": "read", "rita": "read", "sam": "none", BOT: "write"}
    assert repo.get_collaborator_role_name("mia") == "maintain"
    assert repo.get_collaborator_role_name("tom") == "triage"
    github.user("alice", "release-manager")
    assert repo.get_collaborator_role_name("alice") == "release-manager"
    assert repo.get_collaborator_permission("alice") == "write"
    github.user("alice", "admin")
    assert repo.get_collaborator_permission("alice") == "admin"
    assert refusal(lambda: repo.get_collaborator_permission("nobody")).status == 404
    assert refusal(lambda: repository(github, token_of("rita")).get_collaborator_permission("alice")).status == 403
    full = whole(github)
    assert (full.permissions.push, full.permissions.admin) == (True, False)


def test_people_and_bots_and_what_they_are_to_the_repository(github):
    number = github.open_issue("alice", "one")
    for login in (BOT, "sam"):
        github.comment(number, login, "hello")
    told = [
        (one.user.login, one.user.type, one.raw_data["author_association"])
        for one in repository(github).get_issue(number).get_comments()
    ]
    assert told == [(BOT, "Bot", "COLLABORATOR"), ("sam", "User", "NONE")]


def test_who_a_token_belongs_to(github):
    assert client(github).get_user().login == github.login
    assert client(github).get_user("alice").type == "User"
    assert refusal(lambda: client(github, "ghp_unknown").get_user().login).status == 401
    assert refusal(lambda: repository(github, "ghp_unknown").create_issue("x")).status == 401
    github.tokens.revoke(TOKEN)
    assert refusal(lambda: client(github).get_user().login).status == 401
    bare = requests.post(f"{github.base_url}/repos/octo/plan/issues", json={"title": "x"}, timeout=100)
    assert (bare.status_code, bare.json()["message"]) == (401, "Requires authentication")


def test_a_token_that_may_less_is_told_what_it_lacks(github):
    secret = github.user("alice", "write", token="github_pat_little", issues="read")
    refused = refusal(lambda: repository(github, secret).create_issue("x"))
    assert refused.status == 403
    assert "not accessible by personal access token" in str(refused)
    assert refused.headers["x-accepted-github-permissions"] == "issues=write"


def test_commit_statuses_and_what_they_add_up_to(github):
    commit = repository(github).get_commit(SHA)
    commit.create_status("pending", "https://example.com/1", "waits", "phasegate/simulate")
    assert commit.get_combined_status().state == "pending"
    commit.create_status("success", description="approved", context="phasegate/simulate")
    commit.create_status("failure", context="phasegate/report")
    combined = commit.get_combined_status()
    assert (combined.state, combined.total_count) == ("failure", 2)
    assert [one.state for one in commit.get_statuses()] == ["failure", "success", "pending"]
    assert github.statuses(SHA) == {"phasegate/simulate": "success", "phasegate/report": "failure"}
    assert refusal(lambda: commit.create_status("error", description="x" * 141)).status == 422
    github.repo.commits = set()
    assert "No commit found" in str(refusal(lambda: commit.create_status("success")))


def test_an_unchanged_answer_is_304_and_free(github):
    github.open_issue("alice", "one")
    url, headers = f"{github.base_url}/repos/octo/plan/issues/1", {"Authorization": f"token {TOKEN}"}
    first = requests.get(url, headers=headers, timeout=100)
    again = requests.get(url, headers=headers | {"If-None-Match": first.headers["ETag"]}, timeout=100)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"]
    github.edit_issue("alice", 1, body="changed")
    changed = requests.get(url, headers=headers | {"If-None-Match": first.headers["ETag"]}, timeout=100)
    assert (changed.status_code, changed.json()["body"]) == (200, "changed")


def test_the_rate_limit_counts_down_and_starts_anew(github):
    github.limits.limit = 3
    repo = repository(github)
    for _ in range(3):
        list(repo.get_issues())
    refused = refusal(lambda: list(repo.get_issues()))
    assert (refused.status, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert client(github).get_rate_limit().resources.core.remaining == 0
    github.clock.advance(3600)
    assert list(repo.get_issues()) == []


def test_eighty_writes_a_minute_when_that_is_asked_for(github):
    github.limits.writes = True
    repo = repository(github)
    for number in range(80):
        repo.create_issue(f"issue {number}")
    refused = refusal(lambda: repo.create_issue("one too many"))
    assert (refused.status, refused.headers["retry-after"]) == (403, "60")
    github.clock.advance(61)
    assert repo.create_issue("later").number == 81


def test_a_team_and_its_members(github):
    github.team("approvers", alice="active", rita="pending")
    team = client(github).get_organization("octo").get_team_by_slug("approvers")
    hub = client(github)
    assert team.get_team_membership("alice").state == "active"
    assert team.get_team_membership("rita").state == "pending"
    assert refusal(lambda: team.get_team_membership("sam")).status == 404
    assert refusal(lambda: hub.get_organization("octo").get_team_by_slug("nobody").name).status == 404


def installed(github: FakeGitHub, app, key: str = "", installation: int = 0) -> pygithub.Github:
    auth = pygithub.Auth.AppAuth(app.id, key or app.private_key).get_installation_auth(installation or app.installation)
    return pygithub.Github(auth=auth, base_url=github.base_url, retry=None, lazy=True, **UNHURRIED)


def test_an_app_gets_a_token_and_writes_as_its_bot(github):
    app = github.app()
    integration = pygithub.GithubIntegration(
        auth=pygithub.Auth.AppAuth(app.id, app.private_key), base_url=github.base_url, retry=None, **UNHURRIED
    )
    assert integration.get_app().slug == app.slug
    assert integration.get_repo_installation("octo", "plan").id == app.installation
    assert integration.get_app_installation(app.installation).app_id == app.id
    hub = installed(github, app)
    issue = hub.get_repo("octo/plan").create_issue("Plan", labels=["phasegate"])
    assert (issue.user.login, issue.user.type) == (app.login, "Bot")
    assert issue.raw_data["performed_via_github_app"]["slug"] == app.slug
    assert [label.name for label in issue.labels] == ["phasegate"]
    assert hub.get_repo("octo/plan").get_collaborator_permission("alice") == "write"
    assert refusal(lambda: hub.get_user().login).status == 403


def test_the_token_of_an_app_runs_out_after_an_hour(github):
    app = github.app()
    token, _ = github.tokens.installed(app, github.clock())
    assert repository(github, token).create_issue("x").number == 1
    github.clock.advance(3600)
    assert refusal(lambda: repository(github, token).create_issue("x")).status == 401


def test_an_app_that_may_not_write_is_refused(github):
    hub = installed(github, github.app(metadata="read", issues="read"))
    assert "Resource not accessible by integration" in str(refusal(lambda: hub.get_repo("octo/plan").create_issue("x")))
    assert refusal(lambda: hub.get_repo("octo/plan").get_commit(SHA).create_status("success")).status == 403


def test_an_app_with_another_key_or_a_wrong_time_or_place_is_refused(github):
    app = github.app()
    assert (
        refusal(lambda: installed(github, app, pem(other_key())).get_repo("octo/plan").create_issue("x")).status == 401
    )
    assert refusal(lambda: installed(github, app, installation=1).get_repo("octo/plan").create_issue("x")).status == 404
    now = int(github.clock())
    for claims, status in (
        ({"iss": str(app.id), "iat": now, "exp": now + 540}, 200),
        ({"iss": app.client_id, "iat": now, "exp": now + 540}, 200),
        ({"iss": "1", "iat": now, "exp": now + 540}, 404),
        ({"iss": str(app.id), "iat": now, "exp": now - 1}, 401),
        ({"iss": str(app.id), "iat": now, "exp": now + 3600}, 401),
        ({"iss": str(app.id), "iat": now + 600, "exp": now + 640}, 401),
    ):
        encoded = jwt.encode(claims, app.private_key, algorithm="RS256")
        answer = requests.get(f"{github.base_url}/app", headers={"Authorization": f"Bearer {encoded}"}, timeout=100)
        assert answer.status_code == status, claims


def test_the_address_of_an_enterprise_server_works_as_well(github):
    repo = whole(github, base_url=github.base_url + PREFIX)
    for number in range(3):
        repo.create_issue(f"issue {number}")
    assert repo.url == f"{github.base_url}{PREFIX}/repos/octo/plan"
    listed = client(github, base_url=github.base_url + PREFIX, per_page=2).get_repo("octo/plan").get_issues()
    assert [issue.number for issue in listed] == [3, 2, 1]
    assert {one.path for one in github.exchanges.writes()} == {"/repos/octo/plan/issues"}


def test_exchanges_have_all_that_went_over_the_wire(github):
    repository(github).create_issue("Plan", body="text")
    (one,) = github.exchanges.writes()
    assert (one.method, one.path, one.json, one.status, one.committed) == (
        "POST",
        "/repos/octo/plan/issues",
        {"title": "Plan", "body": "text"},
        201,
        True,
    )
    assert one.request_headers["Authorization"] == f"token {TOKEN}"
    assert one.answer["number"] == 1
    assert github.exchanges.reads() == []
    github.exchanges.clear()
    assert len(github.exchanges) == 0


def test_what_people_do_is_not_among_the_exchanges(github):
    number = github.open_issue("alice", "hers")
    github.comment(number, "rita", "hello")
    github.close("alice", number, "not_planned")
    github.reopen("alice", number)
    assert (github.body(number), github.issue(number)["state"], len(github.exchanges)) == ("", "open", 0)


def test_nonsense_is_refused_and_crashes_nothing(github):
    url, headers = f"{github.base_url}/repos/octo/plan/issues", {"Authorization": f"token {TOKEN}"}
    for body, status in (("{", 400), ("[]", 422), ('{"title": 1}', 422), ('{"title": "x", "labels": 5}', 422)):
        assert requests.post(url, data=body, headers=headers, timeout=100).status_code == status, body
    assert requests.get(url + "?per_page=x&page=-1", headers=headers, timeout=100).json() == []
    assert requests.get(url + "?since=yesterday", headers=headers, timeout=100).status_code == 422
    assert requests.get(f"{github.base_url}/nowhere", headers=headers, timeout=100).status_code == 404
    assert requests.delete(url, headers=headers, timeout=100).status_code == 405
    comment = (
        f"{github.base_url}/repos/octo/plan/issues/comments/{github.comment(github.open_issue('sam', 'x'), 'sam', 'x')}"
    )
    reaction = requests.post(f"{comment}/reactions", json={"content": "applause"}, headers=headers, timeout=100)
    assert reaction.status_code == 422
    status = requests.post(
        f"{github.base_url}/repos/octo/plan/statuses/{SHA}", json={"state": "green"}, headers=headers, timeout=100
    )
    assert status.status_code == 422
    github.exchanges.clear()
