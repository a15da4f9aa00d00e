"""The keys of one criterion as they stand in the config, each taken out as what it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from criteria.durations import duration
from criteria.model import CriterionError

T = TypeVar("T")

_SHA256 = r"[0-9a-fA-F]{64}"


@dataclass(frozen=True, slots=True)
class Fields:
    """Every method raises CriterionError where the key's value will not do."""

    raw: Mapping[str, Any]

    def __contains__(self, key: str) -> bool:
        return self.raw.get(key) is not None

    def text(self, key: str) -> str:
        if key not in self:
            raise CriterionError(key, f"'{key}' is missing", f"add {key}: …")
        value = self.raw[key]
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise CriterionError(key, f"'{key}' is {value!r:.60}", "write a text that is not empty")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw.get(key)
        if value is None:
            return ()
        if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) and each.strip() for each in value):
            raise CriterionError(key, f"'{key}' is not a list of texts", f"write {key}: [a, b], numbers in quotes")
        return tuple(value)

    def choice(self, key: str, *options: str) -> str:
        """The first option is the default."""
        value = self.raw.get(key, options[0])
        if value not in options:
            raise CriterionError(key, f"'{key}' is {value!r:.60}", f"write {' or '.join(options)}")
        return str(value)

    def read(self, key: str, reader: Callable[[object], T], remedy: str) -> T:
        """What `reader` makes of the value; its ValueError tells what is wrong."""
        try:
            return reader(self.raw[key])
        except ValueError as error:
            raise CriterionError(key, f"'{key}': {error}", remedy) from None

    def positive_duration(self, key: str) -> float | None:
        if key not in self:
            return None
        remedy = "write 90, 400ms, 90s, 5m, 2h or 7d"
        seconds = self.read(key, duration, remedy)
        if seconds == 0:
            raise CriterionError(key, f"'{key}' is 0", remedy)
        return seconds

    def sha256(self, key: str) -> str | None:
        if key not in self:
            return None
        value = self.raw[key]
        if not isinstance(value, str) or not re.fullmatch(_SHA256, value):
            raise CriterionError(key, f"'{key}' is not a SHA-256 digest", "write its 64 hexadecimal digits")
        return value.lower()
