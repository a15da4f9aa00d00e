"""Where a project's GitHub is: from the configuration, GITHUB_REPOSITORY, or git's remote, whoever writes it how."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.github.settings import API, App, Off, On, Settings, access

ENTERPRISE = "https://github.example.com/api/v3"
TOKEN = {"GITHUB_TOKEN": "ghp_x"}


def found(settings: Settings, remote: str | None = None, **variables: str):
    return access(settings, {**TOKEN, **variables}.get, lambda: remote)


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/octo/plan.git",
        "https://github.com/octo/plan",
        "https://github.com/octo/plan/",
        "https://user@github.com/octo/plan.git",
        "https://user:secret@github.com/octo/plan.git",
        "http://github.com/octo/plan",
        "git@github.com:octo/plan.git",
        "git@github.com:octo/plan",
        "github.com:octo/plan.git",
        "ssh://git@github.com/octo/plan.git",
        "ssh://git@github.com:22/octo/plan.git",
        "ssh://git@ssh.github.com:443/octo/plan.git",
        "git://github.com/octo/plan.git",
        "https://GitHub.com/octo/plan.git",
        "  https://github.com/octo/plan.git\n",
    ],
)
def test_the_remote_as_people_write_it(remote):
    assert found(Settings(), remote) == On("octo/plan", "ghp_x")


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.example.com/octo/plan.git",
        "https://github.example.com:8443/octo/plan.git",
        "git@github.example.com:octo/plan.git",
        "ssh://git@github.example.com:7999/octo/plan.git",
    ],
)
def test_an_enterprise_server_is_the_host_of_its_api(remote):
    assert found(Settings(api_url=ENTERPRISE), remote) == On("octo/plan", "ghp_x")
    assert isinstance(found(Settings(), remote), Off), "its token is for github.com"


@pytest.mark.parametrize(
    "remote",
    [
        None,
        "",
        "https://gitlab.com/octo/plan.git",
        "git@bitbucket.org:octo/plan.git",
        "https://github.com.evil.example/octo/plan.git",
        "https://evil.example/github.com/octo/plan.git",
        "https://notgithub.com/octo/plan",
        "git@evil.example:github.com/plan.git",
        "https://github.com@evil.example/octo/plan.git",
        "/srv/git/octo/plan.git",
        "../plan.git",
        "file:///srv/octo/plan.git",
        "https://github.com/octo",
        "https://github.com/octo/plan/issues",
        "https://github.com/octo/pl an",
        "https://github.com/../plan",
    ],
)
def test_another_host_gets_nothing(remote):
    off = found(Settings(), remote)
    assert isinstance(off, Off), off
    assert "no repository is known" in off.why


def test_what_is_written_goes_over_the_environment_and_that_over_git():
    remote = "https://github.com/git/remote"
    assert (
        found(Settings(repository="written/here"), remote, GITHUB_REPOSITORY="in/actions").repository == "written/here"
    )
    assert found(Settings(), remote, GITHUB_REPOSITORY="in/actions").repository == "in/actions"
    assert found(Settings(), remote).repository == "git/remote"


@pytest.mark.parametrize(("enabled", "wanted"), [(None, False), (True, True)])
@pytest.mark.parametrize("token", [None, "", " \n"])
def test_without_a_token_it_is_off_and_says_which_variable(token, enabled, wanted):
    settings = Settings(enabled=enabled, repository="a/b", token="MY_TOKEN")
    off = access(settings, {"MY_TOKEN": token}.get, lambda: None)
    assert off == Off("MY_TOKEN is neither set nor in .env", wanted)


def test_an_app_needs_its_private_key():
    settings = Settings(repository="a/b", app=App(1, "APP_KEY"))
    assert access(settings, TOKEN.get, lambda: None) == Off("APP_KEY is neither set nor in .env", False)
    assert access(settings, {"APP_KEY": "pem"}.get, lambda: None) == On("a/b", "pem")


def test_git_is_not_asked_where_it_is_off_or_known():
    def never() -> None:
        raise AssertionError("git was asked")

    access(Settings(enabled=False), TOKEN.get, never)
    access(Settings(), {}.get, never)
    access(Settings(repository="a/b"), TOKEN.get, never)


@given(st.text())
def test_any_remote_at_all_names_a_repository_or_none(remote):
    told = found(Settings(), remote)
    assert isinstance(told, Off) or told.repository.count("/") == 1


def test_the_secret_is_not_shown():
    assert "ghp_x" not in repr(found(Settings(repository="a/b")))


def test_keys_as_they_are_written():
    assert Settings.of({}) == Settings(api_url=API)
    written = {
        "enabled": True,
        "api_url": f"{ENTERPRISE}/",
        "issues": "phase",
        "labels": ["x"],
        "approvals": {"poll": 5.0},
    }
    told = Settings.of(written)
    assert (told.enabled, told.api_url, told.phase_issues, told.labels, told.poll) == (
        True,
        ENTERPRISE,
        True,
        ("x",),
        5.0,
    )
