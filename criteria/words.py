"""Words for a message: one safe line, a list that stays short, a guess at what was meant."""

import re
from collections.abc import Iterable

# patterns stay texts: re compiles and keeps them at first use, which keeps the import cheap
_COLOURS = r"\x1b\[[0-?]*[ -/]*[@-~]"
_UNPRINTABLE = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+"


def one_line(text: str, limit: int = 20_000) -> str:
    """The text as one printable line of at most `limit` characters."""
    line = re.sub(_UNPRINTABLE, " ", re.sub(_COLOURS, "", text)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def listed(words: Iterable[object], limit: int = 8) -> str:
    every = [one_line(str(word), 60) for word in words]
    rest = len(every) - limit
    return ", ".join(every[:limit]) + (f" and {rest} more" if rest > 0 else "") or "none"


def did_you_mean(word: str, options: Iterable[object]) -> str:
    """`; did you mean 'mea'?`, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, [str(option) for option in options], n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
