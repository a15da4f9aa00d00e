"""Happenings, and triggers with little to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.triggers.model import Happening, Trigger

PLACE = "config/orchestrator.yaml:4:5"


@pytest.fixture
def gone():
    """Has a process ended? So has one whose exit status nobody took. Needs /proc."""

    def gone(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    return gone


@pytest.fixture
def trigger():
    """Makes triggers: what is left out is as for `on: "*"` alone."""

    def trigger(on: str = "*", **more) -> Trigger:
        rest = {"phases": (), "run": None, "webhook": None, "timeout": 30.0, "secret": None, "place": PLACE}
        return Trigger(on, **{**rest, **more})

    return trigger


@pytest.fixture
def happening():
    """Makes happenings."""

    def happening(event: str = "phase.failed", phase: str | None = "train_a", **data) -> Happening:
        return Happening(event, "flights", "20260101T000000-00c0ffee", 1767225600.5, phase, data)

    return happening
