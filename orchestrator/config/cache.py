"""`cache` of orchestrator.yaml → where the shared cache is, and what is wrong with it beyond the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from criteria import duration

from ..plan import SharedCache
from ..secrets import is_secret
from ..variables import references
from .findings import At, Desk

SHORTEST_CREDENTIAL = 16
"""Characters. What is shorter under a name like `token` is a word that the protocol's class knows, such as `cloud`."""
PASSWORD = re.compile("://[^/@]*:[^/@]+@")
ELSEWHERE = "write ${NAME}, and put the value into .env or the environment"
TIMEOUT, WAIT = 10.0, 60.0
"""Seconds, where nothing is written."""


def cache(desk: Desk) -> SharedCache | None:
    """The cache; None where none is written."""
    written = desk.orchestrator.data.get("cache")
    if not written:
        return None
    options = written.get("options") or {}
    for at, text in texts(options):
        if is_secret(str(at[-1])) and len(text) >= SHORTEST_CREDENTIAL and not references(text):
            message = f"the option {at[-1]} is written here, where everybody reads it"
            desk.found.add(desk.orchestrator, ["cache", "options", *at], message, ELSEWHERE)
    if PASSWORD.search(written["url"]) and not references(written["url"]):
        message = "the URL has a password in it, where everybody reads it"
        desk.found.add(desk.orchestrator, ["cache", "url"], message, ELSEWHERE)
    timeout, wait = duration(written.get("timeout", TIMEOUT)), duration(written.get("wait", WAIT))
    if not timeout:
        desk.found.add(desk.orchestrator, ["cache", "timeout"], "in no time nothing answers", "allow it some seconds")
    return SharedCache(
        url=str(written["url"]),
        read=bool(written.get("read", True)),
        write=bool(written.get("write", True)),
        approvals=bool(written.get("approvals", True)),
        options=options,
        salt=str(written.get("salt", "")),
        timeout=timeout,
        wait=wait,
        place=desk.orchestrator.place(["cache", "url"]),
    )


def texts(value: Any, at: At = ()) -> Iterator[tuple[At, str]]:
    """The texts in a value, each with its place there."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, (Mapping, list)):
        inner = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, found in inner:
            yield from texts(found, (*at, key))
