"""What GitHub Actions shows beside a line of a file: workflow commands, which are lines of a log. Pure, but for
`tell_problems`.

They go to standard error, which the runner reads as well, so that `--json` stays JSON.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from .config.problems import Problem

SHOWN = 10
"""Annotations of one level that GitHub shows of a step."""
LEVELS = ("error", "warning", "notice")

_COMMAND = re.compile(r"^(\s*)(?=::)|(?<=##)(?=\[)", re.MULTILINE)
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """One thing to be told beside a line."""

    level: str
    """`error`, `warning` or `notice`."""
    place: str
    """`file:line:column`, the file relative to the project; empty where there is none."""
    title: str
    message: str


def in_actions(environment: Mapping[str, str]) -> bool:
    """Does GitHub Actions run us?"""
    return environment.get("GITHUB_ACTIONS") == "true"


def commands(annotations: Iterable[Annotation], folder: str = "") -> list[str]:
    """The workflow commands, errors first, as many as are shown; the last of a level says how many are not.

    Args:
        folder: where the project lies in the repository; empty for its top.
    """
    annotations = list(annotations)
    lines = []
    for level in LEVELS:
        told = [each for each in annotations if each.level == level]
        kept = told if len(told) <= SHOWN else told[: SHOWN - 1]
        lines += [_command(each, folder) for each in kept]
        if len(kept) < len(told):
            left = len(told) - len(kept)
            lines.append(_command(Annotation(level, "", f"{left} more", f"and {left} more: the log has them"), ""))
    return lines


def harmless(text: str) -> str:
    """Lines of a log in which the runner sees no command, whoever wrote them: a space without width comes between."""
    return _COMMAND.sub("\\g<0>\u200b", text)


def folder_in_repository(root: Path, environment: Mapping[str, str]) -> str:
    """Where the project lies in what was checked out, for GitHub names files from there; empty where it is the top."""
    workspace = environment.get("GITHUB_WORKSPACE", "")
    if not workspace or not root.resolve().is_relative_to(Path(workspace).resolve()):
        return ""
    folder = root.resolve().relative_to(Path(workspace).resolve()).as_posix()
    return "" if folder == "." else folder


def tell_problems(problems: Iterable[Problem], root: Path, stream: TextIO) -> None:
    """Configuration errors beside their lines, where GitHub Actions runs us."""
    if in_actions(os.environ):
        told = [
            Annotation(
                "error",
                f"{p.file}:{p.line}:{p.column}",
                "configuration",
                "; ".join(filter(None, (p.message, p.remedy))),
            )
            for p in problems
        ]
        stream.write("".join(f"{line}\n" for line in commands(told, folder_in_repository(root, os.environ))))


def _command(each: Annotation, folder: str) -> str:
    properties = {"title": each.title}
    if each.place:
        file, line, column = each.place.rsplit(":", 2)
        properties = {"file": f"{folder}/{file}" if folder else file, "line": line, "col": column, **properties}
    told = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{each.level} {told}::{_escaped(each.message, _DATA)}"


def _escaped(text: str, marks: Mapping[str, str]) -> str:
    return "".join(marks.get(mark, mark) for mark in text)
