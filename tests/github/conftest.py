"""`github`: a fake GitHub; `emulator`: the independent one; `any_github`: each in turn; `on_github`: a project on one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fake_github import FakeGitHub
from people import People


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """The fake GitHub. A crash of it fails the test."""
    with FakeGitHub() as server:
        yield server
    assert server.crashes == []


@pytest.fixture
def on_github(project) -> Callable[..., object]:
    """Gives `project` its config/github.json and the environment with the token: `on_github(github)`."""

    def on_github(github: People, **more: object):
        project.config(
            "github",
            {
                "enabled": True,
                "repository": github.repository,
                "api_url": github.base_url,
                "token": "GITHUB_TOKEN",
                **more,
            },
        )
        environment = project.environment
        project.environment = lambda **given: environment(**{"GITHUB_TOKEN": github.token, **given})
        return project

    return on_github
