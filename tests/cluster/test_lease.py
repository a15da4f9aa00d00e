"""The rule on which it rests that nothing runs twice: doit knows when a keeper's lease is over, whatever comes late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phases.cluster.lease import SETTLE, Grant, Lease

SECONDS = 10.0


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_a_lease_begins_with_the_first_answer_and_counts_from_the_pulse():
    clock = Clock(100.0)
    lease = Lease(SECONDS, clock)
    first = lease.pulse()
    clock.now = 103.0
    assert lease.is_over, "there was no answer yet"
    assert lease.answered(first) == 110.0
    assert not lease.is_over
    clock.now = 110.0
    assert lease.is_over


def test_an_answer_that_comes_late_takes_nothing_back_and_an_unknown_one_gives_nothing():
    clock = Clock(0.0)
    lease = Lease(SECONDS, clock)
    first = lease.pulse()
    clock.now = 4.0
    second = lease.pulse()
    assert lease.answered(second) == 14.0
    assert lease.answered(first) == 14.0
    assert lease.answered(99) == 14.0


def test_a_grant_of_which_was_said_that_it_is_over_is_not_taken_up_again():
    clock = Clock(0.0)
    grant = Grant(SECONDS, clock)
    clock.now = SECONDS
    assert not grant.end_if_over(), "a keeper needs a moment to end all"
    assert grant.answer()
    clock.now = 2 * SECONDS + SETTLE
    assert grant.end_if_over()
    assert not grant.answer(), "another attempt may run by now"
    assert grant.end_if_over()


def test_a_grant_that_was_ended_runs_out():
    clock = Clock(0.0)
    grant = Grant(SECONDS, clock)
    grant.end()
    clock.now = 5.0
    assert not grant.answer()
    assert grant.left == SECONDS + SETTLE - 5.0


steps = st.lists(
    st.tuples(st.sampled_from(["pulse", "arrives", "answer"]), st.floats(0.0, 30.0, allow_nan=False)), max_size=40
)


@given(steps, st.floats(-1e6, 1e6, allow_nan=False))
def test_doit_never_takes_for_over_what_may_go_on(steps, offset):
    """Messages are delayed as you like, both ways; the two clocks have nothing in common but their pace."""
    worker, doit = Clock(0.0), Clock(offset)
    lease, grant = Lease(SECONDS, worker), Grant(SECONDS, doit)
    to_doit: list[int] = []
    to_worker: list[int] = []
    for what, passes in steps:
        worker.now += passes
        doit.now += passes
        if what == "pulse":
            to_doit.append(lease.pulse())
        elif what == "arrives" and to_doit:
            grant.answer()
            to_worker.append(to_doit.pop(0))
        elif what == "answer" and to_worker:
            lease.answered(to_worker.pop(0))
        late = [lease._sent[number] + SECONDS for number in to_worker if number in lease._sent]
        longest = max([lease.until, *late])
        assert worker.now + grant.left - SETTLE >= longest - 1e-3
