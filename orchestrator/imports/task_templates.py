"""`{{…}}` of a Taskfile, filled in: what is known now as text, what a shell will know as `${NAME}`. Pure.

Go's templates are a language. What Taskfiles use most is understood: names, `default`, a few functions of strings, and
`OS`, `ARCH`. The rest is refused by name, so that no command runs with half of it.
"""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`|(\|)|(\()|(\))|(-?\d+(?:\.\d+)?)|(\.?[A-Za-z_][\w.]*)|(\S)')
_SHELL = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class Unknown(Exception):
    """A template that is not understood; its argument is the template."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its templates filled in."""

    text: str
    shell: bool = False
    """It has parts that only a shell knows: right in a command, and not in a path."""


@dataclass(slots=True)
class Scope:
    """What names in templates stand for."""

    values: Mapping[str, Any]
    """Texts, numbers, lists and mappings; a `Filled` for what a shell will know."""
    from_outside: dict[str, None] = field(default_factory=dict)
    """Names that were nowhere: they are taken from the environment, where task has those of its command line too."""

    def with_values(self, more: Mapping[str, Any]) -> Scope:
        """The same with more names, which go over those that are there."""
        return Scope({**self.values, **more}, self.from_outside)

    def fill(self, text: str) -> Filled:
        """The text with every `{{…}}` filled in.

        Raises:
            Unknown: one of them is not understood.
        """
        shell = False

        def action(match: re.Match[str]) -> str:
            nonlocal shell
            value = self._value(match[1])
            part = value if isinstance(value, Filled) else Filled(shown(value))
            shell = shell or part.shell
            if part.shell and _in_single_quotes(text, match.start()):
                raise Unknown(f"{match[0]} within single quotes")
            return part.text

        return Filled(_ACTION.sub(action, text), shell)

    def value(self, text: str) -> Any:
        """Like `fill`, for a text that is one template and nothing else with its value, which may be a list."""
        whole = _ACTION.fullmatch(text.strip())
        return self._value(whole[1]) if whole and "{{" not in whole[1] else self.fill(text)

    def _value(self, action: str) -> Any:
        if action.startswith("/*"):
            return ""
        words = list(_WORD.finditer(action))
        try:
            value, rest = self._pipeline(words, action)
        except (IndexError, TypeError, ValueError, re.error):
            raise Unknown(f"{{{{{action}}}}}") from None
        if rest:
            raise Unknown(f"{{{{{action}}}}}")
        return value

    def _pipeline(self, words: Sequence[re.Match[str]], action: str) -> tuple[Any, Sequence[re.Match[str]]]:
        piped: list[Any] = []
        while True:
            arguments: list[Any] = []
            function = ""
            while words and words[0][3] is None and words[0][5] is None:
                word, words = words[0], words[1:]
                if word[4]:
                    value, words = self._pipeline(words, action)
                    if not words or not words[0][5]:
                        raise ValueError(action)
                    words = words[1:]
                    arguments.append(value)
                elif word[7] and not word[7].startswith(".") and not arguments and not function:
                    function = word[7]
                else:
                    arguments.append(self._word(word, action))
            arguments += piped
            if function:
                piped = [_call(function, arguments, action)]
            elif len(arguments) == 1:
                piped = arguments
            else:
                raise ValueError(action)
            if not words or not words[0][3]:
                return piped[0], words
            words = words[1:]

    def _word(self, word: re.Match[str], action: str) -> Any:
        if word[1] is not None:
            return word[1].encode().decode("unicode_escape") if "\\" in word[1] else word[1]
        if word[2] is not None:
            return word[2]
        if word[6]:
            return float(word[6]) if "." in word[6] else int(word[6])
        if word[7] in ("true", "false"):
            return word[7] == "true"
        if word[7] and word[7].startswith("."):
            return self._name(word[7][1:], action)
        raise ValueError(action)

    def _name(self, name: str, action: str) -> Any:
        first, *steps = name.split(".")
        if first not in self.values:
            if steps:
                raise ValueError(action)
            self.from_outside[first] = None
            return Filled(f"${{{first}:-}}", shell=True)
        value = self.values[first]
        for step in steps:
            if not isinstance(value, dict):
                raise ValueError(action)
            value = value.get(step, "")
        return value


def shown(value: Any) -> str:
    """A value as Go writes it into a text."""
    if isinstance(value, Filled):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + " ".join(map(shown, value)) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{shown(value[key])}" for key in sorted(value)) + "]"
    return "" if value is None else str(value)


def _default(fallback: Any, value: Any = None) -> Any:
    if isinstance(value, Filled) and value.shell:
        outside = _SHELL.fullmatch(value.text)
        if outside is None or outside[2] or isinstance(fallback, Filled):
            raise ValueError("default")
        text = shown(fallback)
        if re.search(r"[}\"'`\\]", text):
            raise ValueError("default")
        return Filled(f"${{{outside[1]}:-{text}}}", shell=True)
    return fallback if value in ("", None, 0, False, [], {}) else value


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "default": _default,
    "exeExt": lambda: "",
    "fromSlash": str,
    "toSlash": str,
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "quote": lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"',
    "squote": lambda text: f"'{text}'",
    "shellQuote": shlex.quote,
    "q": shlex.quote,
    "replace": lambda old, new, text: text.replace(old, new),
    "trimPrefix": lambda prefix, text: text.removeprefix(prefix),
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "join": lambda by, items: by.join(map(shown, items)),
    "splitList": lambda by, text: text.split(by),
    "splitLines": str.splitlines,
    "joinPath": lambda *parts: "/".join(parts),
    "base": lambda path: path.rstrip("/").rpartition("/")[2],
    "dir": lambda path: path.rpartition("/")[0] or ".",
    "list": lambda *items: list(items),
    "index": lambda of, *keys: functools.reduce(lambda inner, key: inner[key], keys, of),
    "print": lambda *items: "".join(map(shown, items)),
}
_BY_SHELL = {"OS": "$(uname -s | tr A-Z a-z)", "ARCH": "$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')"}
"""Functions whose answer is another one on another machine: a plan must not have this one's in it."""


def _call(name: str, arguments: list[Any], action: str) -> Any:
    if name in _BY_SHELL and not arguments:
        return Filled(_BY_SHELL[name], shell=True)
    if name not in _FUNCTIONS:
        raise ValueError(action)
    if name != "default" and any(isinstance(argument, Filled) and argument.shell for argument in arguments):
        raise ValueError(action)
    plain = [
        argument.text if isinstance(argument, Filled) and not argument.shell else argument for argument in arguments
    ]
    return _FUNCTIONS[name](*plain)


def _in_single_quotes(text: str, at: int) -> bool:
    """Does this place of a command lie within '…', where a shell fills nothing in?"""
    quote = ""
    before = iter(text[:at])
    for char in before:
        if char == "\\" and quote != "'":
            next(before, None)
        elif quote == char:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
    return quote == "'"
