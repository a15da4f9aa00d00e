"""Whether and when a work is tried again: the policy of a class, the phase's own words over it, and the waits."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.config.failures import DEFAULTS
from orchestrator.plan import ErrorClass, RetryPolicy
from orchestrator.work.retry import Retry, longest_wait, policy_of, retry_after

POLICY = RetryPolicy(attempts=5, wait=1.0, factor=2.0, max_wait=6.0)


def longest(wait: float) -> float:
    """A jitter that draws the longest wait."""
    return wait


def test_only_what_may_pass_by_itself_is_tried_again_where_nothing_is_written():
    assert {name.value: policy.attempts for name, policy in DEFAULTS.items()} == {
        "transient": 3,
        "permanent": 1,
        "dependency": 1,
        "config": 1,
        "timeout": 1,
    }


@pytest.mark.parametrize("error", ErrorClass)
def test_what_a_phase_says_goes_over_the_policy_of_any_class(error):
    assert policy_of(DEFAULTS, {}, error) == DEFAULTS[error]
    assert policy_of(DEFAULTS, {"attempts": 7}, error) == RetryPolicy(7, 1.0, 2.0, 60.0)
    assert policy_of(DEFAULTS, asdict(POLICY), error) == POLICY


def test_waits_grow_by_the_factor_up_to_the_longest():
    assert [longest_wait(POLICY, tried) for tried in range(1, 6)] == [1.0, 2.0, 4.0, 6.0, 6.0]
    steady = RetryPolicy(attempts=5, wait=3.0, factor=1.0, max_wait=60.0)
    assert [longest_wait(steady, tried) for tried in (1, 2, 1000)] == [3.0, 3.0, 3.0]
    slow = RetryPolicy(attempts=5, wait=2.0, factor=1.5, max_wait=60.0)
    assert [longest_wait(slow, tried) for tried in (1, 2, 3)] == [2.0, 3.0, 4.5]


def test_no_wait_is_longer_than_the_longest_be_it_the_first():
    assert longest_wait(RetryPolicy(attempts=2, wait=90.0, factor=2.0, max_wait=60.0), 1) == 60.0
    assert longest_wait(RetryPolicy(attempts=2, wait=90.0, factor=2.0, max_wait=0.0), 1) == 0.0


def test_who_wants_no_wait_gets_none_however_often_it_is_tried():
    at_once = RetryPolicy(attempts=10_000, wait=0.0, factor=2.0, max_wait=60.0)
    assert {longest_wait(at_once, tried) for tried in (1, 2, 1000, 1024, 1025, 1026, 5000)} == {0.0}


def test_the_last_try_is_followed_by_none():
    tries = [retry_after(POLICY, tried, longest) for tried in range(1, 7)]
    assert tries == [Retry(1, 5, 1.0), Retry(2, 5, 2.0), Retry(3, 5, 4.0), Retry(4, 5, 6.0), None, None]
    assert retry_after(RetryPolicy(1, 1.0, 2.0, 60.0), 1, longest) is None


def test_the_wait_is_what_the_jitter_makes_of_the_longest():
    assert retry_after(POLICY, 2, lambda wait: wait / 4) == Retry(2, 5, 0.5)


def test_by_itself_the_wait_is_drawn_from_nothing_to_the_longest():
    waits = [retry_after(POLICY, 3).wait for _ in range(300)]
    assert all(0 <= wait <= 4.0 for wait in waits)
    assert min(waits) < 1.0, "300 draws"
    assert max(waits) > 3.0


policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 10**12),
    wait=st.floats(1e-3, 1e9),
    factor=st.floats(1.0, 1e308),
    max_wait=st.floats(0.0, 1e9),
)


@given(policies, st.integers(1, 3000))
def test_no_policy_is_too_large_to_be_followed(policy, tried):
    """Powers that no float holds included."""
    first, here, then = (longest_wait(policy, number) for number in (1, tried, tried + 1))
    assert first == min(policy.wait, policy.max_wait)
    assert first <= here <= then <= policy.max_wait
    follows = retry_after(policy, tried, longest)
    assert follows == (None if tried >= policy.attempts else Retry(tried, policy.attempts, here))
