"""What may come next on a command line that begins with `doit`. Pure: what is known is passed in."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

FILES, FOLDERS = ":files", ":folders"
"""In the place of words: the shell itself completes names of files, or of folders."""

_VALUES = {
    "mode": ("auto", "manual"),
    "format": ("mermaid", "dot", "svg"),
    "output": FILES,
    "from": FILES,
    "dodoFile": FILES,
    "cwdPath": FOLDERS,
    "outfile": FILES,
    "changed": FILES,
    "par_type": ("process", "thread"),
    "verbosity": ("0", "1", "2"),
    "failure_verbosity": ("0", "1", "2"),
    "reporter": ("console", "executed-only", "json", "zero", "error-only"),
}
"""What an option takes, where the option itself does not say it by its choices; by its name in doit."""

_ASSUMED = ("approved", "rejected", "done", "failed", "unchanged")
"""What `--assume` may say of a phase."""

_PEOPLE = ("approve", "reject", "waive")
"""Commands about a gate that waits: phases that do come first."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command."""

    name: str
    """What it is called in doit, not on the command line."""
    spelt: tuple[str, ...]
    """`-m`, `--message`."""
    help: str = ""
    takes_value: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command, as far as completion cares."""

    usage: str = ""
    purpose: str = ""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class Known:
    """What there is to name. Mappings are from a word to what is shown beside it."""

    commands: Sequence[str]
    command: Callable[[str], Command]
    """More about one of them: asked when it is needed, because each is a module to load."""
    phases: Mapping[str, str] = field(default_factory=dict)
    works: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Phase → names of its metrics."""
    waiting: Callable[[], set[str]] = set
    """The phases whose gates waited when they were last looked at."""
    hindering: Callable[[str], Mapping[str, str]] = lambda phase: {}
    """The criteria of a phase that did not pass when they were last judged."""


@dataclass(frozen=True, slots=True)
class Line:
    """A command line, taken apart up to the word that is being written."""

    command: str
    """`run` where none is named."""
    named: bool
    """Is it named?"""
    names: tuple[str, ...]
    """Phases, files, … that stand before."""
    expects: str
    """The option whose value is being written; empty for none."""
    only_names: bool
    """After `--` nothing is an option."""


def split(line: str) -> list[str]:
    """A line as its words, the last one being written; quotes that are still open are closed."""
    for quote in ("", "'", '"'):
        try:
            words = shlex.split(line + quote, posix=True)
        except ValueError:
            continue
        return [*words, ""] if line[-1:].isspace() and not quote and not line.endswith("\\ ") else words or [""]
    return line.split(" ")


def candidates(before: Sequence[str], current: str, known: Known) -> list[tuple[str, str]]:
    """Words that may come next, each with what it is; or FILES or FOLDERS alone.

    Args:
        before: the words between `doit` and the one that is being written.
        current: what there is of it.
    """
    line = take_apart(before, known)
    found = list(_all(line, current, known))
    if found and found[0][0] in (FILES, FOLDERS):
        return found[:1]
    return [(word, about) for word, about in dict(reversed(found)).items() if word.startswith(current)][::-1]


def take_apart(before: Sequence[str], known: Known) -> Line:
    """What the words before mean."""
    command, named, expects, only_names = "run", False, "", False
    names: list[str] = []
    takes = {spelt: one for one in known.command("run").options for spelt in one.spelt if one.takes_value}
    for word in before:
        if expects:
            expects = ""
        elif only_names:
            names.append(word)
        elif word == "--":
            only_names = True
        elif word.startswith("-") and len(word) > 1:
            expects = word if word in takes else ""
        elif not named and not names and word in known.commands:
            command, named = word, True
            takes = {spelt: one for one in known.command(word).options for spelt in one.spelt if one.takes_value}
        else:
            names.append(word)
    return Line(command, named, tuple(names), expects, only_names)


def folders(before: Sequence[str]) -> tuple[str | None, str | None]:
    """The folder (`-d`) and the dodo.py (`-f`) that doit is told of; None where it is not."""
    found: dict[str, str] = {}
    for option, value in itertools.pairwise([*before, ""]):
        for spelt in ("-d", "--dir", "-f", "--file"):
            if option == spelt:
                found[spelt.strip("-")[0]] = value
            elif spelt.startswith("--") and option.startswith(f"{spelt}="):
                found[spelt.strip("-")[0]] = option.partition("=")[2]
    return found.get("d"), found.get("f")


def _all(line: Line, current: str, known: Known) -> Iterator[tuple[str, str]]:
    command = known.command(line.command)
    spelt = {name: option for option in command.options for name in option.spelt}
    if line.expects:
        yield from _values(spelt.get(line.expects), line, known)
    elif current.startswith("--") and "=" in current and not line.only_names:
        name = current.partition("=")[0]
        for value, about in _values(spelt.get(name), line, known):
            yield (value if value in (FILES, FOLDERS) else f"{name}={value}"), about
    elif current.startswith("-") and not line.only_names:
        yield from ((name, option.help) for option in command.options for name in option.spelt)
    else:
        if not line.named and not line.names:
            yield from _commands(known)
        yield from _names(line, command, current, known)


def _commands(known: Known) -> Iterator[tuple[str, str]]:
    return ((name, known.command(name).purpose) for name in known.commands)


def _values(option: Option | None, line: Line, known: Known) -> Iterator[tuple[str, str]]:
    if option is None:
        return
    if option.name == "metric":
        phases = [name for name in line.names if name in known.metrics] or list(known.metrics)
        yield from ((metric, name) for name in phases for metric in known.metrics[name])
        return
    if option.name == "assume":
        yield from ((f"{phase}={word}", title) for phase, title in known.phases.items() for word in _ASSUMED)
        return
    values = option.choices or _VALUES.get(option.name, ())
    yield from ((value, "") for value in ([values] if isinstance(values, str) else values))


def _names(line: Line, command: Command, current: str, known: Known) -> Iterator[tuple[str, str]]:
    """What its usage has in this place: `PHASE CRITERION`, `[TASK ...]`, `[COMMAND]`, `[FOLDER]`."""
    kinds = _kinds(command.usage)
    place = len(line.names)
    repeats = "..." in command.usage or "…" in command.usage
    here = kinds if repeats else kinds[place : place + 1]
    if "FOLDER" in here:
        yield FOLDERS, ""
    if "SHELL" in here:
        yield from ((shell, "") for shell in ("bash", "zsh", "fish"))
    if "COMMAND" in kinds and not line.names:
        yield from _commands(known)
    if "CRITERION" in here and line.names:
        yield from known.hindering(line.names[0]).items()
    if {"PHASE", "TASK", "OUTPUT"} & set(here):
        first = known.waiting() if line.command in _PEOPLE else set()
        phases = sorted(known.phases, key=lambda name: name not in first)
        yield from ((name, known.phases[name]) for name in phases if name not in line.names)
        if ":" in current and line.command not in _PEOPLE:
            yield from known.works.items()
        if current and "OUTPUT" in here:
            yield from known.outputs.items()


def _kinds(usage: str) -> list[str]:
    """The names that a usage has before its first option."""
    return re.findall(r"\b[A-Z]{4,}\b", re.split(r"(?:^|[\s\[])-", usage)[0])
