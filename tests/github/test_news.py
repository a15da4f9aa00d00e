"""What is told with a comment, and that it is told once: keys stay the same over runs that change nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from test_render_issue import phase_of

from orchestrator.github.news import ASKED, DONE, FAILED, News, news
from orchestrator.reasons import Reason
from orchestrator.standing import PhaseState, Standing
from orchestrator.state.journal import Entry, Event

P = phase_of("p", "p")


def entries(*told: tuple[Event, dict[str, object]]) -> list[Entry]:
    return [
        Entry(seq, float(seq), f"run {seq}", "p", "p" if event is Event.JUDGED else "p:run", event, data)
        for seq, (event, data) in enumerate(told, 1)
    ]


def asks(digest: str = "d1"):
    return Event.JUDGED, {"outcome": "waiting", "digest": digest, "verdicts": [], "rejected": None}


def shut(digest: str = "d1"):
    return Event.JUDGED, {"outcome": "failed", "digest": digest, "verdicts": [], "rejected": None}


def ended(outcome: str, problem: str = "exit code 1"):
    data = {"outcome": outcome}
    return Event.ATTEMPT_ENDED, data | ({} if outcome in ("succeeded", "interrupted") else {"problem": problem})


def opened(digest: str = "d1"):
    return Event.OPENED, {"digest": digest}


BEGUN = (Event.ATTEMPT_STARTED, {})
FORGOTTEN = (Event.FORGOTTEN, {})
REJECTED = (Event.REJECTED, {"digest": "d1"})


def told(state: PhaseState, *journal, reasons=()) -> list[News]:
    known = entries(*journal)
    gates = dict([("p", entry) for entry in known if entry.event is Event.OPENED][-1:])
    return news([Standing(P, state, reasons, state is PhaseState.DONE)], lambda phase: known, gates)


def since(kind: str, state: PhaseState, *journal) -> int:
    [one] = told(state, *journal)
    assert one.kind == kind
    assert one.key == f"comment {kind} {one.phase or ''} {one.first.seq} {one.first.run}"
    return one.first.seq


def test_an_approval_is_asked_for_once_a_digest():
    waits = PhaseState.WAITING
    assert since(ASKED, waits, asks()) == 1
    assert since(ASKED, waits, asks(), asks(), asks()) == 1, "judged again, for the same"
    assert since(ASKED, waits, asks(), BEGUN, ended("succeeded"), asks()) == 1, "made again, the same bytes"
    assert since(ASKED, waits, asks("d1"), asks("d2")) == 2
    assert since(ASKED, waits, asks("d1"), asks("d2"), asks("d1")) == 3, "what was asked before that is settled"
    assert since(ASKED, waits, asks(), opened(), asks()) == 3, "it was open meanwhile"
    assert since(ASKED, waits, asks(), FORGOTTEN, asks()) == 3
    assert since(ASKED, waits, asks(), REJECTED, asks()) == 1, "a rejection is an answer, and another may follow it"


def test_a_failure_is_told_once_a_reason():
    failed = PhaseState.FAILED
    assert since(FAILED, failed, BEGUN, ended("failed")) == 2
    assert since(FAILED, failed, ended("failed"), BEGUN, ended("failed")) == 1
    assert since(FAILED, failed, ended("failed"), ended("failed", "another")) == 2
    assert since(FAILED, failed, ended("failed"), ended("retrying"), ended("failed")) == 1
    assert since(FAILED, failed, ended("failed"), ended("interrupted")) == 1, "a run was killed in the middle of it"
    assert since(FAILED, failed, ended("failed"), ended("interrupted"), ended("stopped"), ended("failed")) == 1
    assert since(FAILED, failed, ended("succeeded"), shut()) == 2
    assert since(FAILED, failed, shut(), ended("succeeded"), shut()) == 1
    assert since(FAILED, failed, shut("d1"), shut("d2")) == 2
    assert since(FAILED, failed, ended("failed"), opened(), ended("failed")) == 3


def test_what_needs_nobody_is_not_told():
    for state in (PhaseState.PENDING, PhaseState.RUNNING, PhaseState.BLOCKED, PhaseState.STALE):
        assert told(state, asks(), ended("failed")) == []
    assert told(PhaseState.FAILED, shut(), reasons=(Reason("rejected", "p", ""),)) == []
    assert told(PhaseState.FAILED) == []
    assert told(PhaseState.WAITING) == []
    assert news([], lambda phase: [], {}) == []


def test_the_end_is_told_for_each_time_that_a_gate_opened():
    assert since(DONE, PhaseState.DONE, opened()) == 1
    assert since(DONE, PhaseState.DONE, opened(), BEGUN, ended("succeeded")) == 1, "the gate stayed open"
    assert since(DONE, PhaseState.DONE, opened(), ended("succeeded"), opened("d2")) == 3


STEPS = st.sampled_from(
    [asks(), asks("d2"), shut(), shut("d2"), opened(), BEGUN, FORGOTTEN, REJECTED]
    + [
        ended(outcome, problem)
        for outcome in ("failed", "retrying", "stopped", "succeeded", "interrupted")
        for problem in ("x", "y")
    ]
)


@given(st.lists(STEPS, max_size=12), st.sampled_from(list(PhaseState)), st.integers(0, 3))
def test_any_history_can_be_told_and_saying_the_same_again_tells_nothing_new(history, state, again):
    keys = [one.key for one in told(state, *history)]
    assert len(keys) == len(set(keys)) <= 1
    if keys and state in (PhaseState.WAITING, PhaseState.FAILED):
        last = [step for step in history if step[0] in (Event.JUDGED, Event.ATTEMPT_ENDED)][-1:]
        repeated = last if state is PhaseState.WAITING and last[0][0] is Event.JUDGED else []
        assert [one.key for one in told(state, *history, *repeated * again)] == keys
    assert [one.key for one in told(state, *history, BEGUN, ended("interrupted"))] == keys, "nor does a kill"
