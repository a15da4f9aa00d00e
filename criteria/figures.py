"""Numbers: which values count as one, how a text becomes one, how one is shown."""

from __future__ import annotations

import math
import re

Number = int | float

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_WHOLE = r"[+-]?[0-9]+"
_TEXT = 4096  # characters of a text that is no number; whoever shows it cuts it, after secrets were taken out
_EXACT_DIGITS = 17  # enough for any float to be read back as itself


def number(text: str) -> Number:
    """The number a text spells, in plain decimal notation. Raises ValueError for any other text."""
    text = text.strip()
    if not re.fullmatch(NUMBER, text) and text.lower().lstrip("+-") not in ("nan", "inf", "infinity"):
        raise ValueError(f"{text!r} is not a number")
    return int(text) if re.fullmatch(_WHOLE, text) else float(text)


def flaw(value: object) -> str | None:
    """Why the value is no number to judge by, or None when it is one: finite, and not a bool."""
    if value is None:
        return "is null where a number belongs"
    if isinstance(value, bool):
        return f"is {str(value).lower()} where a number belongs"
    if isinstance(value, str):
        return f'is text ("{value[:_TEXT]}") where a number belongs'
    if isinstance(value, (int, float)):
        return _flaw_of_number(value)
    names = {"list": "a list", "dict": "a mapping"}
    kind = type(value).__name__
    return f"is {names.get(kind, f'a {kind}')} where a number belongs"


def _flaw_of_number(value: Number) -> str | None:
    try:
        finite = math.isfinite(value)
    except OverflowError:
        return "is too large a number"
    if finite:
        return None
    return "is NaN" if math.isnan(value) else "is infinite"


def shown(value: Number, *bounds: Number, digits: int = 6) -> str:
    """The number in at most `digits` significant digits, or in as many as it takes to show on which side of each
    bound it lies. Whole numbers and whole parts are never rounded."""
    if isinstance(value, int):
        return str(value)
    whole = len(str(int(abs(value)))) if abs(value) < 1e15 else 0
    for precision in range(max(digits, whole), _EXACT_DIGITS):
        text = f"{value:.{precision}g}"
        if all(_side(float(text), bound) == _side(value, bound) for bound in bounds):
            return text
    return repr(value)


def _side(value: Number, bound: Number) -> int:
    return (value > bound) - (value < bound)
