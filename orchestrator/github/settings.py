"""config/github.yaml, and whether there is a GitHub to talk to: a decision over what is set and what git says. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ..secrets import TOKEN

API = "https://api.github.com"
NAME = r"[A-Za-z0-9][\w-]*/[\w.-]+"
"""`owner/name`."""
POLL = 30.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App in the place of a token."""

    id: int
    private_key: str
    """The name of the environment variable with the PEM text."""
    installation: int | None = None
    """None: the one that the repository has."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked for."""

    enabled: bool | None = None
    """None: where a token and a repository are known."""
    repository: str = ""
    api_url: str = API
    token: str = TOKEN
    app: App | None = None
    phase_issues: bool = False
    labels: tuple[str, ...] = ()
    statuses: bool = False
    permission: str = "write"
    users: tuple[str, ...] = ()
    poll: float = POLL
    """Seconds between two looks for comments under `--wait`."""

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Settings:
        """The settings that validated keys of github.yaml ask for, durations in seconds."""
        approvals = written.get("approvals") or {}
        app = written.get("app")
        enabled = written.get("enabled", "auto")
        return cls(
            enabled=None if enabled == "auto" else bool(enabled),
            repository=str(written.get("repository") or ""),
            api_url=str(written.get("api_url") or API).rstrip("/"),
            token=str(written.get("token") or TOKEN),
            app=App(int(app["id"]), app["private_key"], app.get("installation")) if app else None,
            phase_issues=written.get("issues") == "phase",
            labels=tuple(written.get("labels") or ()),
            statuses=bool(written.get("statuses")),
            permission=str(approvals.get("permission") or "write"),
            users=tuple(approvals.get("users") or ()),
            poll=float(approvals.get("poll") or POLL),
        )

    @property
    def secret(self) -> str:
        """The name of the environment variable that holds what nobody else may read."""
        return self.app.private_key if self.app else self.token


@dataclass(frozen=True, slots=True)
class On:
    """There is a GitHub to talk to."""

    repository: str
    secret: str

    def __repr__(self) -> str:
        """Without the secret: tracebacks with locals print this."""
        return f"On({self.repository!r})"


@dataclass(frozen=True, slots=True)
class Off:
    """There is none."""

    why: str
    wanted: bool
    """`enabled: true` asks for it, so that somebody should be told at every run."""


Access: TypeAlias = On | Off


def access(settings: Settings, variable: Callable[[str], str | None], remote: Callable[[], str | None]) -> Access:
    """Whether GitHub is on, and where.

    Args:
        variable: the value of an environment variable, `.env` included.
        remote: the URL of git's remote; asked only when nothing else names the repository.
    """
    wanted = settings.enabled is True
    if settings.enabled is False:
        return Off("config/github.yaml says enabled: false", False)
    secret = variable(settings.secret)
    if not secret or not secret.strip():
        return Off(f"{settings.secret} is neither set nor in .env", wanted)
    repository = settings.repository or variable("GITHUB_REPOSITORY") or _of_remote(remote() or "", settings.api_url)
    if not re.fullmatch(NAME, repository):
        return Off(
            "no repository is known: neither config/github.yaml, GITHUB_REPOSITORY nor git's remote has it", wanted
        )
    return On(repository, secret.strip())


def _of_remote(url: str, api_url: str) -> str:
    """`owner/name` from `git@github.com:owner/name.git` and its kin, where that is the host of the API."""
    api = urlsplit(api_url).hostname or ""
    host = "github.com" if api == "api.github.com" else api
    match = re.fullmatch(rf"(?:\w+://)?(?:[^@/]*@)?([^/:]+)(?::\d+)?[:/]/?({NAME})/?", url.strip())
    if match is None or match[1].lower() not in (host, f"ssh.{host}"):
        return ""
    return match[2].removesuffix(".git")
