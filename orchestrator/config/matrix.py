"""A phase or criterion with placeholders, once for each combination of its matrix."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

Scalar = str | int | float | bool | None
Combination = Mapping[str, Scalar]


def combinations(matrix: Mapping[str, Sequence[Scalar]]) -> Iterator[Combination]:
    """Every combination in the order written, the last axis changing first; one empty one without axes."""
    for values in itertools.product(*matrix.values()):
        yield dict(zip(matrix, values, strict=True))


def task_suffix(combination: Combination) -> str:
    """What stands behind `phase_11:run` in the task's name, quoted: doit reads `=` and `*` in names in its own way."""
    return "".join(":" + quote(as_text(value), safe="") for value in combination.values())


def axes_in(item: Any, axes: Sequence[str]) -> list[str]:
    """Which of `axes` have a placeholder somewhere in `item`."""
    text = repr(item)
    return [axis for axis in axes if _placeholder((axis,)).search(text)]


def fill(item: Any, combination: Combination) -> Any:
    """`item` with every `{axis}` replaced; text that is one placeholder and nothing else keeps the value's type.

    `${axis}` is left alone: that is the shell's.
    """
    if not combination:
        return item
    if isinstance(item, str):
        pattern = _placeholder(tuple(combination))
        whole = pattern.fullmatch(item)
        if whole:
            return combination[whole.group(1)]
        return pattern.sub(lambda match: as_text(combination[match.group(1)]), item)
    if isinstance(item, Mapping):
        return {fill_text(key, combination): fill(value, combination) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [fill(value, combination) for value in item]
    return item


def fill_texts(item: Any, combination: Combination) -> Any:
    """Like `fill`, for lists and mappings in which all text must stay text: an argv, an environment."""
    if isinstance(item, str):
        return fill_text(item, combination)
    if isinstance(item, Mapping):
        return {fill_text(key, combination): fill_texts(value, combination) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [fill_texts(value, combination) for value in item]
    return item


def fill_text(text: str, combination: Combination) -> str:
    """Like `fill`, for what must stay text: paths and commands."""
    return as_text(fill(text, combination))


def as_text(value: Scalar) -> str:
    """A scalar of the configuration as the environment and file names show it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@lru_cache(maxsize=1024)
def _placeholder(axes: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"(?<!\$)\{(" + "|".join(re.escape(axis) for axis in axes) + r")\}")
