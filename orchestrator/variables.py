"""The variables that a phase's `env` may name as `${NAME}`: the environment, and `.env` below it.

`.env` is never loaded into the environment of everybody: its values reach the phases that name them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

REFERENCE = re.compile(r"\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""`${NAME}`; `$${NAME}` is the text `${NAME}`."""


@dataclass(frozen=True)
class Variables:
    """What `${NAME}` may stand for in a project. The environment goes over `.env`, as everywhere."""

    root: Path
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    withheld: dict[str, str] = field(default_factory=dict)
    """Taken out of the environment of this process, so that what it starts does not inherit it."""

    @cached_property
    def dotenv(self) -> Mapping[str, str]:
        """The variables of `.env`; none where there is no such file.

        Raises:
            OSError: it is there and cannot be read.
        """
        path = self.root / ".env"
        if not path.is_file():
            return {}
        import dotenv

        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            found = dotenv.dotenv_values(stream=file, interpolate=False)
        return {name: value for name, value in found.items() if value is not None}

    def get(self, name: str) -> str | None:
        """The value of a variable, None where nobody set it."""
        for known in (self.withheld, self.environment):
            if name in known:
                return known[name]
        return self.dotenv.get(name)

    def withhold(self, name: str) -> None:
        """Let from now on only those have a variable who name it."""
        if name in os.environ:
            self.withheld[name] = os.environ.pop(name)

    def fill(self, text: str) -> str:
        """The text with each `${NAME}` replaced.

        Raises:
            KeyError: with the name of a variable that nobody set.
        """

        def value(match: re.Match[str]) -> str:
            escaped, name = match.groups()
            found = f"${{{name}}}" if escaped else self.get(name)
            if found is None:
                raise KeyError(name)
            return found

        return REFERENCE.sub(value, text)


def references(text: str) -> list[str]:
    """The names of the variables that a text refers to."""
    return [name for escaped, name in REFERENCE.findall(text) if not escaped]
