"""Durations as they are written in a config: 90, 400ms, 90s, 5m, 2h, 7d."""

import re

from criteria.figures import shown

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PATTERN = r"([0-9]+(?:\.[0-9]+)?) *(ms|s|m|h|d)?"


def duration(value: object) -> float:
    """Seconds, from a number of seconds or a text with a unit. Raises ValueError for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)  # its text may be 1e-07
    match = re.fullmatch(_PATTERN, str(value).strip()) if not isinstance(value, bool) else None
    seconds = float(match[1]) * _SECONDS[match[2] or "s"] if match else float("inf")
    if seconds == float("inf"):
        raise ValueError(f"{str(value)[:60]!r} is not a duration: write 90, 400ms, 90s, 5m, 2h or 7d")
    return seconds


def show(seconds: float, *bounds: float) -> str:
    """In the largest unit that fits, and never so that it reads equal to a bound it is not equal to."""
    unit = next((unit for unit in ("d", "h", "m", "s") if abs(seconds) >= _SECONDS[unit]), "ms" if seconds else "s")
    scale = _SECONDS[unit]
    return shown(seconds / scale, *(bound / scale for bound in bounds), digits=4) + unit
