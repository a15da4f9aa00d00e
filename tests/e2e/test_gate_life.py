"""Gates as people meet them: asking, approving, rejecting, waiving, revoking, waiting for each other, and what expires."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

import pytest

ADA, GRACE, MALLORY = {"LOGNAME": "ada"}, {"LOGNAME": "grace"}, {"LOGNAME": "mallory"}
DAY = 86_400
LOW = {"metric": "mae", "from": "out.json", "at": "mae", "pass": "<= 10"}
BAND = {**LOW, "review": "<= 20"}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture
def gate(project):
    """One phase that copies in.json, judged by `mae`; `after` comes behind its gate."""

    def gate(mae: float, rule: object = None, *criteria: dict[str, object], **orchestrator: object):
        project.write("in.json", json.dumps({"mae": mae}))
        m = {"run": "echo m >> ran.txt; cp in.json out.json", "inputs": ["in.json"], "outputs": ["out.json"]}
        after = {"run": "echo after >> ran.txt", "needs": ["m"], "approval": "auto"}
        return project.phases(
            {"m": {**m, "approval": rule} if rule else m, "after": after}, {"m": [*criteria]}, **orchestrator
        )

    return gate


def asked(project) -> list[str]:
    """The phases of which a run was told that they wait for a person; also while it goes on."""
    if not (project.root / ".doit.db").exists():
        return []
    waiting = "event = 'gate.judged' and json_extract(data, '$.outcome') = 'waiting'"
    return [phase for (phase,) in project.query(f"select phase from journal where {waiting} order by seq")]


def status(project, phase: str = "m") -> dict:
    return json.loads(project.doit("status", "--json", phase).out)["phases"][0]


def on_record(project, event: str) -> list[dict]:
    """What the journal has of one event."""
    return [
        json.loads(data) for (data,) in project.query(f"select data from journal where event = '{event}' order by seq")
    ]


def test_the_life_of_a_gate(gate, move_clock):
    # all criteria pass, and it asks a person all the same; what comes after it does not start
    project = gate(9, "manual", LOW)
    ran = project.doit().ended(4, "waits for an approval of", "next: `doit approve m`, then `doit`")
    assert (ran.lines("waiting"), ran.lines("blocked")) == (["m"], ["after"])
    project.doit("approve", "m", "-m", "as expected", env=ADA).ended(0, "ada approved", "next: doit")
    assert "approved by ada" in project.doit().done("m", "after").out
    assert project.counts() == {"m": 1, "after": 1}

    # a threshold changed: judged again, without work; the approval was for the other one
    gate(9, "manual", {**LOW, "pass": "<= 9.5"})
    assert "criteria changed" in status(project)["reason"]
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().done("m")
    assert project.counts() == {"m": 1, "after": 1}

    # an output was edited: `doit status` names it, and the gate asks; with the old bytes the old approval stands
    project.write("out.json", '{"mae": 8}')
    assert "out.json changed" in project.doit("status", "m").out
    waits = project.doit().ended(4, "changed out.json", "metric mae 9 → 8 (-1)")
    assert waits.lines("waiting") == ["m"]
    project.write("out.json", json.dumps({"mae": 9}))
    project.doit().done("m")
    assert project.counts() == {"m": 1, "after": 1}

    # the work runs again and makes the same bytes: still approved, nobody is asked
    project.doit("-a", "m").done("m")
    assert project.counts() == {"m": 2, "after": 1}
    project.doit().nothing()

    # forgotten: it is made again, and asks again
    project.doit("forget", "m").ended(0)
    assert project.doit().ended(4).lines("waiting") == ["m"]
    assert project.counts() == {"m": 3, "after": 1}
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().done("m")

    # rejected: it has failed, by whom and why; an approval lifts that
    project.doit("reject", "m", "-m", "the wrong month", env=GRACE).ended(0, "grace rejected")
    ran = project.doit().ended(1, "rejected by grace: the wrong month", "doit approve m")
    assert (ran.lines("failed"), ran.lines("blocked")) == (["m"], ["after"])
    assert (status(project)["state"], status(project)["reason"]) == ("failed", "rejected by grace: the wrong month")
    project.doit("approve", "m", "-m", "it is the right one", env=ADA).ended(0, "next: doit")
    project.doit().done("m")
    assert project.counts() == {"m": 3, "after": 1}

    # a criterion fails: an approval is no help, a waiver is, until it ends
    gate(12, "auto", {**LOW, "pass": "<= 9.5"}).doit().ended(1, "mae 12, must be <= 9.5")
    project.doit("approve", "m", env=ADA).ended(3, "shut by its criteria", "doit waive")
    week = time.strftime("%Y-%m-%d", time.localtime(time.time() + 7 * DAY))
    project.doit("waive", "m", "mae", "-m", "mended next week", "--until", week, env=ADA).ended(
        0, "ada waived mae of m"
    )
    project.doit().done("m").ended(0, "warning: mae 12, must be <= 9.5", "waived by ada: mended next week")
    project.doit().nothing()
    move_clock(8)
    assert "expired" in status(project)["reason"]
    project.doit().ended(1, "mae 12, must be <= 9.5")

    # an approval that expires
    gate(9, {"expires": "7d"}, LOW).doit().ended(4)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().done("m")
    move_clock(14)
    project.doit().nothing()
    move_clock(16)
    assert "the approval expired" in status(project)["reason"]
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().done("m")

    # two people
    gate(9, {"by": ["ada", "grace"], "quorum": 2}, LOW).doit().ended(4, "by ada or grace, 2 people")
    project.doit("approve", "m", env=MALLORY).ended(3, "mallory may not vote on m")
    project.doit("approve", "m", env=ADA).ended(0, "1 more must approve")
    project.doit().ended(4)
    project.doit("approve", "m", env=GRACE).ended(0, "next: doit")
    assert "approved by ada, grace" in project.doit().done("m").out

    # taken back
    project.doit("revoke", "m", "-m", "looked at the wrong file", env=ADA).ended(0, "what ada, grace said")
    assert "no approval that stands" in status(project)["reason"]
    project.doit().ended(4, "by ada or grace, 2 people")
    project.doit("history", "--verify").ended(0, "none edited, removed or moved")


# -- rejecting ----------------------------------------------------------------------------------------------------


def test_a_gate_that_opened_by_policy_can_be_rejected(gate):
    project = gate(9, None, LOW)
    project.doit().done("m", "after")
    project.doit("reject", "m", "-m", "the wrong month", env=ADA).ended(0)
    assert project.status() == {"m": "failed", "after": "blocked"}
    assert project.doit("status", "m").out.count("rejected by ada: the wrong month") == 1
    ran = project.doit().ended(1, "rejected by ada: the wrong month")
    assert (ran.lines("failed"), ran.lines("blocked")) == (["m"], ["after"])
    project.doit().ended(1, "rejected by ada")
    assert project.counts() == {"m": 1, "after": 1}


def test_other_outputs_end_a_rejection_and_the_same_ones_do_not(gate):
    project = gate(9, None, LOW)
    project.doit()
    project.doit("reject", "m", "-m", "no", env=ADA)
    project.doit("-a", "m").ended(1, "rejected by ada: no")
    project.write("in.json", '{"mae": 8}')
    project.doit().done("m")
    project.write("in.json", '{"mae": 9}')
    project.doit().ended(1, "rejected by ada: no")


def test_a_rejection_of_what_waits_shuts_it_for_all(gate):
    """One says no, and the approvals that were there do not help; one that follows does."""
    project = gate(9, {"quorum": 2}, LOW)
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit("reject", "m", "-m", "no", env=MALLORY).ended(0)
    project.doit().ended(1, "rejected by mallory: no")
    project.doit("approve", "m", env=GRACE).ended(0, "next: doit")
    project.doit().done("m", "after")


def test_after_a_rejection_all_of_a_quorum_can_approve_without_a_run_between_them(gate):
    project = gate(9, {"quorum": 2}, LOW)
    project.doit().ended(4)
    project.doit("reject", "m", "-m", "no", env=MALLORY).ended(0)
    project.doit().ended(1)
    project.doit("approve", "m", env=ADA).ended(0, "1 more must approve")
    project.doit("approve", "m", env=GRACE).ended(0, "next: doit")
    project.doit().done("m", "after")


def test_one_approval_of_two_lifts_a_rejection_and_the_gate_waits_again(gate):
    project = gate(9, {"quorum": 2}, LOW)
    project.doit().ended(4)
    project.doit("reject", "m", "-m", "no", env=ADA).ended(0)
    project.doit().ended(1)
    project.doit("approve", "m", env=ADA).ended(0, "1 more must approve")
    project.doit().ended(4)


def test_a_rejection_that_was_lifted_does_not_come_back_when_the_approval_expires(gate, move_clock):
    """ "Until its outputs change or an approval follows": one followed. When that has expired the gate asks again."""
    project = gate(9, {"expires": "7d"}, LOW)
    project.doit().ended(4)
    project.doit("reject", "m", "-m", "no", env=ADA).ended(0)
    project.doit("approve", "m", env=GRACE).ended(0)
    project.doit().done("m", "after")
    move_clock(8)
    project.doit().ended(4, "waits for an approval")


def test_a_rejected_gate_that_opens_by_policy_stays_open_when_the_approval_that_lifted_it_expires(gate, move_clock):
    project = gate(9, None, LOW, approval={"expires": "7d"})
    project.doit().done("m", "after")
    project.doit("reject", "m", "-m", "no", env=ADA).ended(0)
    project.doit("approve", "m", env=GRACE).ended(0)
    project.doit().ended(0)
    move_clock(8)
    ran = project.doit()
    assert "rejected" not in ran.out, ran
    assert ran.code == 0, ran


def test_who_rejected_can_change_their_mind(gate):
    project = gate(9, None, LOW)
    project.doit().done("m", "after")
    project.doit("reject", "m", "-m", "no", env=ADA).ended(0)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit("reject", "m", "-m", "no after all", env=ADA).ended(0)
    project.doit().ended(1, "rejected by ada: no after all")
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().ended(0)
    said = [(data["by"], data["reason"]) for data in on_record(project, "gate.rejected")]
    assert said == [("ada", "no"), ("ada", "no after all")]


# -- waiving ------------------------------------------------------------------------------------------------------


def test_a_waiver_is_for_one_digest(gate):
    """Other outputs, or another bound, and the criterion is judged as ever; the same again, and it stands."""
    project = gate(12, None, LOW)
    project.doit().ended(1)
    project.doit("waive", "m", "mae", "-m", "known", env=ADA).ended(0)
    project.doit().done("m", "after")
    gate(13, None, LOW).doit().ended(1, "mae 13, must be <= 10")
    gate(12, None, {**LOW, "pass": "<= 11"}).doit().ended(1, "mae 12, must be <= 11")
    gate(12, None, LOW).doit().ended(0, "waived by ada: known")


def test_a_value_in_its_review_band_can_be_waived(gate):
    project = gate(12, None, BAND)
    project.doit().ended(4, "mae 12: a person decides")
    project.doit("waive", "m", "mae", "-m", "fine", env=ADA).ended(0)
    project.doit().done("m", "after").ended(0, "waived by ada: fine")


def test_what_a_person_decides_warns_or_was_waived_is_not_counted_among_what_holds(gate):
    """By `doit status`, by the report and by the JSON that the others are made of."""
    small = {"file": "in.json", "min_size": 100}
    project = gate(12, None, BAND, {**small, "severity": "warn"})
    project.doit().ended(4)
    counted = "0 of 2 criteria hold, 1 for a person to decide, 1 warning"
    project.doit("status").ended(0, counted, "\n         mae 12: a person decides", "\n         warning: in.json ")
    project.doit("report").ended(0)
    assert "0 of 2 hold, <bdi>1 for a person to decide</bdi>, <bdi>1 warning</bdi>" in project.read(".doit/report.html")

    project = gate(12, None, BAND, small)
    project.doit().ended(1)
    project.doit("waive", "m", "in.json", "-m", "small today", env=ADA).ended(0)
    project.doit("approve", "m", env=GRACE)
    project.doit()
    project.doit("approve", "m", env=GRACE).ended(0)
    project.doit().done("m", "after")
    counted = "0 of 2 criteria hold, 1 decided by a person, 1 waived by ada, approved by grace"
    project.doit("status").ended(0, counted, "\n         warning: in.json ", "waived by ada: small today")
    project.doit("report").ended(0)
    assert "0 of 2 hold, <bdi>1 decided by a person</bdi>, <bdi>1 waived by ada</bdi>" in project.read(
        ".doit/report.html"
    )
    assert [verdict["waived_by"] for verdict in status(project)["verdicts"]] == [None, "ada"]


def test_one_waiver_does_not_stand_for_another_criterion(gate):
    other = {"command": "exit 1", "name": "leakage"}
    project = gate(12, None, LOW, other)
    project.doit().ended(1, "mae 12", "exit 1 exited with 1")
    project.doit("waive", "m", "mae", "-m", "known", env=ADA).ended(0)
    project.doit().ended(1, "warning: mae 12", "exit 1 exited with 1")
    project.doit("waive", "m", "leakage", "-m", "known too", env=GRACE).ended(0)
    project.doit().done("m", "after")


def test_a_waiver_that_is_taken_back_shuts_the_gate(gate):
    project = gate(12, None, LOW)
    project.doit().ended(1)
    project.doit("waive", "m", "mae", "-m", "known", env=ADA)
    project.doit().done("m", "after")
    project.doit("revoke", "m", env=GRACE).ended(0, "grace took back what ada said")
    assert status(project)["reason"] == "a waiver was taken back"
    project.doit().ended(1, "mae 12, must be <= 10")


def test_a_waiver_is_no_approval(gate):
    project = gate(12, "manual", LOW)
    project.doit().ended(1)
    project.doit("waive", "m", "mae", "-m", "known", env=ADA).ended(0)
    project.doit().ended(4, "waived by ada: known", "waits for an approval of")
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().done("m", "after")


def test_a_waiver_that_ended_can_be_given_again(gate, move_clock):
    project = gate(12, None, LOW)
    project.doit().ended(1)
    soon = time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() + DAY))
    project.doit("waive", "m", "mae", "-m", "a day", "--until", soon, env=ADA).ended(0)
    project.doit().done("m", "after")
    move_clock(2)
    project.doit().ended(1)
    project.doit("waive", "m", "mae", "-m", "for good", env=ADA).ended(0)
    project.doit().ended(0, "waived by ada: for good")
    move_clock(4000)
    project.doit().nothing()


# -- revoking -----------------------------------------------------------------------------------------------------


def test_what_was_taken_back_can_be_said_again_at_once(gate):
    """Nothing changed but the votes, so nothing has to be judged before the next one."""
    project = gate(9, "manual", LOW)
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().done("m", "after")
    project.doit("revoke", "m", env=ADA).ended(0)
    project.doit("approve", "m", "-m", "right after all", env=ADA).ended(0)
    project.doit().ended(0)


def test_after_a_rejection_that_was_taken_back_the_gate_can_be_approved_at_once(gate):
    project = gate(9, "manual", LOW)
    project.doit().ended(4)
    project.doit("reject", "m", "-m", "no", env=ADA).ended(0)
    project.doit().ended(1)
    project.doit("revoke", "m", env=ADA).ended(0)
    project.doit("approve", "m", env=GRACE).ended(0)
    project.doit().done("m", "after")


def test_a_rejection_that_was_taken_back_leaves_what_opened_by_policy_open(gate):
    project = gate(9, None, LOW)
    project.doit().done("m", "after")
    project.doit("reject", "m", "-m", "no", env=ADA).ended(0)
    assert project.status()["m"] == "failed"
    project.doit("revoke", "m", env=GRACE).ended(0, "what ada said")
    project.doit().nothing()
    project.doit("reject", "m", "-m", "no", env=ADA).ended(0)
    project.doit().ended(1)
    project.doit("revoke", "m", env=GRACE).ended(0)
    project.doit().ended(0)


def test_an_expired_approval_can_be_renewed_at_once(gate, move_clock):
    """`doit status` says that it expired; `doit approve` does not say that the gate is open."""
    project = gate(9, {"expires": "7d"}, LOW)
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().done("m", "after")
    move_clock(8)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().ended(0)


# -- refusals -----------------------------------------------------------------------------------------------------


VOTES = (["approve", "m"], ["reject", "m", "-m", "no"], ["waive", "m", "mae", "-m", "known"], ["revoke", "m"])
"""Each kind of vote, with all that it needs."""


def test_every_vote_is_refused_where_there_is_nothing_to_vote_on(gate):
    project = gate(12, {"by": ["ada"]}, BAND)

    def all_refused(*why: str, more: tuple[str, ...] = (), person: dict[str, str] = ADA) -> None:
        for vote in VOTES:
            project.doit(*vote, *more, env=person).ended(3, *why)

    project.doit("approve", "nosuch", env=ADA).ended(3, '"nosuch"')
    all_refused("m was not judged yet", "run doit m")
    project.doit("m").ended(4)
    all_refused("mallory may not vote on m; its rule names ada", person=MALLORY)
    digest = status(project)["digest"]
    for wrong in (digest[:6], digest[:-1] + ("0" if digest[-1] != "0" else "1")):
        all_refused(f"judged with digest {digest[:7]}", "look again", more=("--digest", wrong))
    project.write("out.json", '{"mae": 11}')
    all_refused("m changed since it was judged", "run doit m first")
    project.doit("forget", "m")
    project.doit("approve", "m", env=ADA).ended(3, "m was not judged yet")
    assert project.query("select * from votes") == []
    assert [on_record(project, f"gate.{what}") for what in ("approved", "rejected", "waived", "revoked")] == [[]] * 4


@pytest.mark.parametrize("vote", VOTES, ids=lambda vote: vote[0])
def test_a_digest_that_stands_is_taken(gate, vote):
    project = gate(12, None, BAND)
    project.doit("m").ended(4)
    digest = status(project)["digest"]
    if vote[0] == "revoke":
        project.doit("approve", "m", env=ADA)
    project.doit(*vote, "--digest", digest[:7], env=ADA).ended(0, digest[:7])


@pytest.fixture(scope="module")
def kept():
    """What the tests of this file need once."""
    return {}


@pytest.fixture
def waiting_project(project, kept, tmp_path_factory):
    """A phase `m` that waits, with `mae` in its review band and a criterion that passes. Nobody changes it."""
    if "waiting" not in kept:
        waiting = type(project)(tmp_path_factory.mktemp("waiting"))
        phase = {"run": "echo '{\"mae\": 12}' > out.json", "outputs": ["out.json"]}
        criteria = [BAND, {"command": "true", "name": "no leakage"}]
        waiting.phases({"m": phase, "after": {"run": "true", "needs": ["m"]}}, {"m": criteria})
        waiting.doit("m").ended(4)
        kept["waiting"] = waiting
    return kept["waiting"]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["approve"], "`doit approve` takes PHASE: doit approve PHASE -m 'why'"),
        (["approve", "m", "after"], "takes PHASE"),
        (["approve", "m", "good enough"], "takes PHASE"),
        (["reject", "-m", "no"], "takes PHASE"),
        (["reject", "m"], "say why: doit reject m -m 'why'"),
        (["reject", "m", "--message="], "say why"),
        (["reject", "m", "-m", " \n\t"], "say why"),
        (["waive", "m", "-m", "known"], "`doit waive` takes PHASE and CRITERION"),
        (["waive", "m", "mae", "more", "-m", "known"], "takes PHASE and CRITERION"),
        (["waive", "m", "mae"], "say why: doit waive m mae -m 'why'"),
        (["waive", "m", "mae", "--message="], "say why"),
        (["waive", "m", "MAE", "-m", "known"], "m has no criterion 'MAE'; its criteria are: mae, no leakage"),
        (["waive", "m", "no leakage", "-m", "known"], "no leakage of m is no hindrance"),
        (["waive", "m", "mae", "-m", "known", "--until", "2001-01-01"], "--until 2001-01-01 is past"),
        (["waive", "m", "mae", "-m", "known", "--until", "next week"], "--until 'next week' is no date; write 2027"),
        (["waive", "m", "mae", "-m", "known", "--until", "2027-02-30"], "is no date"),
        (["waive", "m", "mae", "-m", "known", "--until", "99999-01-01"], "is no date"),
        (["waive", "m", "mae", "-m", "known", "--until", "0001-01-01"], ""),
        (["revoke"], "takes PHASE"),
        (["revoke", "m"], "nobody voted on"),
        (["approve", "m", "-m"], "-m"),
        (["approve", "m", "--until", "2099-01-01"], "until"),
        (["reject", "m", "--nonsense"], "nonsense"),
    ],
)
def test_what_would_do_nothing_is_refused_with_the_reason(waiting_project, args, why):
    ran = waiting_project.doit(*args, env=ADA).ended(3, why)
    assert ran.err.startswith("ERROR"), ran
    assert waiting_project.query("select * from votes") == []


@pytest.mark.parametrize("args", [["reject", "m", "-m", " "], ["waive", "m", "mae", "-m", "\n"]])
def test_an_empty_reason_is_none(waiting_project, args):
    """Blank, because doit itself breaks on an empty word before anybody is asked (doit 0.37, `DoitMain.process_args`)."""
    waiting_project.doit(*args, env=ADA).ended(3, "say why")


def test_saying_it_twice_is_refused(gate):
    project = gate(9, {"quorum": 2}, LOW)
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit("approve", "m", env=ADA).ended(3, "ada has approved", "already")
    project.doit("reject", "m", "-m", "no", env=GRACE).ended(0)
    project.doit("reject", "m", "-m", "no", env=GRACE).ended(3, "grace has rejected", "already")
    project.doit("reject", "m", "-m", "nor I", env=MALLORY).ended(3, "grace has rejected", "already")
    gate(12, None, LOW).doit().ended(1)
    project.doit("reject", "m", "-m", "no", env=ADA).ended(3, "shut by its criteria already")
    project.doit("waive", "m", "mae", "-m", "known", env=ADA).ended(0)
    project.doit("waive", "m", "mae", "-m", "known", env=ADA).ended(3, "mae of m is waived already")
    project.doit("waive", "m", "mae", "-m", "known", env=GRACE).ended(3, "mae of m is waived already")
    project.doit().ended(0)
    project.doit("approve", "m", env=ADA).ended(3, "the gate of m is open already")
    project.doit("revoke", "m", env=ADA).ended(0)
    project.doit("revoke", "m", env=ADA).ended(3, "nobody voted on", "nothing to take back")


def test_an_approval_of_what_has_to_run_again_is_told_what_changed(gate):
    """Its gate is open for what was, and that helps nobody."""
    project = gate(9, "manual", LOW)
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().done("m", "after")
    project.write("in.json", '{"mae": 8}')
    project.doit("approve", "m", env=ADA).ended(
        3, "m changed since it was judged (in.json changed)", "run doit m first"
    )


def test_an_approval_while_the_work_runs_is_told_when_the_gate_is_judged(project, wait_until):
    """The first time, and when it runs again though its gate is open."""
    m = {
        "run": "until test -e go; do sleep 0.02; done; cp in.txt out.txt",
        "inputs": ["in.txt"],
        "outputs": ["out.txt"],
    }
    project.write("in.txt", "1")
    project.phases({"m": m})
    for nth in (1, 2):
        run = project.start()
        wait_until(lambda nth=nth: project.journalled("attempt.started", "m") == nth)
        project.doit("approve", "m").ended(3, "m is running; its gate is judged when that ends")
        project.write("go", "")
        assert run.wait(100) == 0
        project.doit("approve", "m").ended(3, "the gate of m is open already")
        (project.root / "go").unlink()
        project.write("in.txt", "2")


def test_what_opened_by_policy_cannot_be_revoked(gate):
    project = gate(9, None, LOW)
    project.doit().done("m", "after")
    project.doit("revoke", "m", env=ADA).ended(3, "what opened by policy is shut by `doit reject`")


def test_whoever_started_the_run_may_not_vote_where_the_rule_says_so(gate):
    project = gate(12, {"self_approval": False}, BAND)
    project.doit(env=ADA).ended(4)
    for vote in VOTES:
        project.doit(*vote, env=ADA).ended(
            3, "ada started the run that m was made or judged in", "self_approval: false"
        )
    project.doit(env=GRACE).ended(4)
    project.doit("approve", "m", env=GRACE).ended(3, "grace started")
    project.doit("approve", "m", env=ADA).ended(3, "ada started")  # whose run made what grace's only judged
    project.doit("approve", "m", env=MALLORY).ended(0)
    project.doit(env=ADA).done("m", "after")


def test_a_waiver_far_away_is_taken(gate):
    project = gate(12, None, LOW)
    project.doit().ended(1)
    project.doit("waive", "m", "mae", "-m", "known", "--until", "9999-12-30", env=ADA).ended(0)
    project.doit().done("m", "after")
    project.doit().nothing()
    project.doit("history", "m").ended(0)


# -- what people write --------------------------------------------------------------------------------------------


def test_a_long_reason_is_kept_whole(gate):
    project = gate(9, "manual", LOW)
    project.doit().ended(4)
    reason = " ".join(["because"] * 1250)
    project.doit("approve", "m", "-m", reason, env=ADA).ended(0)
    project.doit().done("m", "after")
    assert [data["reason"] for data in on_record(project, "gate.approved") if data["by"] == "ada"] == [reason]
    project.doit("reject", "m", "-m", reason, env=ADA).ended(0)
    assert project.doit().ended(1).out.count("because") == 1250
    project.doit("history").ended(0)
    project.doit("status").ended(0)


def test_a_reason_cannot_write_on_somebody_elses_terminal(gate):
    """No control characters and escape sequences; and no line that looks as if phasegate had written it."""
    forged = "2027-01-01 00:00:00  gate.approved"
    reason = f"no\x1b[2J\x1b]0;owned\x07\r\x08\x9b31m\n{forged}\ndone     forged  m  0.1 s"
    project = gate(9, None, LOW)
    project.doit().done("m", "after")
    project.doit("reject", "m", "-m", reason, env=ADA).ended(0)
    for ran in (
        project.doit(),
        project.doit("status"),
        project.doit("history"),
        project.doit("history", "m"),
    ):
        assert "no" in ran.out
        assert not CONTROL.search(ran.out + ran.err), ran
        assert not [line for line in ran.out.splitlines() if line.startswith((forged, "done     forged"))], ran
    assert project.doit().lines("done") == []
    assert not CONTROL.search(on_record(project, "gate.rejected")[0]["reason"])


def test_a_reason_that_is_no_text_is_no_crash(gate):
    """Bytes that are no UTF-8: Python gives them as lone surrogates, which no file takes."""
    project = gate(9, None, LOW)
    project.doit().done("m", "after")
    ran = project.doit("reject", "m", "-m", os.fsdecode(b"caf\xe9"), env=ADA)
    assert "Traceback" not in ran.err, ran
    assert ran.code in (0, 3), ran


def test_a_name_that_is_no_text_is_no_crash(gate):
    project = gate(9, "manual", LOW)
    project.doit().ended(4)
    ran = project.doit("approve", "m", env={"LOGNAME": os.fsdecode(b"Ren\xe9e")})
    assert "Traceback" not in ran.err, ran
    assert ran.code in (0, 3), ran


def test_a_run_started_by_a_name_that_is_no_text_is_no_crash(gate):
    ran = gate(9, None, LOW).doit(env={"LOGNAME": os.fsdecode(b"Ren\xe9e")})
    assert "Traceback" not in ran.err, ran


def test_a_name_cannot_write_on_somebody_elses_terminal(gate):
    project = gate(9, "manual", LOW)
    project.doit().ended(4)
    project.doit("approve", "m", env={"LOGNAME": "eve\x1b[2J\ndone     forged"})
    for ran in (project.doit(), project.doit("status"), project.doit("history")):
        assert not CONTROL.search(ran.out), ran
        assert not [line for line in ran.out.splitlines() if line.startswith("done     forged")], ran


def test_a_secret_in_a_reason_is_masked_everywhere(gate):
    project = gate(9, "manual", LOW)
    project.write(".env", "API_TOKEN=s3cr3t-value\n")
    project.doit().ended(4)
    project.doit("reject", "m", "-m", "it prints s3cr3t-value", env=ADA).ended(0)
    project.doit().ended(1, "rejected by ada: it prints ***")
    for stored in project.root.glob(".doit.db*"):
        assert b"s3cr3t-value" not in stored.read_bytes(), stored


def test_a_reason_may_have_an_equals_sign(gate):
    """doit takes words with one for variables, and leaves them out of the command line."""
    project = gate(12, None, BAND)
    project.doit("m").ended(4)
    project.doit("approve", "m", "-m", "mae=12 is what we expect", env=ADA).ended(0)
    assert [data["reason"] for data in on_record(project, "gate.approved")] == ["mae=12 is what we expect"]


def test_a_criterion_with_an_equals_sign_in_its_name_can_be_waived(gate):
    """A command is its own name, where it has no other."""
    project = gate(9, None, {"command": "test 1 = 2"})
    project.doit("m").ended(1)
    project.doit("waive", "m", "test 1 = 2", "--message=known", env=ADA).ended(0)
    project.doit().done("m", "after")


# -- who votes ----------------------------------------------------------------------------------------------------


def test_the_address_that_git_knows_is_a_name_where_the_rule_has_it(gate):
    project = gate(9, {"by": ["grace@example.org", "ada"]}, LOW)
    project.doit().ended(4)
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    subprocess.run(["git", "config", "user.email", "eve@example.org"], cwd=project.root, check=True)
    project.doit("approve", "m", env=MALLORY).ended(3, "mallory may not vote on m; its rule names grace@example.org")
    subprocess.run(["git", "config", "user.email", "grace@example.org"], cwd=project.root, check=True)
    project.doit("approve", "m", env=MALLORY).ended(0, "grace@example.org approved")
    assert on_record(project, "gate.approved")[0]["source"] == "git user.email"
    project.doit().done("m", "after").ended(0, "approved by grace@example.org")


def test_the_login_comes_before_the_address(gate):
    project = gate(9, {"by": ["grace@example.org", "ada"], "quorum": 2}, LOW)
    project.doit().ended(4)
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    subprocess.run(["git", "config", "user.email", "grace@example.org"], cwd=project.root, check=True)
    project.doit("approve", "m", env=ADA).ended(0, "ada approved")
    assert on_record(project, "gate.approved")[0]["source"] == "login"


def test_without_addresses_in_the_rule_git_is_not_asked(gate, tmp_path):
    project = gate(9, {"by": ["ada"]}, LOW)
    project.doit().ended(4)
    fake = tmp_path / "bin/git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\ntouch asked; echo ada\n")
    fake.chmod(0o755)
    path = f"{fake.parent}:{os.environ['PATH']}"
    project.doit("approve", "m", env={**MALLORY, "PATH": path}).ended(3, "may not vote")
    assert not (project.root / "asked").exists()


# -- modes --------------------------------------------------------------------------------------------------------


def test_mode_manual_asks_at_every_gate_whose_phase_says_nothing_else(gate):
    project = gate(9, None, LOW)
    project.doit().done("m", "after")
    ran = project.doit("--mode", "manual").ended(4)
    assert (ran.lines("waiting"), ran.lines("blocked")) == (["m"], ["after"])
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit("--mode", "manual").done("m")
    project.doit("--mode", "manual").nothing()
    project.doit().nothing()
    assert project.counts() == {"m": 1, "after": 1}, "`after` says auto, and opened in both modes"


def test_an_approval_that_was_given_in_one_mode_stands_in_the_other(gate):
    project = gate(12, None, BAND)
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA)
    project.doit().done("m", "after")
    project.doit("--mode", "manual").nothing()
    gate(12, None, BAND, mode="manual").doit().nothing()
    project.doit("--mode", "auto").nothing()


def test_mode_in_the_configuration_and_over_it(gate):
    project = gate(9, None, LOW, mode="manual")
    project.doit().ended(4)
    project.doit("--mode", "auto").done("m", "after")
    assert project.status() == {"m": "stale", "after": "stale"}
    ran = project.doit().ended(4)
    assert (ran.lines("waiting"), ran.lines("blocked")) == (["m"], ["after"])


def test_what_waits_in_mode_manual_opens_in_mode_auto(gate):
    project = gate(9, None, LOW)
    project.doit("--mode", "manual").ended(4, "doit approve m")
    assert project.status() == {"m": "waiting", "after": "blocked"}
    project.doit().done("m", "after")


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--mode", "manuel", "--mode 'manuel' is not one of auto, manual"),
        ("--mode", "MANUAL", "is not one of"),
        ("--wait", "soon", "--wait: 'soon' is not a duration"),
        ("--wait", "-5", "is not a duration"),
        ("--wait", "5 minutes", "is not a duration"),
        ("--wait", "inf", "is not a duration"),
        ("--wait", "1e9", "is not a duration"),
    ],
)
def test_values_of_options_that_are_none(gate, option, value, why):
    project = gate(9, "manual", LOW)
    project.doit(option, value).ended(3, why)
    assert project.counts() == {}


# -- waiting ------------------------------------------------------------------------------------------------------


def test_an_approval_lets_a_run_that_waits_go_on_to_its_end(gate, wait_until):
    project = gate(9, "manual", LOW)
    run = project.start("--wait", "1h")
    wait_until(lambda: asked(project) == ["m"])
    project.doit("approve", "m", "-m", "good", env=ADA).ended(0)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    lines = [line.split()[:2] for line in out.splitlines()]
    assert lines.index(["asks", "m"]) < lines.index(["done", "m"]) < lines.index(["done", "after"]), out
    assert "`doit approve m`" in out
    assert project.counts() == {"m": 1, "after": 1}
    project.doit().nothing()


def test_all_votes_work_while_a_run_waits(gate, wait_until):
    project = gate(12, {"quorum": 2}, BAND)
    run = project.start("--wait", "1h")
    wait_until(lambda: asked(project) == ["m"])
    project.doit().ended(3, "run")
    project.doit("approve", "m", env=ADA).ended(0, "1 more must approve")
    project.doit("revoke", "m", env=GRACE).ended(0)
    project.doit("approve", "m", env=ADA).ended(0, "1 more must approve")
    project.doit("waive", "m", "mae", "-m", "known", env=GRACE).ended(0)
    wait_until(lambda: len(asked(project)) > 1)
    assert run.poll() is None
    project.doit("approve", "m", env=GRACE).ended(0, "next: doit")
    assert run.wait(200) == 0, run.stdout.read()


def test_a_rejection_ends_the_wait(gate, wait_until):
    project = gate(9, "manual", LOW)
    run = project.start("--wait", "1h")
    wait_until(lambda: asked(project) == ["m"])
    project.doit("reject", "m", "-m", "the wrong month", env=ADA).ended(0)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 1, out
    assert "rejected by ada: the wrong month" in out
    assert "blocked  after" in out


def test_votes_count_while_works_run_and_before_the_gate_is_judged(project, wait_until):
    """A second phase holds the run up; nobody needs its lock to vote."""
    slow = "echo slow >> ran.txt; while [ ! -e go ]; do sleep 0.02; done"
    project.phases({"m": {"run": "echo m > m.txt", "outputs": ["m.txt"], "approval": "manual"}, "slow": {"run": slow}})
    project.doit("m").ended(4)
    run = project.start()
    wait_until(lambda: "slow" in project.counts())
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit("reject", "m", "-m", "no", env=ADA).ended(0)
    assert project.doit("status", "m").code == 0
    project.write("go", "")
    assert run.wait(200) in (1, 4)
    project.doit().ended(1, "rejected by ada: no")


def test_other_branches_go_on_while_a_gate_waits(project, wait_until):
    """One job: a gate that waits takes none."""
    project.phases(
        {
            "m": {"run": "echo m > m.txt", "outputs": ["m.txt"], "approval": "manual"},
            "after": {"run": "echo after >> ran.txt", "needs": ["m"]},
            "other": {"run": "echo other >> ran.txt"},
            "more": {"run": "echo more >> ran.txt", "needs": ["other"]},
        },
        jobs=1,
    )
    run = project.start("--wait", "1h")
    wait_until(lambda: asked(project) == ["m"] and "more" in project.counts())
    assert run.poll() is None
    assert "after" not in project.counts()
    project.doit("approve", "m", env=ADA).ended(0)
    assert run.wait(200) == 0, run.stdout.read()
    assert project.counts() == {"other": 1, "more": 1, "after": 1}


def test_nobody_came(gate):
    project = gate(9, "manual", LOW)
    ran = project.doit("--wait", "100ms").ended(4, "next: `doit approve m`, then `doit`")
    assert (ran.lines("waiting"), ran.lines("blocked")) == (["m"], ["after"])
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit("--wait", "100ms").done("m", "after")


def test_a_wait_of_centuries_is_a_wait(gate, wait_until):
    project = gate(9, "manual", LOW)
    run = project.start("--wait", "999999999d")
    wait_until(lambda: asked(project) == ["m"])
    project.doit("approve", "m", env=ADA).ended(0)
    assert run.wait(200) == 0, run.stdout.read()


def test_an_interrupt_ends_the_wait(gate, wait_until):
    project = gate(9, "manual", LOW)
    run = project.start("--wait", "1h")
    wait_until(lambda: asked(project) == ["m"])
    run.send_signal(signal.SIGINT)
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 130, out
    assert "Traceback" not in out
    assert "stopped by INT" in out.replace("SIGINT", "INT")
    assert project.status() == {"m": "waiting", "after": "blocked"}
    project.doit("approve", "m", env=ADA).ended(0)
    project.doit().done("m", "after")


def test_a_quorum_of_two_comes_together_while_the_run_waits(gate, wait_until):
    project = gate(9, {"by": ["ada", "grace"], "quorum": 2}, LOW)
    run = project.start("--wait", "1h")
    wait_until(lambda: asked(project) == ["m"])
    project.doit("approve", "m", env=ADA).ended(0, "1 more must approve")
    wait_until(lambda: asked(project) == ["m", "m"])
    assert run.poll() is None, "one of two is not enough"
    project.doit("approve", "m", env=GRACE).ended(0, "next: doit")
    out = run.communicate(timeout=200)[0]
    assert run.returncode == 0, out
    assert "approved by ada, grace" in out


# -- what changed -------------------------------------------------------------------------------------------------


def test_whoever_is_asked_sees_what_changed(project):
    """Files of a folder and beside it, with their sizes, and metrics; held against what the gate last opened with."""
    files = {"kept.txt": "same", "edited.txt": "12345", "gone.txt": "123"}
    for name, text in files.items():
        project.write(f"in/{name}", text)
    project.write("in.json", '{"mae": 9}')
    work = "rm -rf out; cp -r in out; cp in.json out.json"
    phase = {"run": work, "inputs": ["in", "in.json"], "outputs": ["out", "out.json"], "approval": "manual"}
    project.phases({"m": phase}, {"m": [LOW]})
    first = project.doit().ended(4)
    assert not re.search("added|changed|removed|metric", first.out), first
    project.doit("approve", "m", env=ADA)
    project.doit().done("m")
    project.write("in/edited.txt", "123456789")
    project.write("in/sub/new.txt", "1234567")
    (project.root / "in/gone.txt").unlink()
    project.write("in.json", '{"mae": 9.5}')
    ran = project.doit().ended(
        4,
        "added out/sub/new.txt (7 bytes)",
        "changed out/edited.txt (5 bytes → 9 bytes)",
        "removed out/gone.txt (3 bytes)",
        "changed out.json (10 bytes → 12 bytes)",
        "metric mae 9 → 9.5 (+0.5)",
    )
    assert "kept.txt" not in ran.out
    assert {change["name"] for change in on_record(project, "gate.judged")[-1]["changes"]} == {
        "out/sub/new.txt", "out/edited.txt", "out/gone.txt", "out.json", "mae",
    }  # fmt: skip
    again = project.doit().ended(4, "removed out/gone.txt (3 bytes)")
    assert "metric mae 9 → 9.5" in again.out, "as long as nobody approved"
    project.doit("approve", "m", env=ADA)
    project.doit().done("m")
    project.write("in/edited.txt", "987654321")
    ran = project.doit().ended(4, "changed out/edited.txt (9 bytes)")
    assert "metric" not in ran.out


def test_an_approval_of_two_outputs_is_none_of_one(project):
    """Nothing of what is still an output changed, and yet it is less than what was approved."""

    def plan(values: list[int]) -> None:
        matrix = {"matrix": {"i": values}, "run": "echo {i} > {i}.txt", "outputs": ["{i}.txt"], "approval": "manual"}
        both = [f"{value}.log" for value in values]
        project.phases({"a": matrix, "z": {"run": "touch 1.log 2.log", "outputs": both, "approval": "manual"}})

    plan([1, 2])
    project.doit().ended(4)
    for name in "az":
        project.doit("approve", name, env=ADA)
    project.doit().done("a", "z")
    plan([1])
    assert "2.txt is no longer looked at" in project.doit("plan", "a").out
    project.doit().ended(4, "removed 2.txt (2 bytes)", "removed 2.log (0 bytes)")
    plan([1, 2])
    project.doit().ended(0)


def test_of_many_changes_some_are_told_and_the_rest_counted(project):
    project.write("count", "1")
    work = "mkdir -p out; for n in $(seq $(cat count)); do echo $n > out/$n.txt; done"
    project.phases({"m": {"run": work, "inputs": ["count"], "outputs": ["out"], "approval": "manual"}})
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA)
    project.doit().done("m")
    project.write("count", "31")
    ran = project.doit().ended(4, "… and 21 more changes")
    assert ran.out.count("added out/") == 9


def test_a_file_name_that_is_changed_cannot_write_on_the_terminal(project):
    project.write("in", "1")
    work = "mkdir -p out; touch in; cp in \"$(printf 'out/a\\033[2Jb\\ndone     forged')\""
    project.phases({"m": {"run": work, "inputs": ["in"], "outputs": ["out"], "approval": "manual"}})
    project.doit().ended(4)
    project.doit("approve", "m", env=ADA)
    project.doit().done("m")
    project.write("in", "22")
    ran = project.doit().ended(4, "changed out/a")
    assert not CONTROL.search(ran.out), ran
    assert ran.lines("done") == [], ran
