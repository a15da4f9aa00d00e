"""A GitHub of our own on 127.0.0.1: over HTTP, stateful, with people who act and faults on request.

    with FakeGitHub() as github:
        ...                       # a `doit` with api_url=github.base_url and the token github.token
        github.comment(1, "alice", "/approve simulate 3f2a9c1")
        assert len(github.exchanges.writes()) == 2

It lives in the process that started it, on threads of its own, and so outlives any doit that is killed. Nothing in it
knows of phasegate. What it says is checked against GitHub's own description by contract.py.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from fake_api import Api
from fake_auth import App, Tokens
from fake_limits import Limits
from fake_state import Actor, Clock, Repository, World
from front import Front, Reply, Request
from people import BOT, ROLES, People, token_of


class FakeGitHub(People):
    """The server, and what a test does to it beyond what people do."""

    def __init__(self, clock: Callable[[], float] | None = None, repository: str = "octo/plan") -> None:
        self.clock = clock or Clock()
        self.world, self.tokens, self.limits = World(self.clock), Tokens(), Limits()
        self.repository = repository
        self._api, self._requests = Api(self.world, self.tokens, self.limits), itertools.count(1)
        self._front = Front(self._answer, self.clock)
        self.exchanges, self.faults, self.crashes = self._front.exchanges, self._front.faults, self._front.crashes
        self.base_url = f"http://{self._front.host}"
        self.world.person(repository.partition("/")[0], "Organization")
        self.add_repository(repository)
        for login, role in ROLES.items():
            self.user(login, role)
        self.user(BOT, "write", "Bot")

    def __enter__(self) -> FakeGitHub:
        self._front.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._front.stop()

    # --- what there is

    def add_repository(self, name: str, **facts: Any) -> Repository:
        """One more; `facts` are fields of `Repository`, such as private, has_issues, archived."""
        with self.world.lock:
            owner, _, short = name.partition("/")
            made = self.world.repositories[name.lower()] = Repository(next(self.world.ids), owner, short, **facts)
            return made

    @property
    def repo(self) -> Repository:
        """The plan's repository, to look into or to change."""
        return self.world.repositories[self.repository.lower()]

    def user(self, login: str, role: str = "none", kind: str = "User", token: str = "", **permissions: str) -> str:
        """An account with this role in the repository (again: a new role), and a token of it, which is returned.

        With `permissions`, such as issues="read", the token is a fine-grained one that may no more than that.
        """
        with self.world.lock:
            self.world.person(login, kind)
            self.repo.roles[login.lower()] = role
            secret = token or token_of(login)
            self.tokens.add(secret, Actor(login, permissions=permissions or None))
            return secret

    def team(self, slug: str, **members: str) -> None:
        """A team of the repository's owner: login → state, `active` or `pending`."""
        with self.world.lock:
            self.world.teams[self.repo.owner, slug] = {
                login.lower(): ("member", state) for login, state in members.items()
            }

    def app(self, **permissions: str) -> App:
        """A GitHub App that is installed on the repository's owner."""
        with self.world.lock:
            wanted = permissions or {"metadata": "read", "issues": "write", "statuses": "write"}
            number = 4000 + len(self.tokens.apps)
            made = App(number, f"phasegate-app-{number}", self.repo.owner, number * 10, wanted)
            self.tokens.apps[made.slug] = made
            self.world.person(made.login, "Bot")
            return made

    def pull(self, login: str, title: str, body: str = "") -> int:
        """A pull request, which every list of issues has as well; its number."""
        with self.world.lock:
            return self.world.create_issue(self.repo, Actor(login), title, body, [], pull=True).number

    def stale_lists(self, lists: int) -> None:
        """What is created from now on is missing in the next so many lists of its kind."""
        with self.world.lock:
            self.world.lag = lists

    def reactions(self, comment: int) -> list[tuple[str, str]]:
        """(login, content) of each reaction to a comment."""
        return [(one.login, one.content) for one in self.repo.comments[comment].reactions]

    def statuses(self, sha: str) -> dict[str, str]:
        """Context → state of a commit."""
        return {one.context: one.state for one in self.repo.statuses if one.sha == sha}

    def ask(self, login: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
        parts, sent = urlsplit(path), b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {token_of(login)}"}
        request = Request(method, parts.path, parts.query, headers, sent, self.base_url, self.base_url)
        shown = self._api.answer(request, fresh=True)
        return shown.status, shown.data

    def _answer(self, request: Request) -> Reply:
        answer = self._api.answer(request)
        body, headers = answer.body, {"X-GitHub-Media-Type": "github.v3; format=json", **answer.headers}
        headers["X-GitHub-Request-Id"] = f"{next(self._requests):04X}:1:1:1:1"
        return Reply(
            answer.status, headers | ({"Content-Type": "application/json; charset=utf-8"} if body else {}), body
        )
