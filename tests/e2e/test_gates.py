"""Gates: bands, rules, and approvals bound to content."""

from __future__ import annotations

import json

import pytest

MAKE = "echo m >> ran.txt; cp in.json out.json"


@pytest.fixture
def gate(project):
    """One phase that copies in.json, judged by `mae`; `after` comes behind its gate."""

    def gate(mae: float, rule: object = "auto", **metric: str):
        project.write("in.json", json.dumps({"mae": mae}))
        item = {"metric": "mae", "from": "out.json", "at": "mae", **(metric or {"pass": "<= 10", "review": "<= 12"})}
        return project.phases(
            {
                "m": {"run": MAKE, "inputs": ["in.json"], "outputs": ["out.json"], "approval": rule},
                "after": {"run": "echo after >> ran.txt", "needs": ["m"]},
            },
            {"m": [item]},
        )

    return gate


def test_three_bands(gate):
    gate(9).doit().done("m", "after")
    waits = gate(11).doit().ended(4, "mae 11: a person decides", "doit approve m")
    assert waits.lines("waiting") == ["m"]
    gate(13).doit().ended(1, "mae 13, must be <= 10")


def test_a_waiting_gate_goes_on_after_an_approval_without_running_the_work_again(gate):
    project = gate(11)
    ran = project.doit().ended(4)
    assert ran.lines("blocked") == ["after"]
    project.doit().ended(4)
    assert project.status() == {"m": "waiting", "after": "blocked"}
    project.doit("approve", "m", "-m", "good enough").ended(0, "approved")
    project.doit().done("m", "after")
    assert project.counts() == {"m": 1, "after": 1}
    project.doit().nothing()
    reasons = project.query(
        "select json_extract(data, '$.reason') from journal where event = 'gate.approved' and phase = 'm'"
    )
    assert reasons == [("good enough",)]


def test_a_manual_gate_asks_although_all_criteria_pass(gate):
    project = gate(9, "manual")
    project.doit().ended(4, "waits for an approval of")
    project.doit("approve", "m")
    project.doit().done("m", "after")


def test_mode_manual_asks_at_every_gate(project):
    project.phases({"a": {"run": "true"}, "b": {"run": "true", "approval": "auto"}}, mode="manual")
    ran = project.doit().ended(4)
    assert ran.lines("waiting") == ["a"]
    assert ran.lines("done") == ["b"]


def test_identical_bytes_keep_the_approval_and_other_bytes_ask_again(gate):
    project = gate(9, "manual")
    project.doit()
    project.doit("approve", "m")
    project.doit().done("m", "after")
    project.doit("-a", "m").ended(0)
    assert project.counts()["m"] == 2
    project.doit().nothing()
    gate(8, "manual").doit().ended(4)
    gate(9, "manual").doit().ended(0)


def test_an_edited_output_closes_an_approved_gate(gate):
    project = gate(9, "manual")
    project.doit()
    project.doit("approve", "m")
    project.doit().done("m", "after")
    project.write("out.json", '{"mae": 1}')
    assert "out.json changed" in project.doit("status").out
    project.doit().ended(4)
    assert project.counts() == {"m": 1, "after": 1}


def test_forget_ends_the_approval(gate):
    project = gate(9, "manual")
    project.doit()
    project.doit("approve", "m")
    project.doit().done("m", "after")
    project.doit("forget", "m")
    project.doit().ended(4)


def test_a_changed_rule_asks_again(gate):
    gate(9).doit().done("m", "after")
    gate(9, "manual").doit().ended(4)


def test_refusals_say_why(gate):
    project = gate(11)
    project.doit("approve", "m").ended(3, "m was not judged yet")
    project.doit()
    project.doit("approve").ended(3, "takes PHASE")
    project.doit("approve", "nosuch").ended(3, '"nosuch"')
    project.doit("approve", "m", "--digest", "0000000").ended(3, "not '0000000'")
    digest = json.loads(project.doit("status", "--json").out)["phases"][0]["digest"]
    project.doit("approve", "m", "--digest", digest[:6]).ended(3)
    project.write("out.json", '{"mae": 11.5}')
    project.doit("approve", "m").ended(3, "changed since it was judged")
    project.doit()
    project.doit("approve", "m").ended(0)
    project.doit("approve", "m").ended(3, "has approved")
    project.doit()
    project.doit("approve", "m").ended(3, "open already")
    gate(13).doit().ended(1)
    project.doit("approve", "m").ended(3, "shut by its criteria")


def test_only_those_on_the_list_count(gate):
    project = gate(9, {"by": ["somebody-else"]})
    project.doit().ended(4)
    project.doit("approve", "m").ended(3, "may not vote on m", "somebody-else")


def test_approvals_against_the_last_approved_value(gate):
    within = {"pass": "<= 1.1 * approved"}
    first = gate(10, **within).doit().done("m", "after")
    assert "mae 10" in first.out
    gate(10.5, **within).doit().ended(0)
    gate(12, **within).doit().ended(1, "<= 11.55 (1.1 * approved 10.5)")


def test_max_age_makes_a_gate_look_again(project, move_clock):
    project.phases({"a": {"run": "echo x > a.txt", "outputs": ["a.txt"]}}, {"a": [{"file": "a.txt", "max_age": "7d"}]})
    project.doit().done("a")
    move_clock(8)
    assert project.status() == {"a": "stale"}
    project.doit().ended(1, "a.txt")


def test_a_warning_never_closes_the_gate(project):
    project.phases({"a": {"run": "true"}}, {"a": [{"file": "no.txt", "severity": "warn"}]})
    project.doit().done("a")
    assert "no.txt is missing" in project.doit("-a").out


def test_a_check_is_part_of_what_the_gate_looks_at(project):
    check = "def holds():\n    return {'result': %s, 'message': 'asked'}\n"
    project.write("checks/own.py", check % "True")
    project.phases({"a": {"run": "echo a >> ran.txt"}}, {"a": [{"check": "checks.own:holds"}]})
    project.doit().done("a")
    project.doit().nothing()
    project.write("checks/own.py", check % "False")
    project.doit().ended(1, "asked")
    assert project.counts() == {"a": 1}


def test_the_gate_of_a_phase_without_outputs_is_asked_after_each_run(project):
    project.phases({"a": {"run": "true", "always": True, "approval": "manual"}})
    project.doit().ended(4)
    project.doit("approve", "a")
    project.doit().ended(4)
