"""The independent GitHub of the tests: `emulate` from npm (Apache-2.0), behind the same front as our own.

It was written by others from GitHub's documentation, so it does not share our misunderstandings. It has issues, labels,
comments, permissions and pages; it lacks commit statuses, reactions, ETags and the limit of 65,536 characters; it takes
every unknown token for somebody's, lets strangers set labels, and says `push` where GitHub says `write`.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from fake_state import Clock
from front import Front, Reply, Request
from npm import kept, node, npm
from people import BOT, ROLES, People, token_of

VERSION = "0.12.2"
ROLE = {"write": "push", "read": "pull"}
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date", "server"}


def installed() -> Path:
    """Its program.

    Raises:
        Unreachable: it is not cached and cannot be fetched.
    """

    def make(folder: Path) -> None:
        folder.mkdir()
        npm(
            f"emulate@{VERSION}", "install", f"emulate@{VERSION}", "--ignore-scripts", "--loglevel=error", folder=folder
        )

    return kept(f"emulate-{VERSION}", make) / "node_modules" / "emulate" / "dist" / "index.js"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Emulator(People):
    """One process for a whole test run; `anew` gives each test an empty repository.

    Raises:
        Unreachable: Node or the package cannot be had.
    """

    def __init__(self, folder: Path, repository: str = "octo/plan") -> None:
        self.repository, (self.owner, _, self.name) = repository, repository.partition("/")
        self._front = Front(self._forwarded, Clock())
        self.exchanges, self.faults, self.crashes = self._front.exchanges, self._front.faults, self._front.crashes
        self.base_url = f"http://{self._front.host}"
        self._port = free_port()
        self._log = folder / "emulate.log"
        seed = folder / "seed.json"
        logins = [self.owner, *ROLES, BOT]
        seed.write_text(
            json.dumps(
                {
                    "tokens": {token_of(login): {"login": login, "scopes": ["repo"]} for login in logins},
                    "github": {
                        "users": [{"login": login} for login in logins],
                        "repos": [{"owner": self.owner, "name": self.name}],
                    },
                }
            )
        )
        argv = [str(node()), str(installed()), "--service", "github", "--seed", str(seed)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*argv, "--port", str(self._port), "--base-url", self.base_url],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Emulator:
        deadline = time.monotonic() + 100
        while True:
            try:
                if self._sent("GET", "/rate_limit", {}, b"").ok:
                    break
            except (requests.ConnectionError, requests.Timeout):
                pass
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)
        self._front.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._front.stop()
        self._process.terminate()
        self._process.wait(100)

    def comment(self, number: int, login: str, body: str) -> int:
        """Its id. The emulator takes the time twice, so that a comment may look edited from the start: then once more."""
        while True:
            made = self.did(login, "POST", f"/issues/{number}/comments", {"body": body})
            if made["created_at"] == made["updated_at"]:
                return int(made["id"])
            self.delete_comment(int(made["id"]), login)

    def anew(self) -> Emulator:
        """An empty repository, with everybody in their first role; no exchanges, no faults."""
        path = f"/repos/{self.repository}"
        self.ask(self.owner, "DELETE", path)
        status, data = self.ask(self.owner, "POST", "/user/repos", {"name": self.name})
        assert status == 201, data
        for login, role in {**ROLES, BOT: "write"}.items():
            self.user(login, role)
        self.faults.clear()
        self.exchanges.clear()
        self.crashes.clear()
        return self

    def user(self, login: str, role: str = "none") -> str:
        """Gives one of the people another role in the repository; their token."""
        path = f"/repos/{self.repository}/collaborators/{quote(login)}"
        if role == "none":
            self.ask(self.owner, "DELETE", path)
        else:
            status, data = self.ask(self.owner, "PUT", path, {"permission": ROLE.get(role, role)})
            assert status < 300, data
        return token_of(login)

    def ask(self, login: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"token {token_of(login)}", "Content-Type": "application/json"}
        answer = self._sent(method, path, headers, b"" if body is None else json.dumps(body).encode())
        return answer.status_code, answer.json() if answer.content else None

    def _sent(self, method: str, target: str, headers: dict[str, str], body: bytes) -> requests.Response:
        """A request to the process itself, which must see the front's Host: its links are built from it."""
        url = f"http://127.0.0.1:{self._port}{target}"
        mine = {**headers, "Host": self._front.host}
        return requests.request(method, url, headers=mine, data=body, timeout=100, allow_redirects=False)

    def _forwarded(self, request: Request) -> Reply:
        target = request.path + (f"?{request.query}" if request.query else "")
        kept_headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        answer = self._sent(request.method, target, kept_headers, request.body)
        headers = {
            "-".join(part.capitalize() for part in name.split("-")): value
            for name, value in answer.headers.items()
            if name.lower() not in HOP_BY_HOP
        }
        return Reply(answer.status_code, headers, answer.content)
