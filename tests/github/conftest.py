"""`github`: a fake GitHub; `emulator`: the independent one; `any_github`: each in turn; `on_github`: a project on one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from contract import Contract
from emulator import Emulator
from fake_github import FakeGitHub
from npm import Unreachable
from people import People


@pytest.fixture(scope="session")
def contract_or_why() -> Contract | str:
    """GitHub's own description of its API, or why it cannot be had."""
    try:
        return Contract()
    except Unreachable as unreachable:
        return f"GitHub's own description of its API is not at hand: {unreachable}"


@pytest.fixture
def contract(contract_or_why: Contract | str) -> Contract:
    """GitHub's own description of its API; skips where that cannot be had."""
    if isinstance(contract_or_why, str):
        pytest.skip(contract_or_why)
    return contract_or_why


@pytest.fixture
def github(contract_or_why: Contract | str) -> Iterator[FakeGitHub]:
    """The fake GitHub. At the end of the test, every exchange must have been as GitHub describes it.

    A test that sends nonsense on purpose clears `github.exchanges`. Offline, the test runs, and this check is skipped.
    """
    with FakeGitHub() as server:
        yield server
    assert server.crashes == []
    if isinstance(contract_or_why, str):
        pytest.skip(contract_or_why)
    assert contract_or_why.broken(server.exchanges) == []


@pytest.fixture(scope="session")
def emulator_or_why(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator | str]:
    """The emulator's process, or why there is none."""
    try:
        started = Emulator(tmp_path_factory.mktemp("emulate"))
    except Unreachable as unreachable:
        yield f"the GitHub emulator is not at hand: {unreachable}"
        return
    with started:
        yield started


@pytest.fixture
def emulator(emulator_or_why: Emulator | str) -> Iterator[Emulator]:
    """The independent GitHub, with an empty repository; skips where it cannot be had."""
    if isinstance(emulator_or_why, str):
        pytest.skip(emulator_or_why)
    yield emulator_or_why.anew()
    assert emulator_or_why.crashes == []


@pytest.fixture(params=["fake", "emulator"])
def any_github(request: pytest.FixtureRequest) -> People:
    """Each of the two GitHubs in turn."""
    return request.getfixturevalue("github" if request.param == "fake" else "emulator")


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
