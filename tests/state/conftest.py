"""What tests of the state have in common."""

from __future__ import annotations

import pytest

from orchestrator.state.state import State


@pytest.fixture
def files(tmp_path):
    """The digests of a project's files, with the lock held."""
    state = State(tmp_path)
    state.lock.take()
    yield state.files
    state.close()
