"""Whether and when a work is tried again: a pure decision over its policy and the tries that failed so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from ..plan import ErrorClass, RetryPolicy


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: a work that has to be executed again."""

    wait: float
    """Seconds until then."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Another try that will follow."""

    tried: int
    """How many tries of this series failed."""
    of: int
    """How many there are at most."""
    wait: float
    """Seconds until the next one."""


def policy_of(policies: Mapping[ErrorClass, RetryPolicy], own: Mapping[str, float], error: ErrorClass) -> RetryPolicy:
    """The policy of a class, with what a phase's own `retry` says over it."""
    return replace(policies[error], **own)  # type: ignore[arg-type]


def retry_after(policy: RetryPolicy, tried: int, jitter: Callable[[float], float] | None = None) -> Retry | None:
    """What follows the failed try number `tried`; None when it was the last one.

    The wait grows exponentially to `max_wait`, and is drawn evenly between nothing and that (full jitter), so that
    phases which failed together do not come back together.

    Args:
        jitter: from the longest wait to the wait; full jitter where it is left out.
    """
    if tried >= policy.attempts:
        return None
    longest = longest_wait(policy, tried)
    if jitter is None:
        import backoff

        jitter = backoff.full_jitter
    return Retry(tried, policy.attempts, jitter(longest))


def longest_wait(policy: RetryPolicy, tried: int) -> float:
    """Seconds that may lie at most between the failed try number `tried` and the next."""
    if not policy.wait:
        return 0.0
    import backoff  # takes 40 ms (asyncio): only a failure pays for it

    waits = backoff.expo(base=policy.factor, factor=policy.wait, max_value=policy.max_wait)
    next(waits)  # its first value is none (backoff 2.2)
    try:
        longest = next(islice(waits, tried - 1, None))
    except OverflowError:  # a power that no float holds is more than any longest wait
        longest = policy.max_wait
    return float(min(longest, policy.max_wait))
