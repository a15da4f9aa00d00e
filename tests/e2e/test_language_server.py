"""What an editor makes of the files that `doit init` writes: the real yaml-language-server, without a network.

Skipped where that is not on PATH (npm install yaml-language-server).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


class Server:
    """A language server on its standard input and output."""

    def __init__(self, path: str, folder: Path) -> None:
        self.process = subprocess.Popen(
            [path, "--stdio"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.number = 0
        can = {"workspace": {"configuration": True}, "textDocument": {"completion": {}, "hover": {}}}
        self.ask("initialize", processId=None, rootUri=None, capabilities=can)
        self.tell("initialized")
        settings = {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}
        self.tell("workspace/didChangeConfiguration", settings={"yaml": settings})

    def send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method: str, **params: Any) -> None:
        self.send(method=method, params=params)

    def receive(self) -> dict[str, Any]:
        length = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message = json.loads(self.process.stdout.read(length))
        if "method" in message and "id" in message:
            asked = message["params"].get("items", []) if isinstance(message.get("params"), dict) else []
            self.send(id=message["id"], result=[{} for _ in asked] if "configuration" in message["method"] else None)
        return message

    def ask(self, method: str, **params: Any) -> Any:
        self.number += 1
        self.send(id=self.number, method=method, params=params)
        while (message := self.receive()).get("id") != self.number or "method" in message:
            pass
        return message.get("result")

    def problems(self, path: Path, text: str) -> list[str]:
        """Open a text in the place of a file; what is wrong with it, each with its line."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)
        while (message := self.receive()).get("method") != "textDocument/publishDiagnostics":
            pass
        return [f"{one['range']['start']['line'] + 1}: {one['message']}" for one in message["params"]["diagnostics"]]

    def at(self, method: str, path: Path, line: int, column: int) -> Any:
        position = {"line": line - 1, "character": column - 1}
        return self.ask(f"textDocument/{method}", textDocument={"uri": path.as_uri()}, position=position)


@pytest.fixture
def server(new_project):
    path = shutil.which("yaml-language-server")
    if path is None:
        pytest.skip("yaml-language-server is not installed")
    project = new_project("edited")
    project.doit("init").ended(0)
    started = Server(path, project.root)
    started.config = project.root / "config"
    yield started
    started.process.kill()
    started.process.wait()


def test_the_starter_is_right(server):
    for kind in ("phases", "criteria", "orchestrator", "github"):
        path = server.config / f"{kind}.yaml"
        assert server.problems(path, path.read_text()) == []


def test_mistakes_are_told_in_our_words(server):
    head = "# yaml-language-server: $schema=schemas/phases.schema.json\n"
    text = f"{head}phases:\n  a:\n    run: x\n    call: m:f\n    timeout: soon\n    inptus: []\n"
    found = server.problems(server.config / "phases.yaml", text)
    assert "6: a duration such as 90, 90s or 5m belongs here" in found
    assert "7: Property inptus is not allowed." in found
    assert "5: does not go with run" in found


def test_keys_are_offered_and_explained(server):
    path = server.config / "phases.yaml"
    text = "# yaml-language-server: $schema=schemas/phases.schema.json\nphases:\n  a:\n    run: x\n    \n"
    server.problems(path, text)
    offered = server.at("completion", path, 5, 5)
    items = offered["items"] if isinstance(offered, dict) else offered
    assert {"inputs", "outputs", "approval", "timeout"} <= {item["label"] for item in items}
    assert "The work: a shell script (text) or an argv (list)" in str(server.at("hover", path, 4, 6))
