"""The process that keeps a command, as a worker starts it and talks to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("psutil", reason="psutil is not installed: pip install -e '.[test]'")

from phases.cluster import frames
from phases.cluster.lease import now
from phases.cluster.worker import _started_keeper


@pytest.fixture
def kept(tmp_path):
    """Has a keeper execute a shell script to its end, with a lease that is over in so many seconds."""

    def kept(script: str, lease: float, scratch: Path | None = None) -> int:
        order = {
            "argv": ["sh", "-c", script],
            "cwd": str(tmp_path),
            "env": {"PATH": os.environ["PATH"]},
            "marks": {"KEEPER_TEST": str(tmp_path)},
            "reports": False,
            "timeout": None,
            "store": None,
            "scratch": None if scratch is None else str(scratch),
            "token": "t",
            "until": now() + lease,
        }
        with _started_keeper() as keeper:
            frames.write(keeper.stdin.fileno(), order)
            keeper.stdout.read()
            return keeper.wait(100)

    return kept


def test_a_command_whose_lease_is_over_does_not_start(tmp_path, kept):
    """Its worker was frozen between the permission and the order, for so long that another one may have it by now."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for _ in range(5):  # what is not looked at first starts nearly always
        assert kept("touch ran", -1.0, scratch) == 1
    assert not (tmp_path / "ran").exists()
    assert not scratch.exists()


def test_a_command_whose_lease_lasts_runs_to_its_end(tmp_path, kept):
    assert kept("touch ran", 600.0) == 0
    assert (tmp_path / "ran").exists()


def test_a_command_ends_with_its_lease(tmp_path, kept):
    assert kept("sleep 600; touch more", 3.0) == 1
    assert not (tmp_path / "more").exists()
