"""Sizes of files: 512, 10 kB (1000 each), 1 MiB (1024 each)."""

import re

from criteria.figures import shown

_DECIMAL = {"kB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_BINARY = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
_BYTES = {name.lower(): factor for name, factor in (_DECIMAL | _BINARY).items()} | {"": 1, "b": 1, "bytes": 1}
_PATTERN = r"([0-9]{1,18}(?:\.[0-9]+)?) *([a-z]*)"


def size(value: object) -> int:
    """Bytes, from a number of bytes or a text with a unit. Raises ValueError for anything else."""
    match = re.fullmatch(_PATTERN, str(value).strip().lower()) if not isinstance(value, bool) else None
    if not match or match[2] not in _BYTES:
        raise ValueError(f"{str(value)[:60]!r} is not a size: write 512, 10 kB or 1 MiB")
    return round(float(match[1]) * _BYTES[match[2]]) if "." in match[1] else int(match[1]) * _BYTES[match[2]]


def show(count: int, *bounds: int) -> str:
    """For people, and never so that it reads equal to a bound it is not equal to."""
    unit = next((unit for unit in reversed(_DECIMAL) if count >= _DECIMAL[unit]), None)
    if unit is None:
        return f"{count} byte" if count == 1 else f"{count} bytes"
    scale = _DECIMAL[unit]
    return f"{shown(count / scale, *(bound / scale for bound in bounds), digits=4)} {unit}"
