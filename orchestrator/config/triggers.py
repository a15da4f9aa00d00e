"""`triggers` of orchestrator.yaml → the triggers, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import filter as matching
from typing import Any

from criteria import duration

from ..triggers.model import EVENTS, PHASE_EVENTS, Trigger
from .findings import At, Desk
from .problems import did_you_mean

TIMEOUT = 10.0
"""Seconds that a try may take where nothing is written."""


def triggers(desk: Desk) -> tuple[Trigger, ...]:
    """The triggers, in the order written."""
    return tuple(_triggers(desk))


def _triggers(desk: Desk) -> Iterator[Trigger]:
    for index, written in enumerate(desk.orchestrator.data.get("triggers") or []):
        at: At = ["triggers", index]
        run = written.get("run")
        _check_event(written, at, desk)
        _check_phases(written, at, desk)
        yield Trigger(
            on=str(written["on"]),
            phases=tuple(written.get("phases") or ()),
            run=tuple(run) if isinstance(run, list) else run,
            webhook=written.get("webhook"),
            timeout=_timeout(written, at, desk),
            secret=written.get("secret"),
            place=desk.orchestrator.place(at),
        )


def _check_event(written: Mapping[str, Any], at: At, desk: Desk) -> None:
    pattern = written["on"]
    if not matching(EVENTS, pattern):
        remedy = did_you_mean(pattern, [*EVENTS, "phase.*", "plan.*"]) or f"there are {', '.join(EVENTS)}"
        desk.found.add(desk.orchestrator, [*at, "on"], f"no event is {pattern!r}", remedy)
    elif written.get("phases") and not matching(PHASE_EVENTS, pattern):
        message = f"{pattern!r} happens to the plan, and this trigger is for phases alone"
        desk.found.add(desk.orchestrator, [*at, "on"], message, "take `phases` out, or name an event of phases")


def _check_phases(written: Mapping[str, Any], at: At, desk: Desk) -> None:
    for index, pattern in enumerate(written.get("phases") or []):
        if not matching(desk.written, pattern):
            place = [*at, "phases", index]
            desk.found.add(desk.orchestrator, place, f"no phase is {pattern!r}", did_you_mean(pattern, desk.written))


def _timeout(written: Mapping[str, Any], at: At, desk: Desk) -> float:
    seconds = duration(written.get("timeout", TIMEOUT))
    if not seconds:
        place = [*at, "timeout"]
        desk.found.add(desk.orchestrator, place, "in no time nothing is delivered", "allow it some seconds")
    return seconds
