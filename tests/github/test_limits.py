"""The governor, against a clock that is played: whoever writes when it lets them stays below what GitHub takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.github.limits import BURST, WINDOWS, Governor


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def write(governor: Governor, clock: Clock) -> float:
    """Wait as long as it says, and write; when that was. It must let one write in the end."""
    for _ in range(20):
        wait = governor.wait()
        if not wait:
            governor.wrote()
            return clock.now
        clock.now += wait
    raise AssertionError("it waits for ever")


def most_within(sent: list[float], seconds: float) -> int:
    return max((sum(at <= other < at + seconds - 1e-6 for other in sent) for at in sent), default=0)


@given(st.lists(st.one_of(st.just(0.0), st.floats(0, 3), st.floats(0, 200)), max_size=700))
def test_never_more_than_github_takes_whatever_the_pattern(gaps):
    clock = Clock()
    governor = Governor(clock)
    sent = []
    for gap in gaps:
        clock.now += gap
        sent.append(write(governor, clock))
    for seconds, most in WINDOWS:
        assert most_within(sent, seconds) <= most


@pytest.mark.parametrize("count", [100, 600, 1200])
def test_as_many_as_can_be_at_once(count):
    clock = Clock()
    governor = Governor(clock)
    sent = [write(governor, clock) for _ in range(count)]
    for seconds, most in (*WINDOWS, (60.0, 80), (3600.0, 500)):
        assert most_within(sent, seconds) <= most
    assert clock.now - 1000.0 <= count * 3600 / 500 + 3600, "and no slower than the hour asks for"


def test_a_few_go_out_at_once_and_the_rest_a_second_apart():
    clock = Clock()
    governor = Governor(clock)
    sent = [write(governor, clock) - 1000.0 for _ in range(15)]
    assert sent[: BURST[1]] == [0.0] * BURST[1]
    assert sent[BURST[1] :] == [1.0, 2.0, 3.0, 4.0, 5.0]


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_a_pause_that_github_asked_for_is_kept_and_a_shorter_one_does_not_end_it(first, second):
    clock = Clock()
    governor = Governor(clock)
    governor.pause(first)
    governor.pause(second)
    assert governor.wait() == governor.rest() == pytest.approx(max(first, second))
    clock.now += max(first, second)
    assert governor.rest() == pytest.approx(0.0, abs=1e-9)
