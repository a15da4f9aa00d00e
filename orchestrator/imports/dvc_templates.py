"""`${…}` of dvc.yaml, filled in. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_REFERENCE = re.compile(r"(?<!\\)\$\{\s*([^{}]*?)\s*\}")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


class NoValue(Exception):
    """`${…}` names what is nowhere; its argument is the name."""


@dataclass(slots=True)
class Values:
    """What `${…}` may stand for."""

    data: Mapping[str, Any]
    axes: Mapping[str, str] = field(default_factory=dict)
    """References that stay open: each with the `{axis}` that stands for it in a matrix."""
    used: dict[str, None] = field(default_factory=dict)
    """The names that were filled in."""

    def fill(self, item: Any) -> Any:
        """`item` with every reference filled in; a text that is one reference and nothing else becomes its value.

        Raises:
            NoValue: a reference names what is nowhere.
        """
        if isinstance(item, str):
            whole = _REFERENCE.fullmatch(item)
            if whole and whole[1] not in self.axes:
                return self._value(whole[1])
            return _REFERENCE.sub(lambda match: self._text(match[1]), item).replace("\\${", "${")
        if isinstance(item, dict):
            return {shown(self.fill(key)): self.fill(value) for key, value in item.items()}
        if isinstance(item, list):
            return [self.fill(value) for value in item]
        return item

    def _text(self, name: str) -> str:
        if name in self.axes:
            return self.axes[name]
        return shown(self._value(name))

    def _value(self, name: str) -> Any:
        value: Any = self.data
        end = 0
        for match in _STEP.finditer(name):
            if match.start() != end:
                break
            end = match.end()
            key = match[1] if match[1] is not None else match[2]
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (KeyError, IndexError, TypeError, ValueError):
                raise NoValue(name) from None
        if not name or end != len(name):
            raise NoValue(name)
        self.used[name] = None
        return value


def shown(value: Any) -> str:
    """A value as DVC writes it into a command: options for a mapping, words for a list."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return " ".join(_option(str(key), inner) for key, inner in value.items() if inner is not False)
    if isinstance(value, list):
        return " ".join(shown(inner) for inner in value)
    return "" if value is None else str(value)


def _option(name: str, value: Any) -> str:
    if value is True:
        return f"--{name}"
    if isinstance(value, dict):
        return " ".join(_option(f"{name}.{key}", inner) for key, inner in value.items() if inner is not False)
    return f"--{name} {shown(value)}"


def references(item: Any) -> list[str]:
    """The names in all `${…}` of an item."""
    if isinstance(item, str):
        return _REFERENCE.findall(item)
    if isinstance(item, dict):
        return [name for part in item.items() for each in part for name in references(each)]
    return [name for each in item for name in references(each)] if isinstance(item, list) else []
