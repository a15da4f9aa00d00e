"""An S3 on loopback: moto's server, a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

KEY, SECRET = "AKIA-of-the-tests", "a-secret-of-the-tests"


@dataclass(frozen=True)
class S3:
    """Where it is, and who may use it."""

    endpoint: str

    def bucket(self, name: str) -> str:
        """A new bucket's URL."""
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")
        urllib.request.urlopen(request, timeout=100).close()
        return f"s3://{name}"

    @property
    def options(self) -> dict[str, str]:
        """What s3fs has to know."""
        return {"endpoint_url": self.endpoint, "key": KEY, "secret": SECRET}


@contextlib.contextmanager
def s3_server(until: Callable[[Callable[[], bool], float], None]) -> Iterator[S3]:
    """Running, until it is left."""
    claim = socket.socket()  # keeps the port from being given to anybody else; who listens may share it
    claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    claim.bind(("127.0.0.1", 0))
    port = claim.getsockname()[1]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = S3(f"http://127.0.0.1:{port}")
        until(lambda: _answers(server, process), 100.0)
        yield server
    finally:
        process.kill()
        process.wait()
        claim.close()


def _answers(server: S3, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the S3 of the tests ended"
    try:
        with urllib.request.urlopen(f"{server.endpoint}/moto-api/data.json", timeout=5) as answer:
            return isinstance(json.load(answer), dict)
    except OSError:
        return False
