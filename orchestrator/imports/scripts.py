"""Commands that had a shell each → one script for `sh -e`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_KEEPS = re.compile(
    r"(?:^|[;&|(\s])(?:cd|pushd|popd|exit|exec|export|set|shopt|unset|trap|source|\.|umask|alias|return|readonly)\s"
    r"|(?:^|[;&|\n]\s*)[A-Za-z_]\w*=|\b(?:exit|return)\b|\(\)\s*\{"
)
"""Signs of a command that changes its shell, which the next one must not notice."""

_BASH = re.compile(
    r"\[\[|<<<|[<>]\(|&>|\|&|\$'|\$\{!|\$\{\w+(?:\[|//?[^}]|\^|,|:(?:\d| ))|\bpipefail\b|\bfunction\s+\w+|\w\+?=\("
    r"|\{\w+\.\.\w+\}|\{[^{}\s$,]+(?:,[^{}\s,]+)+\}|(?:^|[;&|\s])(?:source|shopt|declare|local|mapfile|readarray|pushd)\s"
    r"|(?<!\$)\(\(|\bread\s+-\w*[adnpt]"
)
"""Signs of what a POSIX shell does not know."""


def joined(commands: Sequence[str]) -> str:
    """One script that runs these one after another, each as if it had a shell of its own."""
    texts = [command.strip("\n").rstrip() for command in commands]
    if len(texts) < 2:
        return "\n".join(texts)
    return "\n".join(subshell(text) if _KEEPS.search(text) else text for text in texts)


def subshell(text: str) -> str:
    """The text in a shell of its own."""
    if text.startswith("(\n") and text.endswith("\n)"):
        return text
    if "\n" not in text and "#" not in text:
        return f"( {text} )"
    return f"(\n{text}\n)"


def runnable(script: str) -> str | list[str]:
    """The script as a phase's `run`: for `sh`, or for bash where it needs that."""
    return ["bash", "-e", "-c", script] if needs_bash(script) else script


def needs_bash(script: str) -> bool:
    """Does this look like something that only bash understands?"""
    return _BASH.search(script) is not None
