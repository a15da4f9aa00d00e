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
import os
import socket
import struct
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from exchanges import Exchange, Exchanges
from fake_api import Answer, Api, Request
from fake_auth import App, Tokens
from fake_faults import Fault, Faults
from fake_limits import Limits
from fake_state import Actor, Clock, Repository, World
from people import BOT, ROLES, People, token_of

PREFIX = "/api/v3"
"""Where a GitHub Enterprise Server has its API; both addresses work."""


class Handler(BaseHTTPRequestHandler):
    """Reads a request, plays the fault that is due, and writes the answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def version_string(self) -> str:
        return "github.com"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.server.github.clock() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: object) -> None:
        """Exchanges are kept; nothing is printed."""

    def handle_any(self) -> None:
        self.server.github.serve(self)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815 - named by http.server

    def write(self, status: int, headers: dict[str, str], body: bytes, cut: bool = False) -> None:
        """The answer; `cut` sends half of it and ends the connection."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def reset(self) -> None:
        """RST instead of an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    github: FakeGitHub

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away, by `kill -9` for one, is no fault of the server's."""


class FakeGitHub(People):
    """The server, and what a test does to it beyond what people do."""

    def __init__(self, clock: Callable[[], float] | None = None, repository: str = "octo/plan") -> None:
        self.clock = clock or Clock()
        self.world, self.tokens, self.limits = World(self.clock), Tokens(), Limits()
        self.exchanges, self.faults = Exchanges(), Faults()
        self.crashes: list[str] = []
        """Tracebacks of this server's own errors, each of which was answered with 500."""
        self.repository = repository
        self._api, self._requests = Api(self.world, self.tokens, self.limits), itertools.count(1)
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.github = self
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.world.person(repository.partition("/")[0], "Organization")
        self.add_repository(repository)
        for login, role in ROLES.items():
            self.user(login, role)
        self.user(BOT, "write", "Bot")

    def __enter__(self) -> FakeGitHub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.faults.clear()
        self._server.shutdown()
        self._server.server_close()

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

    # --- over HTTP

    def serve(self, handler: Handler) -> None:
        """One exchange. It is kept at once, and complete before the client hears the answer."""
        raw, _, query = handler.path.partition("?")
        prefix = PREFIX if raw.startswith(PREFIX + "/") else ""
        path, host = raw.removeprefix(prefix), handler.headers.get("Host", urlsplit(self.base_url).netloc)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = dict(handler.headers.items())
        exchange = Exchange(handler.command, path, query, headers, body, self.clock())
        rule = self.faults.take(handler.command, unquote(path))
        fault, early = (rule.fault, rule.when == "before") if rule else (None, False)
        exchange.fault = fault.name if fault else ""
        self.exchanges.add(exchange)

        if fault and fault.kind == "slow" and early:
            self.faults.wait(fault.seconds)
        answer = Answer(200, {"message": "Nothing was done."})
        if not early or (fault and fault.kind == "slow"):
            request = Request(handler.command, path, query, headers, body, f"http://{host}{prefix}", f"http://{host}")
            answer = self.answer(request)
            exchange.committed = answer.status < 300 and handler.command != "GET"
        if fault and fault.kind == "slow" and not early:
            self.faults.wait(fault.seconds)
        self.reply(handler, exchange, answer, fault)

    def answer(self, request: Request) -> Answer:
        try:
            return self._api.answer(request)
        except Exception:  # a bug of this server must not look like one of GitHub's many moods
            self.crashes.append(traceback.format_exc())
            return Answer(500, {"message": "the fake server itself failed"})

    def reply(self, handler: Handler, exchange: Exchange, answer: Answer, fault: Fault | None) -> None:
        """The answer, or the fault in its place."""
        kind = fault.kind if fault else ""
        if fault and kind in ("hang", "reset"):
            if kind == "hang":
                self.faults.wait(fault.seconds)
            return handler.reset()
        status, headers, body = answer.status, answer.headers, answer.body
        headers = {"Content-Type": "application/json; charset=utf-8"} | headers if body else headers
        if fault and kind == "answer":
            status, headers, body = fault.response(self.clock())
        headers["X-GitHub-Request-Id"] = f"{next(self._requests):04X}:1:1:1:1"
        headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        exchange.status, exchange.response_headers, exchange.response_body = status, headers, body
        return handler.write(status, headers, body, cut=kind == "truncated")
