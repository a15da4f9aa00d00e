"""The issue of a plan: one, true, and written only when something changed."""

from __future__ import annotations

import json

WRITES = 8
"""Beyond one a phase: what a run of 16 phases may take."""


def chain(length: int, **last: object) -> dict[str, object]:
    phases = {
        f"p{n}": {"run": f"echo {n} > out{n}", "outputs": [f"out{n}"], **({"needs": [f"p{n - 1}"]} if n else {})}
        for n in range(length)
    }
    phases[f"p{length - 1}"] |= last
    return phases


def only(github):
    [issue] = github.issues()
    return issue


def said(github, number=1):
    return [comment["body"].split("\n", 1)[1] for comment in github.comments(number)]


def test_a_run_of_16_phases_makes_one_issue_and_closes_it(any_github, on_github):
    project = on_github(any_github).phases(chain(16))
    project.doit().done(*(f"p{n}" for n in range(16)))
    issue = only(any_github)
    assert (issue["title"], issue["state"], issue["state_reason"]) == ("Plan test", "closed", "completed")
    head = project.query("select hash from journal order by seq desc limit 1")[0][0]
    assert f"head `{head}`" in issue["body"]
    assert all(f"| ✅ done | `p{n}` |" in issue["body"] for n in range(16))
    assert said(any_github) == ["✅ **test** is done."]
    assert len(any_github.exchanges.writes()) <= 16 + WRITES


def test_a_second_run_asks_github_nothing(any_github, on_github):
    project = on_github(any_github).phases(chain(16))
    project.doit()
    any_github.exchanges.clear()
    project.doit().nothing()
    assert list(any_github.exchanges) == []


def test_a_gate_that_waits_is_asked_for_once(any_github, on_github):
    project = on_github(any_github).phases(chain(2, approval="manual"))
    project.doit().ended(4)
    project.doit().ended(4)
    issue = only(any_github)
    digest = project.query("select data from journal where event = 'gate.judged' order by seq desc limit 1")[0][0]
    short = json.loads(digest)["digest"][:7]
    assert issue["state"] == "open"
    assert f"/approve p1 {short}" in issue["body"]
    [asked] = said(any_github)
    assert "waits for an approval" in asked
    assert f"/approve p1 {short}" in asked


def test_the_issue_follows_from_failure_over_done_to_stale(any_github, on_github):
    project = on_github(any_github).phases({"a": {"run": "cat in; exit 1", "inputs": ["in"]}})
    project.write("in", "1")
    project.doit().ended(1)
    assert "❌ failed" in only(any_github)["body"]
    assert "ended with exit code 1" in said(any_github)[0]
    project.doit().ended(1)
    assert len(said(any_github)) == 1, "the same failure is told once"
    project.phases({"a": {"run": "cat in", "inputs": ["in"]}})
    project.doit().done("a")
    assert only(any_github)["state"] == "closed"
    project.write("in", "2")
    project.doit("github").ended(0)
    assert only(any_github)["state"] == "open"
    assert "stale" in only(any_github)["body"]
    project.doit().done("a")
    assert only(any_github)["state"] == "closed"
    assert said(any_github)[1:] == ["✅ **test** is done."] * 2


def test_each_phase_has_an_issue_of_its_own_where_that_is_asked_for(any_github, on_github):
    project = on_github(any_github, issues="phase").phases(
        chain(3, approval="manual"),
        {"p0": [{"file": "out0"}, {"file": "gone", "severity": "warn"}], "p2": [{"file": "nowhere"}]},
    )
    project.doit().ended(1)
    titles = {issue["title"]: issue for issue in any_github.issues()}
    assert sorted(titles) == ["Plan test", "test: p0", "test: p1", "test: p2"]
    assert titles["test: p0"]["state"] == "closed"
    assert "- [x] `out0`" in titles["test: p0"]["body"]
    assert "- [ ] warning: `gone`" in titles["test: p0"]["body"], "what does not hold has no tick"
    assert titles["test: p2"]["state"] == "open"
    assert "- [ ] `nowhere`" in titles["test: p2"]["body"]
    assert "failed" in said(any_github, titles["test: p2"]["number"])[0]


def test_hostile_names_are_text(any_github, on_github):
    hostile = '--><script>alert(1)</script> @everyone #1 `x` | "]; end'
    project = on_github(any_github).phases({"a": {"title": hostile, "run": "true"}})
    project.config(
        "phases", {"plan": hostile, "phases": {"a": {"title": hostile, "run": "true", "approval": "manual"}}}
    )
    project.doit().ended(4)
    issue = only(any_github)
    for text in (issue["body"], said(any_github)[0]):
        assert "<script" not in text
        assert "@everyone" not in text
        assert " #1 " not in text
        assert text.count("-->") == text.count("<!--"), "the hidden mark ends where it should"
    assert "@everyone" not in issue["title"]
    project.doit().ended(4)
    assert len(any_github.issues()) == 1, "it is found again by its mark"


def test_another_clone_takes_over_the_same_issue(any_github, on_github, project):
    on_github(any_github).phases(chain(2))
    project.doit()
    (project.root / ".doit.db").unlink()
    project.doit()
    assert only(any_github)["state"] == "closed"


def test_what_people_change_in_the_issue_is_written_again(any_github, on_github):
    project = on_github(any_github).phases(chain(2))
    project.doit()
    body = only(any_github)["body"]
    any_github.did(any_github.login, "PATCH", "/issues/1", {"body": "nonsense", "state": "open"})
    project.doit("github").ended(0, "1 written")
    assert (only(any_github)["body"], only(any_github)["state"]) == (body, "closed")


def test_without_a_token_all_else_works_and_it_is_told(github, on_github):
    project = on_github(github, enabled="auto").phases(chain(2))
    project.doit(env={"GITHUB_TOKEN": ""}).done("p0", "p1")
    assert list(github.exchanges) == []
    project.doit("status", env={"GITHUB_TOKEN": ""}).ended(0, "GitHub: off, GITHUB_TOKEN is neither set nor in .env")
    project.doit("github", env={"GITHUB_TOKEN": ""}).ended(3, "GitHub is off: GITHUB_TOKEN is neither set nor in .env")


def test_enabled_true_tells_at_every_run_that_there_is_no_token(github, on_github):
    project = on_github(github).phases(chain(1))
    ran = project.doit(env={"GITHUB_TOKEN": ""}).done("p0")
    assert "GITHUB_TOKEN is neither set nor in .env" in ran.out


def test_status_names_the_issue_and_whether_it_is_in_step(github, on_github):
    project = on_github(github).phases(chain(1))
    project.doit()
    link = f"{github.base_url.removesuffix('/api/v3')}/{github.repository}/issues/1"
    project.doit("status").ended(0, f"GitHub: {link}")
    assert json.loads(project.doit("status", "--json").out)["github"] == {
        "on": True,
        "why": None,
        "issue": link,
        "in_step": True,
    }


def test_issues_that_are_turned_off_fail_no_run(github, on_github):
    github.repo.has_issues = False
    project = on_github(github).phases(chain(1))
    ran = project.doit().done("p0")
    assert "GitHub does not show this yet: GitHub answered 410" in ran.out


def test_a_dry_run_writes_and_asks_nothing(github, on_github):
    project = on_github(github, enabled=False).phases(chain(1))
    project.doit()
    on_github(github)
    project.doit("github", "--dry-run").ended(
        0, "create an issue: Plan test, closed as completed", "| ✅ done | `p0` |"
    )
    assert list(github.exchanges) == []
    project.doit("github").ended(0, "2 written")


def test_statuses_of_the_commit(github, on_github):
    project = on_github(github, statuses=True).phases(
        {**chain(2), "b": {"run": "exit 1"}, "c": {"run": "true", "approval": "manual"}}
    )
    commit = commit_in(project)
    project.doit().ended(1)
    assert github.statuses(commit) == {
        "phasegate/p0": "success",
        "phasegate/p1": "success",
        "phasegate/b": "failure",
        "phasegate/c": "pending",
    }
    written = len(github.exchanges.writes())
    project.doit().ended(1)
    assert len(github.exchanges.writes()) - written <= 1, "statuses that say the same are not written again"


def commit_in(project) -> str:
    import subprocess

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        return subprocess.run(
            ["git", *who, *arguments], cwd=project.root, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    return git("rev-parse", "HEAD").strip()
