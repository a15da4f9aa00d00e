"""An import as the text of config files, for people to read and go on with. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from criteria.documents.yaml import YamlError, read

from .model import Draft, Imported, Note, Scalar

WIDTH = 110
"""Characters of a line, where a line can be broken."""


def phases_text(imported: Imported) -> str:
    """config/phases.yaml."""
    lines = [
        *_comment(
            f"Imported from {imported.source} ({imported.tool}). That file is not read any more: change this one."
        ),
        *(f"# - {note}" for note in _told(imported.notes, "")),
        f"plan: {scalar(imported.plan)}",
        "phases:",
    ]
    for number, draft in enumerate(imported.phases):
        phase = _phase(draft, _told(imported.notes, draft.name))
        lines += [*([""] if number else []), *(f"  {line}" if line else "" for line in phase)]
    return "\n".join(lines) + "\n"


def criteria_text(imported: Imported) -> str:
    """config/criteria.yaml."""
    lines = _comment(
        "When a phase counts as done. An import knows of no bounds; give metrics some, as in the comment at the end."
    )
    for draft in imported.phases:
        if draft.criteria and not draft.asleep:
            lines += ["", f"{draft.name}:", *(f"  - {_flow_or_block(one)}" for one in draft.criteria)]
    example = next((draft for draft in imported.phases if draft.criteria and not draft.asleep), None)
    name = example.name if example else next((draft.name for draft in imported.phases if not draft.asleep), "phase")
    path = str(next(iter(example.criteria[0].values()))) if example else "build/metrics.json"
    lines += [
        "",
        f"# {name}:",
        "#   - metric: accuracy",
        f"#     from: {scalar(path)}",
        "#     at: accuracy                    # where the number stands: a JMESPath",
        '#     pass: ">= 0.9"',
    ]
    return "\n".join(lines) + "\n"


def orchestrator_text(imported: Imported) -> str:
    """config/orchestrator.yaml."""
    return (
        "# How the plan is run.\n"
        "mode: auto          # auto: criteria that pass open a gate. manual: every gate asks a person\n"
        f"jobs: {imported.jobs}             # phases at the same time\n"
    )


def scalar(value: Scalar, *, alone: bool = False) -> str:
    """A value that reads back as itself, without quotes where that is possible; `alone` on its line, or in a list."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = value.isprintable() and value == value.strip() and "\n" not in value and value != ""
    if plain and _reads_back(value, alone):
        return value
    escaped = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escape(char) for char in escaped)


def _reads_back(text: str, alone: bool) -> bool:
    try:
        within = alone or read(f"[{text}]").data == [text]
        return bool(within and read(f"a: {text}").data == {"a": text})
    except YamlError:
        return False


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _told(notes: Sequence[Note], phase: str) -> list[str]:
    """Notes of one phase as comments say them: without the name that stands below."""
    return [
        _line(f"{note.place}: " + "; ".join(filter(None, (note.what, note.why, note.remedy))))
        for note in notes
        if note.phase == phase
    ]


def _line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(_line(text), WIDTH - 2, break_long_words=False, break_on_hyphens=False)]


def _phase(draft: Draft, notes: Sequence[str]) -> Iterator[str]:
    for note in notes:
        yield f"# {note}"
    body = [f"{scalar(draft.name)}:", *(f"  {line}" if line else "" for line in _fields(draft))]
    yield from (f"# {line}".rstrip() for line in body) if draft.asleep else body


def _fields(draft: Draft) -> Iterator[str]:
    if draft.title:
        yield f"title: {scalar(draft.title, alone=True)}"
    if draft.description:
        yield from _text("description", draft.description)
    if isinstance(draft.run, str):
        yield from _text("run", draft.run)
    else:
        *head, script = draft.run
        yield "run:"
        yield from (f"  - {scalar(word)}" for word in head)
        yield from (f"  {line}" if line else "" for line in _text("-", script))
    if draft.matrix:
        yield "matrix:"
        yield from (f"  {axis}: {_flow(values)}" for axis, values in draft.matrix.items())
    for key, items in (("needs", draft.needs), ("inputs", draft.inputs), ("outputs", draft.outputs)):
        if items:
            yield from _list(key, items)
    if draft.env:
        yield "env:"
        yield from (f"  {scalar(name)}: {scalar(value)}" for name, value in draft.env.items())
    if draft.cwd != ".":
        yield f"cwd: {scalar(draft.cwd)}"
    if draft.always:
        yield "always: true"


def _text(key: str, text: str) -> list[str]:
    """`key: text`, over several lines where it has several."""
    head = key if key == "-" else f"{key}:"
    lines = text.split("\n")
    fits = len(lines) > 1 and all(line.isprintable() and line == line.rstrip() for line in lines)
    if not fits or lines[0] == "" or lines[0].startswith(" ") or text.endswith("\n"):
        return [f"{head} {scalar(text, alone=True)}"]
    return [f"{head} |-", *(f"  {line}" if line else "" for line in lines)]


def _list(key: str, items: Sequence[str]) -> list[str]:
    flow = f"{key}: {_flow(items)}"
    return [flow] if len(flow) <= WIDTH else [f"{key}:", *(f"  - {scalar(item)}" for item in items)]


def _flow(items: Sequence[Scalar]) -> str:
    return "[" + ", ".join(scalar(item) for item in items) + "]"


def _flow_or_block(mapping: Mapping[str, Any]) -> str:
    (key, value), *rest = mapping.items()
    return f"{key}: {scalar(value)}" + "".join(f"\n    {name}: {scalar(other)}" for name, other in rest)
