"""`triggers` of orchestrator.yaml: what they become, and what is wrong with them, at its place."""

from __future__ import annotations

import pytest

from criteria.documents.yaml import read
from orchestrator.config.findings import Desk, Source
from orchestrator.config.triggers import triggers
from orchestrator.config.validate import validate
from orchestrator.triggers.model import EVENTS, Trigger

F = "config/orchestrator.yaml"


@pytest.fixture
def desk():
    """What lies before the compiler: two phases, and this orchestrator.yaml, which the schema has nothing against."""

    def desk(text: str) -> Desk:
        document = read(text)
        assert validate("orchestrator", document, F) == []
        phases = read("phases: {train_a: {run: x}, report: {run: x}}")
        return Desk(
            Source("config/phases.yaml", phases),
            Source("config/criteria.yaml", read("{}")),
            Source(F, document),
            lambda name: None,
        )

    return desk


@pytest.fixture
def problems(desk):
    def problems(text: str) -> list[str]:
        lying = desk(text)
        triggers(lying)
        return [str(problem) for problem in lying.found.problems]

    return problems


def test_triggers_keep_their_order_and_know_where_they_stand(desk):
    lying = desk(
        "triggers:\n"
        "  - {on: phase.failed, run: ./notify.sh}\n"
        '  - {on: "phase.*", webhook: "https://x/${T}", phases: ["train_*", report], timeout: 2m, secret: "${S}"}\n'
        "  - {on: plan.done, run: [python, notify.py], timeout: 0.5}\n"
    )
    assert triggers(lying) == (
        Trigger("phase.failed", (), "./notify.sh", None, 10.0, None, f"{F}:2:5"),
        Trigger("phase.*", ("train_*", "report"), None, "https://x/${T}", 120.0, "${S}", f"{F}:3:5"),
        Trigger("plan.done", (), ("python", "notify.py"), None, 0.5, None, f"{F}:4:5"),
    )
    assert lying.found.problems == []


def test_without_triggers_there_are_none(desk):
    assert triggers(desk("{}")) == triggers(desk("triggers: []")) == ()


@pytest.mark.parametrize("on", [*EVENTS, "*", "phase.*", "*.failed", "p*"])
def test_every_event_can_be_named(problems, on):
    assert problems(f"triggers: [{{on: '{on}', run: x}}]") == []


@pytest.mark.parametrize(
    ("on", "remedy"),
    [
        ("phase.fail", "did you mean 'phase.failed'?"),
        ("phases.*", "did you mean 'phase.*'?"),
        ("zzz", f"there are {', '.join(EVENTS)}"),
    ],
)
def test_an_event_that_is_not_there(problems, on, remedy):
    assert problems(f"triggers:\n  - on: '{on}'\n    run: x") == [f"{F}:2:9: no event is {on!r}; {remedy}"]


def test_a_phase_that_is_not_there(problems):
    text = "triggers:\n  - {on: phase.failed, run: x, phases: [train_b, 'trein_*', zzz, 'train_?']}"
    assert problems(text) == [
        f"{F}:2:41: no phase is 'train_b'; did you mean 'train_a'?",
        f"{F}:2:50: no phase is 'trein_*'; did you mean 'train_a'?",
        f"{F}:2:61: no phase is 'zzz'",
    ]


@pytest.mark.parametrize("on", ["plan.done", "plan.*"])
def test_nothing_of_the_plan_happens_to_phases(problems, on):
    [found] = problems(f"triggers: [{{on: '{on}', run: x, phases: [report]}}]")
    assert found.startswith(f"{F}:1:17: {on!r} happens to the plan, and this trigger is for phases alone; take ")


@pytest.mark.parametrize("timeout", ["0", "0s", "0ms"])
def test_a_trigger_must_have_some_time(problems, timeout):
    assert problems(f"triggers:\n  - on: plan.done\n    run: x\n    timeout: {timeout}") == [
        f"{F}:4:14: in no time nothing is delivered; allow it some seconds"
    ]


def test_everything_that_is_wrong_is_told_at_once(problems):
    found = problems("triggers:\n  - {on: x, run: a}\n  - {on: plan.done, run: a, timeout: 0}")
    assert [line.split(": ")[0] for line in found] == [f"{F}:2:10", f"{F}:3:38"]
