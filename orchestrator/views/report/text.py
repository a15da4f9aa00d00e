"""Text from outside, as a page may show it. Pure.

Escaping is Jinja's. This is about what no escaping helps against: characters that no page may hold, and those that make
a line read differently from what it says.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone

from ..words import printable

_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Overrides, embeddings and isolates: with them `gpj.exe` reads `exe.jpg`. Arabic and Hebrew need none of them."""


def shown(text: str) -> str:
    """The text without control characters; lone surrogates and orders about the direction spelt out."""
    return _DIRECTION.sub(lambda found: f"\\u{ord(found[0]):04x}", printable(text))


def iso(at: float) -> str:
    """A moment for machines, in UTC; empty where no calendar has it."""
    moment = _moment(at)
    return "" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def utc(at: float) -> str:
    """A moment for people, in UTC: `2026-11-24 19:41:46 UTC`."""
    moment = _moment(at)
    return "at no time of this calendar" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _moment(at: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(at, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
