"""`errors` and `retry` of orchestrator.yaml → the rules that classify failures, and a policy for each class."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from criteria import duration

from ..plan import ErrorClass, ErrorRule, RetryPolicy
from .findings import At, Desk
from .problems import did_you_mean

SIGNS = ("exit_code", "signal", "output", "exception")

ONCE = RetryPolicy(attempts=1, wait=1.0, factor=2.0, max_wait=60.0)
DEFAULTS = dict.fromkeys(ErrorClass, ONCE) | {ErrorClass.TRANSIENT: replace(ONCE, attempts=3)}
"""What holds for a class of which orchestrator.yaml says nothing: only what may pass by itself is tried again."""


def error_rules(desk: Desk) -> tuple[ErrorRule, ...]:
    """The rules in the order written, the first that matches wins."""
    return tuple(_rules(desk))


def policies(desk: Desk) -> dict[ErrorClass, RetryPolicy]:
    """The policy of each class."""
    written: Mapping[str, Mapping[str, Any]] = desk.orchestrator.data.get("retry") or {}
    return {name: replace(policy, **retry_values(written.get(name.value) or {})) for name, policy in DEFAULTS.items()}


def retry_values(written: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a RetryPolicy that a mapping under `retry` sets."""
    return {
        key: duration(value) if key in ("wait", "max_wait") else float(value) if key == "factor" else int(value)
        for key, value in written.items()
        if value is not None
    }


def _rules(desk: Desk) -> Iterator[ErrorRule]:
    for index, written in enumerate(desk.orchestrator.data.get("errors") or []):
        sign = next(sign for sign in SIGNS if sign in written)
        value = _value(sign, written[sign], ["errors", index, sign], desk)
        yield ErrorRule(sign, value, ErrorClass(written["class"]), desk.orchestrator.place(["errors", index]))


def _value(sign: str, value: Any, at: At, desk: Desk) -> int | str:
    if sign == "output":
        try:
            re.compile(value, re.MULTILINE)
        except (re.error, RecursionError, OverflowError) as error:
            desk.found.add(desk.orchestrator, at, f"{value!r} is no regular expression: {error}", "see Python's `re`")
        return str(value)
    if sign == "signal" and isinstance(value, str):
        names = {known.name: known.value for known in signal.Signals}
        name = value if value.startswith("SIG") else f"SIG{value}"
        if name not in names:
            desk.found.add(desk.orchestrator, at, f"there is no signal {value!r}", did_you_mean(name, names))
        return names.get(name, 0)
    return value  # type: ignore[no-any-return]
