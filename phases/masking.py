"""Secrets replaced by `***`, in texts and in streams of bytes, in every spelling in which programs usually print them.

What is masked, exactly: every character that belongs to an occurrence of a spelling, also where occurrences overlap.
Occurrences that overlap, directly or through others between them, become one `***`; occurrences that only touch become
one each. So the order of spellings means nothing, no rest of a secret remains beside a mask, and a stream can decide it
piece by piece. A spelling without a `*` never occurs in the result.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import AnyStr, TypeAlias
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 6
"""Characters. What is shorter stands in too many texts by chance: it is not masked."""
SHORTEST_MARK = 4
"""Characters. A shorter mark would be found nearly everywhere, and so save no search."""

Family: TypeAlias = tuple[AnyStr, tuple[AnyStr, ...]]
"""A mark, and spellings that all contain it: where the mark is not, none of them is."""


class Masker:
    """Knows the spellings of some secrets. Immutable: several threads may use it at once.

    Values of fewer than 6 characters, or of white space alone, are left out. Each line of a value that has 6 or more
    counts as a value, without the white space around it, because programs print lines. False when nothing is left to
    mask: then everything passes as it is.
    """

    __slots__ = ("_beginnings", "_families", "_heads", "_longest", "_text_families")

    def __init__(self, values: Iterable[str]) -> None:
        spellings = sorted({spelling for value in _parts(values) for spelling in _spellings(value)}, key=_by_length)
        self._text_families = _families(spellings)
        self._families = tuple((_encode(mark), tuple(map(_encode, family))) for mark, family in self._text_families)
        raw = [_encode(spelling) for spelling in spellings]
        self._longest = max(map(len, raw), default=0)
        self._beginnings = frozenset(spelling[:size] for spelling in raw for size in range(1, SHORTEST))
        heads = sorted({spelling[:SHORTEST] for spelling in raw})
        self._heads = tuple((head, tuple(one for one in raw if one.startswith(head))) for head in heads)

    def __bool__(self) -> bool:
        return bool(self._families)

    def text(self, text: str) -> str:
        """The text with every secret masked."""
        runs = _runs(text, self._text_families)
        return _masked(text, runs, 0, len(text), MASK)[0] if runs else text

    def stream(self) -> MaskedStream:
        """A new stream; each has a state of its own."""
        return MaskedStream(self)

    def _undecided(self, data: bytes) -> int:
        """Where the longest end of the data begins that is a proper beginning of a spelling; the length if none is."""
        size = len(data)
        first = max(0, size - self._longest + 1)
        earliest = size
        for head, spellings in self._heads:
            at = data.find(head, first, earliest + SHORTEST - 1)
            while at != -1:
                rest = data[at:]
                if any(spelling.startswith(rest) and len(spelling) > len(rest) for spelling in spellings):
                    earliest = at
                    break
                at = data.find(head, at + 1, earliest + SHORTEST - 1)
        if earliest < size:
            return earliest
        return next((at for at in range(max(0, size - SHORTEST + 1), size) if data[at:] in self._beginnings), size)


class MaskedStream:
    """One stream of bytes on its way through a masker, for one thread.

    It holds back only the longest end of what it got that may become a secret, so a line is shown when it is there.
    The result does not depend on where the chunks are cut. Memory: a few times the chunk and the longest spelling.
    """

    __slots__ = ("_given", "_held", "_masker")

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = b""
        self._given = 0
        """How many of the held bytes belong to a mask that was given out already."""

    def feed(self, chunk: bytes) -> bytes:
        """What can be shown now, with secrets masked."""
        if not self._masker:
            return chunk
        data = self._held + chunk if self._held else chunk
        return self._show(data, self._masker._undecided(data))

    def flush(self) -> bytes:
        """The rest, once the stream has ended; then it may begin again."""
        return self._show(self._held, len(self._held))

    def _show(self, data: bytes, until: int) -> bytes:
        runs = _runs(data, self._masker._families)
        shown, self._given = _masked(data, runs, self._given, until, MASK.encode())
        self._held = data[until:]
        return shown


def _masked(data: AnyStr, runs: Sequence[tuple[int, int]], given: int, until: int, mask: AnyStr) -> tuple[AnyStr, int]:
    """The data up to `until`, with runs that begin before it masked; and how far the last mask reaches beyond it.

    `given`: the first bytes that belong to a mask which was given out before, and which a run may continue.
    """
    shown = []
    at = given
    for start, end in runs:
        if start >= until:
            break
        if start >= at:
            shown += [data[at:start], mask]
        at = max(at, end)
    shown.append(data[at:until])
    return data[:0].join(shown), max(0, at - until)


def _runs(data: AnyStr, families: Iterable[Family[AnyStr]]) -> list[tuple[int, int]]:
    """Start and end of all that must be masked, in order; none overlaps another."""
    found = [run for mark, family in families if mark in data for one in family for run in _occurrences(data, one)]
    runs: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if runs and start < runs[-1][1]:
            start, end = runs[-1][0], max(end, runs.pop()[1])
        runs.append((start, end))
    return runs


def _occurrences(data: AnyStr, spelling: AnyStr) -> Iterator[tuple[int, int]]:
    """Start and end of the occurrences of one spelling, those that overlap joined into one."""
    size = len(spelling)
    start = data.find(spelling)
    while start != -1:
        last = start
        while (later := data.rfind(spelling, last + 1, last + 2 * size - 1)) != -1:
            last = later  # the last one that overlaps: those between reach no further
        yield start, last + size
        start = data.find(spelling, last + size)


def _families(spellings: Iterable[str]) -> tuple[Family[str], ...]:
    """Few marks for many spellings: to look for the marks alone is what makes a stream without secrets fast.

    Escaping leaves letters and digits alone, so most spellings of a value share its longest run of these.
    """
    families: dict[str, list[str]] = {}
    for spelling in spellings:
        mark = next((mark for mark in families if mark in spelling), None)
        if mark is None:
            plain = max(re.findall(r"[A-Za-z0-9]+", spelling), key=len, default="")
            mark = plain if len(plain) >= SHORTEST_MARK else spelling
        families.setdefault(mark, []).append(spelling)
    return tuple((mark, tuple(family)) for mark, family in families.items())


def _parts(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        for part in (value, *(line.strip() for line in value.splitlines())):
            if len(part) >= SHORTEST and not part.isspace():
                yield part


def _spellings(value: str) -> Iterator[str]:
    """A value as it is, and as URLs, JSON, shells, Python and base64 write it."""
    raw = _encode(value)
    yield value
    for quoted in (quote(raw, safe=""), quote(raw), quote(raw, safe="!'()*"), quote_plus(raw)):
        yield quoted
        yield re.sub("%..", lambda escape: escape[0].lower(), quoted)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield value.replace("'", "'\"'\"'")
    yield value.replace("'", "'\\''")
    yield repr(value)[1:-1]
    yield repr(value + "'\"")[1:-4]  # the same where the text around it has both kinds of quotes: ' is escaped
    yield repr(raw)[2:-1]
    yield from _base64(raw)


def _base64(raw: bytes) -> Iterator[str]:
    """The characters of a base64 text that the bytes alone determine, wherever they stand in what was encoded.

    Six bytes or more have at least seven of these.
    """
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw).decode()
        start, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        for core in (text[start:end], text[start:]):  # something follows; or this is the end, with its padding
            yield core
            yield core.translate({ord("+"): "-", ord("/"): "_"})


def _encode(text: str) -> bytes:
    """UTF-8; bytes of the environment that are none, which Python writes as surrogates, as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _by_length(spelling: str) -> tuple[int, str]:
    return len(spelling), spelling
