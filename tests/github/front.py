"""The HTTP side of both GitHubs: reads a request, keeps the exchange, plays the fault that is due, and answers."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote

from exchanges import Exchange, Exchanges
from fake_faults import Fault, Faults

PREFIX = "/api/v3"
"""Where a GitHub Enterprise Server has its API; both addresses work."""


@dataclass(frozen=True)
class Request:
    """`api` and `web` are the addresses of the API and of the pages as this client sees them."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    api: str
    web: str

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def version_string(self) -> str:
        return "github.com"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.server.front.clock() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: object) -> None:
        """Exchanges are kept; nothing is printed."""

    def handle_any(self) -> None:
        self.server.front.serve(self)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815 - named by http.server

    def write(self, reply: Reply, cut: bool = False) -> None:
        """The answer; `cut` sends half of it and ends the connection."""
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if cut else reply.body)
        self.close_connection = self.close_connection or cut

    def reset(self) -> None:
        """RST instead of an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    front: Front

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away, by `kill -9` for one, is no fault of the server's; anything else is."""
        if not isinstance(sys.exc_info()[1], OSError):
            self.front.crashes.append(traceback.format_exc())


class Front:
    """Listens on a free port of 127.0.0.1, on threads of its own, and lets `answer` say what is true."""

    def __init__(self, answer: Callable[[Request], Reply], clock: Callable[[], float]) -> None:
        self.answer, self.clock = answer, clock
        self.exchanges, self.faults = Exchanges(), Faults()
        self.crashes: list[str] = []
        """Tracebacks of the server's own errors; those of `answer` were answered with 500."""
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.front = self
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.faults.clear()
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler: Handler) -> None:
        """One exchange. It is kept at once, and complete before the client hears the answer."""
        raw, _, query = handler.path.partition("?")
        prefix = PREFIX if raw.startswith(PREFIX + "/") else ""
        path, web = raw.removeprefix(prefix), f"http://{handler.headers.get('Host', self.host)}"
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        request = Request(handler.command, path, query, dict(handler.headers.items()), body, web + prefix, web)
        exchange = Exchange(request.method, path, query, request.headers, body, self.clock())
        rule = self.faults.take(request.method, unquote(path))
        fault, early = (rule.fault, rule.when == "before") if rule else (None, False)
        exchange.fault = fault.name if fault else ""
        self.exchanges.add(exchange)

        slow = fault is not None and fault.kind == "slow"
        if fault and slow and early:
            self.faults.wait(fault.seconds)
        reply = Reply(200, {"Content-Type": "application/json"}, b'{"message": "Nothing was done."}')
        if slow or not early:
            reply = self._answered(request)
            exchange.committed = reply.status < 300 and request.method != "GET"
        if fault and slow and not early:
            self.faults.wait(fault.seconds)
        self._send(handler, exchange, reply, fault)

    def _answered(self, request: Request) -> Reply:
        try:
            return self.answer(request)
        except Exception:  # a bug of the tests must not look like one of GitHub's many moods
            self.crashes.append(traceback.format_exc())
            return Reply(500, {"Content-Type": "application/json"}, b'{"message": "the test server itself failed"}')

    def _send(self, handler: Handler, exchange: Exchange, reply: Reply, fault: Fault | None) -> None:
        """The answer, or the fault in its place."""
        kind = fault.kind if fault else ""
        if fault and kind == "hang":
            self.faults.wait(fault.seconds)
        if kind in ("hang", "reset"):
            handler.reset()
            return
        if fault and kind == "answer":
            reply = Reply(*fault.response(self.clock()))
        exchange.status, exchange.response_headers, exchange.response_body = reply.status, reply.headers, reply.body
        handler.write(reply, cut=kind == "truncated")
