"""A webhook's server, happenings, and triggers with little to write."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orchestrator.triggers.model import Happening, Trigger

PLACE = "config/orchestrator.yaml:4:5"


class Hooks(ThreadingHTTPServer):
    """A server that notes what it gets, and answers with the next of `statuses`, at the end with 200."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.headers: dict[str, str] = {}
        self.drips = False
        """It sends headers without end."""
        self.silent = False
        """It answers nothing."""
        self.asked, self.over = threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def handle_error(self, request, client_address) -> None:
        """Clients that are gone are meant."""


class Handler(BaseHTTPRequestHandler):
    server: Hooks

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        self.server.asked.set()
        if self.server.silent:
            self.server.over.wait()
        if self.server.drips:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not self.server.over.wait(0.01):
                self.wfile.write(b"x")
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        self.server.got.append((self.path, dict(self.headers), b""))

    def log_message(self, *args: object) -> None:
        """Not to the terminal."""


@pytest.fixture
def hooks(monkeypatch):
    """A running server."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Hooks() as server:
        thread = threading.Thread(target=lambda: server.serve_forever(0.01))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def gone():
    """Has a process ended? So has one whose exit status nobody took. Needs /proc."""

    def gone(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    return gone


@pytest.fixture
def trigger():
    """Makes triggers: what is left out is as for `on: "*"` alone."""

    def trigger(on: str = "*", **more) -> Trigger:
        rest = {"phases": (), "run": None, "webhook": None, "timeout": 30.0, "secret": None, "place": PLACE}
        return Trigger(on, **{**rest, **more})

    return trigger


@pytest.fixture
def happening():
    """Makes happenings."""

    def happening(event: str = "phase.failed", phase: str | None = "train_a", **data) -> Happening:
        return Happening(event, "flights", "20260101T000000-00c0ffee", 1767225600.5, phase, data)

    return happening
