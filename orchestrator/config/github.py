"""github.yaml → what it asks for, and what is wrong with it beyond the schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from criteria import duration

from .findings import At, Desk

LEAST_POLL = 5.0
"""Seconds: one look takes a request, and 5,000 an hour are all that a token has."""


def github(desk: Desk) -> Mapping[str, Any] | None:
    """The keys as they are written, durations in seconds; None where the project has no such file, or nothing in it."""
    if desk.github is None or not desk.github.data:
        return None
    written = dict(desk.github.data)
    approvals = dict(written.get("approvals") or {})
    if "poll" in approvals:
        approvals["poll"] = _poll(approvals["poll"], desk)
    return {**written, "approvals": approvals}


def _poll(text: Any, desk: Desk) -> float:
    assert desk.github is not None
    at: At = ["approvals", "poll"]
    seconds = duration(text)
    if seconds < LEAST_POLL:
        desk.found.add(desk.github, at, "that often would use up what GitHub allows", "look every 5 s at most")
    return seconds
