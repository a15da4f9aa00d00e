"""The chain that runs through the journal: each entry holds a hash over itself and the hash of the one before. Pure.

Whoever edits, removes or moves an entry would have to write every hash after it anew. Who can write the file can do
that, so a chain proves nothing to somebody who does not know its newest hash from elsewhere: what it finds is the
careless and the accidental. That the newest entries were cut off shows by SQLite's own count alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ..plan import canonical


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it is stored."""

    seq: int
    fields: tuple[object, ...]
    """All that it says."""
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain does not hold."""

    seq: int
    """The entry."""
    what: str
    """`edited`, `removed` or `moved`."""
    detail: str


MOST = 20
"""Breaks that are told: of more the file as a whole is no record of anything."""


def link(before: str, fields: Sequence[object]) -> str:
    """The hash of an entry, after the hash of the one before it, which is empty for the first."""
    return hashlib.sha256(f"{before}\n{canonical(list(map(_text, fields)))}".encode()).hexdigest()


def _text(field: object) -> str:
    return field if isinstance(field, str) else repr(field)


def broken_links(links: Sequence[Link], last_seq: int) -> list[Break]:
    """Where entries were edited, removed or moved, in their order; at most MOST of them.

    Args:
        links: oldest first.
        last_seq: the number of the newest entry that was ever written.
    """
    breaks: list[Break] = []
    written = {"": 0, **{entry.hash: entry.seq for entry in links}}
    before, expected = "", 1
    for entry in links:
        if len(breaks) >= MOST:
            break
        if entry.seq > expected:
            breaks.append(_removed(expected, entry.seq - 1))
        if link(before, entry.fields) != entry.hash:
            followed = next((seq for hash_, seq in written.items() if link(hash_, entry.fields) == entry.hash), None)
            if followed is not None:
                detail = f"it was written after what is entry {followed} now" if followed else "it was the first entry"
                breaks.append(Break(entry.seq, "moved", detail))
            elif entry.seq == expected:
                breaks.append(Break(entry.seq, "edited", "it, or the entry before it, is not what was written"))
        before, expected = entry.hash, entry.seq + 1
    else:
        if last_seq >= expected:
            breaks.append(_removed(expected, last_seq))
    return breaks[:MOST]


def _removed(first: int, last: int) -> Break:
    return Break(first, "removed", "it is gone" if first == last else f"it and all up to {last} are gone")
