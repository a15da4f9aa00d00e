"""Votes in the cache: for exactly their digest, through the checks of every vote, and taken back there too."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict

import pytest

from orchestrator.cache.ballots import Ballots, Said, standing
from orchestrator.plan import canonical
from phases.storage import Storage

PLAN = {"a": {"run": "echo a >> ran.txt; cat in.txt > a.txt", "inputs": ["in.txt"], "outputs": ["a.txt"]}}
RULE = {"quorum": 1}
LOW = [{"metric": "n", "from": "a.txt", "at": "([0-9]+)", "pass": ">= 5"}]


@pytest.fixture
def new(new_project):
    def new(name, approval="manual", criteria=None, login="ada", **cache):
        plan = {"a": {**PLAN["a"], **({"approval": approval} if approval else {})}}
        project = new_project(name).phases(plan, criteria or {}, cache={"url": "../shared", **cache})
        project.write("in.txt", "1\n")
        around = project.environment
        project.environment = lambda **more: around(**{"LOGNAME": login, **more})
        return project

    return new


def votes(project):
    return sorted(project.query("select by, answer, channel from votes where channel != 'policy'"))


def digest(project):
    [phase] = json.loads(project.doit("status", "--json").out)["phases"]
    return phase["digest"]


@pytest.fixture
def ballots(tmp_path):
    return Ballots(Storage(str(tmp_path / "shared")))


def test_an_approval_opens_the_same_digest_elsewhere(new):
    one, other = new("one"), new("other")
    one.doit().ended(4)
    one.doit("approve", "a", "-m", "looked at it").ended(0)
    other.doit().done("a")
    assert votes(other) == [("ada", "approve", "cache")]
    [(data,)] = other.query("select data from journal where event = 'gate.approved'")
    assert json.loads(data)["reason"] == "looked at it"
    assert other.counts() == {}


def test_and_no_other_one(new):
    one, other = new("one"), new("other")
    one.doit()
    one.doit("approve", "a")
    other.write("in.txt", "2\n")
    other.doit().ended(4)
    assert votes(other) == []


def test_a_gate_that_waited_before_is_opened_by_the_next_run(new):
    one, other = new("one"), new("other")
    one.doit()
    other.doit().ended(4)
    one.doit("approve", "a")
    other.doit().done("a")


def test_a_gate_that_waits_with_its_run_is_opened(new, wait_until):
    one, other = new("one"), new("other")
    one.doit()
    waiting = other.start("--wait", "1h")
    wait_until(lambda: (other.root / ".doit.db").exists())
    wait_until(lambda: other.query("select 1 from journal where event = 'gate.judged'"))
    one.doit("approve", "a")
    out, _ = waiting.communicate(timeout=200)
    assert waiting.returncode == 0, out


def test_a_rejection_shuts_it_elsewhere_too_whatever_the_rule(new):
    one, other = new("one", None), new("other", None)
    one.doit().done("a")
    one.doit("reject", "a", "-m", "no").ended(0)
    other.doit().ended(1, "rejected by ada: no")
    assert votes(other) == [("ada", "reject", "cache")]


def test_a_waiver_comes_too(new):
    one, other = new("one", None, {"a": LOW}), new("other", None, {"a": LOW})
    one.doit().ended(1)
    one.doit("waive", "a", "n", "-m", "once").ended(0)
    other.doit().done("a")
    assert votes(other) == [("ada", "waive", "cache")]


def test_what_was_taken_back_is_not_taken(new):
    one, other = new("one"), new("other")
    one.doit()
    one.doit("approve", "a")
    one.doit("revoke", "a").ended(0)
    other.doit().ended(4)
    assert votes(other) == []


def test_what_is_taken_back_elsewhere_is_so_here_when_the_gate_is_looked_at(new):
    one, other = new("one"), new("other")
    one.doit()
    one.doit("approve", "a")
    other.doit().done("a")
    one.doit("revoke", "a", "-m", "a mistake")
    other.doit("-a")  # makes the same bytes again
    assert votes(other) == []
    assert other.status() == {"a": "waiting"}
    [(data,)] = other.query("select data from journal where event = 'gate.revoked'")
    assert json.loads(data)["reason"] == "a mistake"


def test_an_approval_after_that_counts(new):
    one, other = new("one"), new("other")
    one.doit()
    for command in ("approve", "revoke", "approve"):
        one.doit(command, "a").ended(0)
    other.doit().done("a")


def test_forget_ends_what_is_in_the_cache_for_this_clone(new):
    one, other = new("one"), new("other")
    one.doit()
    one.doit("approve", "a")
    other.doit().done("a")
    other.doit("forget", "a")
    other.doit().ended(4)
    assert votes(other) == []


def test_who_is_not_on_the_list_is_told_and_not_taken(new, ballots):
    one = new("one", {"by": ["grace"]})
    one.doit().ended(4)
    ballots.add(Said("a", digest(one), "approve", "mallory", "login", "", time.time()))
    ran = one.doit().ended(4, "a vote in the cache is not taken: mallory may not vote on a; its rule names grace")
    assert ran.out.count("note:") == 1
    assert votes(one) == []


def test_two_people_are_a_quorum_across_clones(new):
    rule = {"quorum": 2}
    one, other, third = (
        new(name, rule, login=who) for name, who in (("one", "ada"), ("other", "grace"), ("third", "x"))
    )
    one.doit().ended(4)
    one.doit("approve", "a")
    one.doit().ended(4)
    other.doit().ended(4)
    other.doit("approve", "a")
    third.doit().done("a")
    assert votes(third) == [("ada", "approve", "cache"), ("grace", "approve", "cache")]


def test_nobody_approves_elsewhere_what_they_made_themselves(new):
    rule = {"self_approval": False}
    one = new("one", rule)
    other = new("other", rule, login="grace")
    one.doit().ended(4)
    other.doit().ended(4)  # restored: ada made it
    other.doit("approve", "a", env={"LOGNAME": "ada"}).ended(3, "ada started the run")
    assert other.doit("approve", "a", env={"LOGNAME": "eve"}).code == 0


@pytest.mark.parametrize("where", ["here", "there"])
def test_it_may_be_forbidden(new, where):
    one = new("one", approvals=where != "here")
    other = new("other", approvals=where != "there")
    one.doit()
    one.doit("approve", "a")
    other.doit().ended(4)
    assert votes(other) == []


def test_a_vote_counts_although_the_cache_cannot_be_told(new, tmp_path):
    one = new("one")
    one.doit("--no-cache").ended(4)
    (tmp_path / "shared").write_text("in the way")
    one.doit("approve", "a").ended(0, "ada approved", "note: not put into the cache: the votes on a")
    (tmp_path / "shared").unlink()
    one.doit().done("a")
    other = new("other")
    other.doit().done("a")  # the run that opened the gate told of the vote


def test_an_expired_approval_does_not_open(new, ballots):
    one = new("one", {"expires": "1h"})
    one.doit()
    ballots.add(Said("a", digest(one), "approve", "ada", "login", "", time.time() - 7200))
    one.doit().ended(4)
    ballots.add(Said("a", digest(one), "approve", "grace", "login", "", time.time() + 1e6))  # a clock that is ahead
    one.doit().done("a")
    [(at,)] = one.query("select at from votes where by = 'grace'")
    assert at <= time.time()


HOSTILE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"checksum": 1}',
    b"[" * 100_000,
    b"\xff\xfe",
    b"x" * 200_000,
]


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_vote_is_passed_over(new, ballots, tmp_path, content):
    one = new("one")
    one.doit()
    one.doit("approve", "a")
    [folder] = {path.parent for path in (tmp_path / "shared" / "v1" / "votes").rglob("*.json")}
    (folder / "000000000000001-0123456789abcdef.json").write_bytes(content)
    (folder / "a name with spaces.json").write_bytes(content)
    new("other").doit().done("a")


@pytest.mark.parametrize(
    "change",
    [
        {"at": None},
        {"at": True},
        {"at": float("inf")},
        {"until": "never"},
        {"answer": "open"},
        {"by": ""},
        {"by": ["ada"]},
        {"by": "x" * 5000},
        {"phase": "b"},
        {"digest": "0" * 64},
        {"source": None},
    ],
)
def test_nor_is_one_with_other_fields(ballots, tmp_path, change):
    said = {
        "phase": "a",
        "digest": "f" * 64,
        "answer": "approve",
        "by": "eve",
        "source": "login",
        "reason": "",
        "at": 1.0,
    }
    ballots.add(Said(**{**said, "by": "ada"}))
    body = asdict(Said(**{**said, **change}))
    body["checksum"] = hashlib.sha256(canonical(body).encode()).hexdigest()
    [folder] = (tmp_path / "shared" / "v1" / "votes").glob("*/*")
    (folder / "000000000002000-0123456789abcdef.json").write_text(canonical(body))
    assert [one.by for one in ballots.of("a", "f" * 64)] == ["ada"]


def test_standing_is_what_nobody_took_back_or_replaced():
    def said(answer, by, at, criterion=""):
        return Said("a", "d", answer, by, "", "", at, criterion)

    log = [
        said("approve", "Ada", 1),
        said("reject", "ada", 2),
        said("revoke", "bob", 3),
        said("approve", "carl", 3),
        said("approve", "Ada", 4),
        said("waive", "Ada", 5, "m"),
        said("reject", "ADA", 6),
    ]
    found, revoked = standing(reversed(log))
    assert [(one.by, one.answer) for one in found] == [("Ada", "waive"), ("ADA", "reject")]
    assert revoked == log[2]
