"""What is wrong in the configuration: where, what, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong at a place (line and column from 1); `remedy` says what to do, and may be empty."""

    file: str
    line: int
    column: int
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.message}; {self.remedy}" if self.remedy else f"{place}: {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used. `problems` has every reason, once, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} problem{'' if count == 1 else 's'} in the configuration"
        return "\n".join([head, *map(str, self.problems)])


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`did you mean 'inputs'?` for the choice that is most like `word`, or an empty text if none is."""
    if len(word) > 60:  # nobody misspells that much, and difflib's time is quadratic
        return ""
    close = difflib.get_close_matches(word, choices, 1)
    return f"did you mean {close[0]!r}?" if close else ""
