from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from criteria import Scene, Verdict, parse

NOW = 1_800_000_000.0


class Project:
    """A project folder: write files into it, judge criteria on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = NOW
        self.approved: dict[str, float] = {}
        self.env = dict(os.environ)
        self.digests: dict[str, str] = {}

    def write(self, path: str, content: str | bytes, age: float = 0) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(file, (self.now - age, self.now - age))

    def judge(self, **raw: Any) -> Verdict:
        """`from_` and `pass_` stand for the keys that Python keeps for itself."""
        item = {key.rstrip("_"): value for key, value in raw.items()}
        return parse(item).judge(Scene(self.root, self.now, self.approved, self.env, self.digests))

    def metric(self, path: str, at: str, pass_: str = ">= 0", **more: Any) -> Verdict:
        return self.judge(metric="mae", from_=path, at=at, pass_=pass_, **more)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def value(project: Project) -> Callable[..., Any]:
    """Write a file, read a metric from it, give its value."""

    def read(path: str, content: str | bytes, at: str) -> Any:
        project.write(path, content)
        return project.metric(path, at, "> -1e300").value

    return read
