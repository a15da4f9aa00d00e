"""docs/commands.md from the command classes, docs/keys.md from the Cerberus schemas: `python docs/make_reference.py`.

A test holds both pages against what this makes, so neither can be out of date.
"""

from __future__ import annotations

import configparser
import importlib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import phasegate  # noqa: E402 - the repository has to be on sys.path first
from orchestrator.config.schema import SCHEMAS, Rule  # noqa: E402

REPLACED = ("run", "forget", "clean")
"""doit's commands that doit.cfg replaces; the others are entry points in setup.cfg."""
OWN_OF_RUN = ("mode", "wait", "poll", "no_cache")
"""Options of a run that are ours. docs/configuration.md says which of doit's own matter for phases, and how."""

COMMANDS_HEAD = """\
# Commands

What `doit help COMMAND` says of each command of phasegate, with the options that are its own. This page is made from
the command classes, by `python docs/make_reference.py`. [Examples](configuration.md#commands) are in the reference of
the configuration; [exit codes](states.md#exit-codes) and [JSON](json.md) have pages of their own.

Options may stand before or behind names. Names are phases, patterns (`'slice*'`) and, where something is run, outputs.
doit's `list`, `info` and `ignore` are as in doit, and so are `-n`, `-a`, `-v`, `-s` and `--no-continue` of a run; all
commands take doit's `-f FILE`, `-d FOLDER` and `-k`.
"""
KEYS_HEAD = """\
# All keys

Every key that the four files in `config/` may hold, with what belongs there. This page is made from the schemas by
which `doit` checks the files, by `python docs/make_reference.py`; [configuration](configuration.md) explains them with
examples. `*` stands for a name that you choose, `[]` for each item of a list, `(a|b)` for one of these.
"""


def cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", r"\|").strip()


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def command_classes() -> dict[str, Any]:
    """Command → its class, by name."""
    settings = configparser.ConfigParser()
    settings.read(REPOSITORY / "setup.cfg", "utf-8")
    named = dict(
        line.split(" = ") for line in settings["options.entry_points"]["doit.COMMAND"].strip().splitlines() if line
    )
    places = {**named, **{name: f"phasegate:{name.capitalize()}" for name in REPLACED}}
    found = {}
    for name, place in sorted(places.items()):
        module, attribute = place.strip().split(":")
        found[name] = getattr(phasegate if module == "phasegate" else importlib.import_module(module), attribute)
    return found


def option(given: dict[str, Any]) -> tuple[str, str]:
    value = "" if given.get("type") is bool else f" {given['name'].upper().replace('_', '-')}"
    names = [f"-{given['short']}"] if given.get("short") else []
    names += [f"--{given['long']}"] if given.get("long") else []
    text = cell(given["help"])
    return f"`{', '.join(names)}{value}`", text


def section(name: str, command: Any) -> str:
    own = [given for given in command.cmd_options if name not in ("run", "watch") or given["name"] in OWN_OF_RUN]
    called = "doit" if name == "run" else f"doit {name}"
    purpose = command.doc_purpose[:1].upper() + command.doc_purpose[1:]
    about = command.doc_description
    parts = [f"## {called}\n", f"`{called}{f' {command.doc_usage}' if command.doc_usage else ''}`\n"]
    parts += [f"{purpose}.{f' {about}' if about else ''}"]
    if own:
        parts += ["\n" + table(("option", "meaning"), [option(given) for given in own])]
    return "\n".join(parts)


def commands_page() -> str:
    classes = command_classes()
    order = ["run", *sorted(name for name in classes if name != "run")]
    return "\n".join([COMMANDS_HEAD, *(section(name, classes[name]) + "\n" for name in order)])


def keys(rule: Rule, path: str) -> Iterator[tuple[str, Rule]]:
    """The keys below a rule, each with the path that leads to it."""
    inner = rule.get("schema")
    if rule.get("type") == "list" or (isinstance(rule.get("type"), list) and "meta" in (inner or {})):
        if isinstance(inner, dict):
            yield from keys(inner, f"{path}[]")
        return
    if "valuesrules" in rule:
        name = f"{path}.*" if path else "*"
        yield name, rule["valuesrules"]
        yield from keys(rule["valuesrules"], name)
    below = {key: value for key, value in (inner or {}).items() if isinstance(value, dict) and "meta" in value}
    if len(below) > 1 and all(value == next(iter(below.values())) for value in below.values()):
        below = {f"({'|'.join(below)})": next(iter(below.values()))}
    for key, value in below.items():
        name = f"{path}.{key}" if path else key
        yield name, value
        yield from keys(value, name)


def wanted(rule: Rule) -> str:
    if allowed := rule.get("allowed"):
        return " or ".join(f"`{one}`" for one in allowed)
    return cell(rule["meta"]["wants"])


def keys_page() -> str:
    parts = [KEYS_HEAD]
    for kind, rule in SCHEMAS.items():
        rows = [(f"`{cell(path)}`", wanted(each), cell(each["meta"]["description"])) for path, each in keys(rule, "")]
        parts.append(f"## {kind}.yaml\n\n{table(('key', 'what belongs there', 'meaning'), rows)}\n")
    return "\n".join(parts)


PAGES = {"commands.md": commands_page, "keys.md": keys_page}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (REPOSITORY / "docs" / page).write_text(make(), "utf-8")
        print(f"docs/{page}")
