from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flights_project import Project, fresh
from once import once


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return fresh(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Project:
    """All phases done, once for all of pytest's workers; read it, do not write to it."""
    base = tmp_path_factory.getbasetemp()
    return Project(once((base if worker_id == "master" else base.parent) / "flights", run_all))


def run_all(root: Path) -> None:
    project = fresh(root)
    for phase in range(16):
        project.run(phase)


@pytest.fixture
def spoil(finished: Project, tmp_path: Path) -> Callable[[], Project]:
    """A copy of the finished plan that a test may spoil."""

    def copy() -> Project:
        root = tmp_path / "spoilt"
        shutil.copytree(finished.root, root)
        return Project(root)

    return copy
