"""The variables of a task: what they are now, and what a shell has to find out. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .model import Notes
from .task_files import Task, mapping
from .task_templates import Filled, Scope, Unknown, shown


@dataclass(slots=True)
class Variables:
    """The variables of one task, called with others."""

    scope: Scope
    asked: dict[str, str] = field(default_factory=dict)
    """Those that a command finds out: name → the command."""

    def prelude(self, script: str) -> list[str]:
        """The lines that find out what a script needs."""
        needed: dict[str, str] = {}
        text = script
        for name, command in reversed(self.asked.items()):
            if re.search(rf"\$\{{{name}\b", text):
                needed[name] = command
                text += command
        return [f"{name}=$({command})" for name, command in reversed(needed.items())]


def variables(task: Task, given: Mapping[str, Any], cwd: str, notes: Notes, phase: str) -> Variables:
    """All that templates of a task may name. What it says itself goes over what it is called with, as in task."""
    special = {
        "TASK": task.name,
        "ROOT_DIR": posixpath.relpath(".", cwd),
        "TASKFILE_DIR": posixpath.relpath(posixpath.dirname(task.file.path) or ".", cwd),
        "TASK_DIR": ".",
        "TASKFILE": posixpath.relpath(task.file.path, cwd),
        "USER_WORKING_DIR": posixpath.relpath(".", cwd),
        "CHECKSUM": "",
        "TIMESTAMP": "",
    }
    found = Variables(Scope(special))
    for layer in task.file.vars:  # what is wrong with these is told once, and not for each task of the file
        for name, value in layer.items():
            if (unknown := _take(found, str(name), value)) is not None:
                _lost(notes, task.file.place("vars", str(name)), "", str(name), unknown)
    for layer in (given, mapping(task.data.get("vars"))):
        for name, value in layer.items():
            if (unknown := _take(found, str(name), value)) is not None:
                _lost(notes, task.written.place("vars", str(name)), phase, str(name), unknown)
    return found


def _lost(notes: Notes, place: str, phase: str, name: str, unknown: Unknown) -> None:
    why = f"{unknown} is not understood"
    remedy = f"it comes from the environment now: {name}=… doit, or write its value out"
    notes.add(place, phase, f"the variable {name} is not carried over", why, remedy)


def _take(found: Variables, name: str, value: Any) -> Unknown | None:
    """Add a variable; where its value is not understood, leave it out and say what it was."""
    known = dict(found.scope.values)
    lost: Unknown | None = None
    try:
        if isinstance(value, dict) and "sh" in value:
            command = found.scope.fill(str(value["sh"])).text
            if not re.fullmatch(r"[A-Za-z_]\w*", name):
                raise Unknown(name)
            found.asked.pop(name, None)
            found.asked[name] = command
            known[name] = Filled(f"${{{name}}}", shell=True)
        elif isinstance(value, dict) and "ref" in value:
            known[name] = found.scope.value(f"{{{{{value['ref']}}}}}")
        elif isinstance(value, dict) and "map" in value:
            known[name] = value["map"]
        else:
            known[name] = _filled(found.scope, value)
    except Unknown as unknown:
        known.pop(name, None)
        lost = unknown
    found.scope = Scope(known, found.scope.from_outside)
    return lost


def _filled(scope: Scope, value: Any) -> Any:
    if isinstance(value, str):
        filled = scope.value(value)
        return filled.text if isinstance(filled, Filled) and not filled.shell else filled
    if isinstance(value, list):
        return [_filled(scope, item) for item in value]
    return {key: _filled(scope, item) for key, item in value.items()} if isinstance(value, dict) else value


def static(values: Iterable[Any]) -> bool:
    """Is all of this known without a shell?"""
    return not any(isinstance(value, Filled) and value.shell for value in values)


def items(loop: Any, scope: Scope) -> list[dict[str, Any]] | None:
    """What each round of a `for` knows; None where that is known only when it runs.

    Raises:
        Unknown: one of its templates is not understood.
    """
    if isinstance(loop, list):
        return [{"ITEM": _filled(scope, item)} for item in loop]
    if not isinstance(loop, dict):
        return None
    name = str(loop.get("as") or "ITEM")
    if "matrix" in loop:
        rounds: list[dict[str, Any]] = [{}]
        for axis, values in loop["matrix"].items():
            listed = scope.value(f"{{{{{values['ref']}}}}}") if isinstance(values, dict) else _filled(scope, values)
            if not isinstance(listed, list):
                return None
            rounds = [{**one, axis: value} for one in rounds for value in listed]
        return [{name: one} for one in rounds]
    value = scope.values.get(str(loop.get("var")))
    if isinstance(value, dict):
        return [{name: inner, "KEY": key} for key, inner in value.items()]
    if isinstance(value, Filled) or value is None:
        return None
    parts = value if isinstance(value, list) else shown(value).split(loop.get("split") or None)
    return [{name: part} for part in parts]
