"""What went wrong with a request: told by status, headers and message, because exception classes do not tell it. Pure.

PyGithub raises the same class for a limit and a refusal, and GitHub's limits come as 403 or 429, with `Retry-After`, or
with `x-ratelimit-remaining: 0` and a reset, or with neither (GitHub's documentation, Rate limits for the REST API).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

UNSAID = 60.0
"""Seconds to wait where a limit does not say how long."""
LONGEST = 3600.0
"""Seconds: GitHub's limits start anew every hour, whatever a header or a clock that is wrong says."""
UNPROCESSABLE = 422
"""The status with which GitHub refuses one text or one commit, and nothing else."""
LIMITS = ("rate limit", "abuse detection", "secondary limit")


class Kind(str, Enum):
    """What to do about it."""

    LATER = "later"
    """Passing: whether it was done is not known."""
    LIMITED = "limited"
    """Not done, and not before some time."""
    GONE = "gone"
    """What it was about is not there."""
    REFUSED = "refused"
    """Not done, and never will be until somebody changes something."""


class Trouble(Exception):
    """A request that failed. Its text holds no secret: no headers, no URL with one."""

    def __init__(self, kind: Kind, message: str, wait: float = 0.0, status: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait = wait
        """Seconds, of a limit."""
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    message: str
    headers: Mapping[str, str]
    """Names in lower case."""


def trouble(answer: Answer, now: float) -> Trouble:
    """What an answer that is an error means.

    Args:
        now: seconds since 1970, for a limit that names its end.
    """
    status, said = answer.status, " ".join(answer.message.split())[:200]
    told = f"GitHub answered {status}" + (f": {said}" if said else "")
    if status == 429 or (status == 403 and _is_limit(answer)):
        return Trouble(Kind.LIMITED, told, _wait(answer.headers, now), status)
    if status == 401:
        return Trouble(Kind.REFUSED, f"{told}; the token is not valid, or has expired", status=status)
    if status in (404, 410):
        return Trouble(Kind.GONE, told, status=status)
    if status >= 500 or status == 408:
        return Trouble(Kind.LATER, told, status=status)
    return Trouble(Kind.REFUSED, told, status=status)


def _is_limit(answer: Answer) -> bool:
    exhausted = answer.headers.get("x-ratelimit-remaining") == "0"
    said = answer.message.lower()
    return exhausted or "retry-after" in answer.headers or any(words in said for words in LIMITS)


def _wait(headers: Mapping[str, str], now: float) -> float:
    """How long a limit lasts, in seconds."""
    if "retry-after" in headers:
        wait = _number(headers["retry-after"])
    elif headers.get("x-ratelimit-remaining") == "0" and "x-ratelimit-reset" in headers:
        wait = _number(headers["x-ratelimit-reset"]) - now
    else:
        wait = UNSAID
    return min(max(1.0, wait), LONGEST) if math.isfinite(wait) else UNSAID


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
