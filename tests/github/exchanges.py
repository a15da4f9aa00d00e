"""What went over the wire, as both GitHubs of the tests keep it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

WRITES = ("POST", "PATCH", "PUT", "DELETE")


@dataclass(eq=False)
class Exchange:
    """A request, and the answer once there is one.

    status is None while there is no answer and when the connection was broken instead; `fault` names the fault that
    was played, `committed` says whether the request changed the server all the same.
    """

    method: str
    path: str
    """Without the prefix /api/v3 and without the query."""
    query: str
    request_headers: dict[str, str]
    request_body: bytes
    at: float
    """Seconds since the epoch, by the server's clock."""
    status: int | None = None
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: bytes = b""
    fault: str = ""
    committed: bool = False

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        """What was sent."""
        return json.loads(self.request_body)

    @property
    def answer(self) -> Any:
        """What came back."""
        return json.loads(self.response_body)

    def __repr__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        fault = f" [{self.fault}{', committed' if self.committed else ''}]" if self.fault else ""
        return f"{self.method} {self.path}{query} → {self.status}{fault}"


class Exchanges:
    """Every exchange of a server in the order in which the requests came."""

    def __init__(self) -> None:
        self._all: list[Exchange] = []
        self._lock = threading.Lock()

    def add(self, exchange: Exchange) -> None:
        with self._lock:
            self._all.append(exchange)

    def __iter__(self) -> Iterator[Exchange]:
        with self._lock:
            return iter(list(self._all))

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return "\n" + "\n".join(map(repr, self))

    def matching(self, method: str = "", path: str = "") -> list[Exchange]:
        """Those of this method whose path the regular expression finds."""
        return [one for one in self if (not method or one.method == method) and re.search(path, one.path)]

    def writes(self, path: str = "") -> list[Exchange]:
        """Those that ask for a change."""
        return [one for one in self.matching(path=path) if one.method in WRITES]

    def reads(self, path: str = "") -> list[Exchange]:
        return [one for one in self.matching(path=path) if one.method not in WRITES]

    def clear(self) -> None:
        with self._lock:
            self._all.clear()
