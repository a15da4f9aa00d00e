"""Plain text, such as a log: the last match of a regular expression is the number."""

from __future__ import annotations

import re
from collections import deque

from criteria.figures import number
from criteria.model import Trouble


def decoded(data: bytes, path: str) -> str:
    """UTF-8, with or without a byte order mark. Raises Trouble for anything else."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Trouble(f"{path} is not UTF-8 text: see byte {error.start}") from None


def check(pattern: str) -> None:
    """Raises ValueError where the pattern is no regular expression."""
    try:
        re.compile(pattern, re.MULTILINE)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"no regular expression: {error}") from None


def value(data: bytes, path: str, pattern: str) -> object:
    """The number in the last match, its first group if it has one; the text where it spells none."""
    # a carriage return alone is how a progress bar starts its line anew
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    last = deque(re.finditer(pattern, text, re.MULTILINE), maxlen=1)  # logs grow downward
    if not last:
        raise Trouble(f"nothing in {path} matches {pattern}")
    match = last[0]
    found = match[1] if match.re.groups else match[0]
    if found is None:
        raise Trouble(f"the last match of {pattern} in {path} has nothing in its first group")
    try:
        return number(found)
    except ValueError:
        return found
