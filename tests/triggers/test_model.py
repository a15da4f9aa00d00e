"""Which happenings concern a trigger, and what is sent of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.triggers.model import EVENTS, Trigger, matches


@pytest.mark.parametrize(
    ("on", "event", "wanted"),
    [
        ("phase.failed", "phase.failed", True),
        ("phase.failed", "phase.succeeded", False),
        ("phase.*", "phase.blocked", True),
        ("phase.*", "plan.failed", False),
        ("*.failed", "plan.failed", True),
        ("*", "plan.started", True),
        ("phase", "phase.failed", False),
    ],
)
def test_an_event_is_named_or_meant_by_a_pattern(trigger, happening, on, event, wanted):
    assert matches(trigger(on), happening(event)) is wanted


@pytest.mark.parametrize(
    ("phases", "phase", "wanted"),
    [
        ((), "a", True),
        (("train_*",), "train_a", True),
        (("train_*",), "Train_a", False),
        (("b", "a"), "a", True),
        (("b",), "a", False),
    ],
)
def test_phases_are_chosen_by_patterns(trigger, happening, phases, phase, wanted):
    assert matches(trigger(phases=phases), happening(phase=phase)) is wanted


def test_a_trigger_for_some_phases_gets_nothing_of_the_plan(trigger, happening):
    assert not matches(trigger(phases=("*",)), happening("plan.done", None))
    assert matches(trigger(), happening("plan.done", None))


def test_there_are_twelve_events():
    assert len(set(EVENTS)) == 12


def test_what_is_sent_is_one_line_of_json(happening):
    text = happening(problem="exit\ncode ü", tried=2).as_json()
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == {
        "event": "phase.failed",
        "plan": "flights",
        "run": "20260101T000000-00c0ffee",
        "at": 1767225600.5,
        "phase": "train_a",
        "problem": "exit\ncode ü",
        "tried": 2,
    }


def test_data_replaces_no_field_and_needs_no_type_of_json(happening):
    sent = json.loads(happening("plan.done", None, at="never", log=Path("a/b")).as_json())
    assert (sent["at"], sent["phase"], sent["log"]) == (1767225600.5, None, "a/b")


def test_texts_are_masked_in_values_alone(happening):
    """A secret that is a word of the format changes no word of the format."""
    told = happening(problem="phase.failed", parts=[{"event": "my phase.failed"}, 3, None, True])
    sent = json.loads(told.masked(lambda text: text.replace("phase.failed", "***")).as_json())
    assert sent["event"] == "phase.failed"
    assert (sent["problem"], sent["parts"]) == ("***", [{"event": "my ***"}, 3, None, True])


@pytest.mark.parametrize(
    "more", [{"run": "echo x"}, {"run": ("echo", "x")}, {"webhook": "https://x/y", "secret": "${S}", "phases": ("a",)}]
)
def test_a_trigger_comes_back_from_its_row(trigger, more):
    made = trigger("phase.*", **more)
    assert Trigger.from_row(made.as_row()) == made
    assert Trigger.from_row(json.loads(json.dumps(made.as_row()))) == made
