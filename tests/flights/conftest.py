from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flights_project import Project, fresh


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return fresh(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All phases done; read it, do not write to it."""
    project = fresh(tmp_path_factory.mktemp("flights"))
    for phase in range(16):
        project.run(phase)
    return project


@pytest.fixture
def spoil(finished: Project, tmp_path: Path) -> Callable[[], Project]:
    """A copy of the finished plan that a test may spoil."""

    def copy() -> Project:
        root = tmp_path / "spoilt"
        shutil.copytree(finished.root, root)
        return Project(root)

    return copy
