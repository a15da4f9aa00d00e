"""What people said about digests, beside the contents: one object for each answer, none of which is ever changed.

Who takes an answer back adds that; so two who write at once lose nothing, and nobody has to be able to delete.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from phases.storage import Absent, OtherSize, Storage

from ..plan import canonical
from ..state.votes import POLICY, Answer, Vote
from .key import FORMAT

CHANNEL = "cache"
"""Of a vote that came from here."""
REVOKE = "revoke"
LARGEST, MOST, LONGEST = 100_000, 1000, 2000
"""Bytes of one answer, answers to one digest that are read (the newest), and characters of each text."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of one person to one digest."""

    phase: str
    digest: str
    answer: str
    """What a Vote says, or REVOKE: all that was said before is taken back."""
    by: str
    source: str
    reason: str
    at: float
    """Seconds since 1970."""
    criterion: str = ""
    until: float | None = None
    role: str = ""

    @classmethod
    def of(cls, vote: Vote) -> Said:
        """A vote as it is kept."""
        return cls(
            vote.phase,
            vote.digest,
            vote.answer.value,
            vote.by,
            vote.source,
            vote.reason,
            vote.at,
            vote.criterion,
            vote.until,
            vote.role,
        )


def shared(votes: Iterable[Vote], digest: str) -> list[Said]:
    """Those of these votes that others should know: given by people, here, to this digest."""
    return [Said.of(vote) for vote in votes if vote.digest == digest and vote.channel not in (POLICY, CHANNEL)]


def standing(said: Iterable[Said]) -> tuple[list[Said], Said | None]:
    """The answers that nobody took back or replaced, oldest first; and the newest REVOKE."""
    ordered = sorted(said, key=lambda one: one.at)
    revoked = next((one for one in reversed(ordered) if one.answer == REVOKE), None)
    newest = {
        (one.by.lower(), one.criterion): one
        for one in ordered
        if one.answer != REVOKE and (revoked is None or one.at > revoked.at)
    }
    return sorted(newest.values(), key=lambda one: one.at), revoked


class Ballots:
    """Reads and writes what people said.

    Raises:
        StorageError: from every method, where the storage cannot do it.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(self, said: Said) -> None:
        """Keep an answer; one that is there already stays as it is."""
        content = _to_bytes(said)
        name = f"{int(said.at * 1000):015}-{hashlib.sha256(content).hexdigest()[:16]}.json"
        key = f"{_folder(said.digest)}/{name}"
        if self._storage.size(key) is None:
            self._storage.write(key, content)

    def of(self, phase: str, digest: str) -> list[Said]:
        """What was said about exactly this; what cannot be read was not said."""
        folder = _folder(digest)
        names = self._storage.names(folder)[-MOST:]
        found = (self._read(f"{folder}/{name}") for name in names if name.endswith(".json"))
        return [said for said in found if said is not None and (said.phase, said.digest) == (phase, digest)]

    def _read(self, key: str) -> Said | None:
        try:
            return _from_bytes(self._storage.read(key, LARGEST))
        except (Absent, OtherSize, ValueError, TypeError, RecursionError):
            return None


def _folder(digest: str) -> str:
    return f"v{FORMAT}/votes/{digest[:2]}/{digest}"


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def _to_bytes(said: Said) -> bytes:
    body = asdict(said)
    return canonical({**body, "checksum": _checksum(body)}).encode()


def _from_bytes(content: bytes) -> Said:
    """ValueError or TypeError for anything that is no answer."""
    body = json.loads(content)
    if not isinstance(body, dict) or body.pop("checksum", None) != _checksum(body):
        raise ValueError("checksum")
    said = Said(**body)
    texts = (said.phase, said.digest, said.answer, said.by, said.source, said.reason, said.criterion, said.role)
    if not all(isinstance(text, str) and len(text) <= LONGEST for text in texts) or not said.by:
        raise TypeError(texts)
    if said.answer not in (REVOKE, *(answer.value for answer in Answer)):
        raise ValueError(said.answer)
    for moment in (said.at, 0 if said.until is None else said.until):
        if isinstance(moment, bool) or not 0 <= moment < 2**53:
            raise ValueError(moment)
    return said
