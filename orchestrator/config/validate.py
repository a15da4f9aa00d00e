"""A document against its schema: every problem at once, each at its place and in our words.

The only home of Cerberus. Its errors are taken as objects; none of its texts is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, Literal, TypeAlias

from cerberus import TypeDefinition, Validator, errors

from criteria.documents.yaml import Document, Place

from .problems import Problem, did_you_mean
from .schema import SCHEMAS, Rule

Kind: TypeAlias = Literal["phases", "criteria", "orchestrator", "github"]
Path: TypeAlias = tuple[str | int, ...]
_Message: TypeAlias = tuple[Place, str, str]

_ROOT = "file"  # Cerberus takes mappings only: the document is put under this key, whatever it is
_LARGEST = 2**53
_MOST = 1000  # nobody reads more, and to place and word each takes time
_SECRET = re.compile("TOKEN|SECRET|KEY|PASSWORD|WEBHOOK", re.IGNORECASE)  # a webhook's URL is a password too


def validate(kind: Kind, document: Document, file: str) -> list[Problem]:
    """All that is wrong with a document of this kind, in the order of its lines; `file` is what messages call it.

    Never raises, whatever the document holds. Of very many problems at most a thousand are told.
    """
    found = list(islice(_unusable(document, kind), _MOST))
    validator = _validator(kind)
    if not validator.validate({_ROOT: document.data}, normalize=False):
        report = _Report(kind, document)
        found.extend(islice(report.messages(validator.errors), _MOST - len(found)))
    return sorted({Problem(file, at.line, at.column, message, remedy) for at, message, remedy in found})


# -- Cerberus -------------------------------------------------------------------------------------------------


class _AsObjects(errors.BaseErrorHandler):  # type: ignore[misc]
    """Hands Cerberus' errors on as they are, without groups."""

    def __call__(self, found: Iterable[errors.ValidationError]) -> list[errors.ValidationError]:
        return list(_leaves(found))

    def add(self, error: errors.ValidationError) -> None:
        pass  # collected by __call__


def _leaves(found: Iterable[errors.ValidationError]) -> Iterator[errors.ValidationError]:
    for error in found:
        if error.is_group_error:
            yield from _leaves(error.child_errors)
        else:
            yield error


class _NoTree:
    """Stands in for Cerberus' error trees, which sort all that they hold whenever an error is added."""

    def add(self, error: errors.ValidationError) -> None:
        pass

    def fetch_node_from(self, path: Path) -> None:
        return None


class _Unsorted(errors.ErrorList):  # type: ignore[misc]
    """Cerberus sorts its errors after each one: with 100,000 of them that takes minutes. We sort once, at the end."""

    def sort(self, *_: object, **__: object) -> None:
        pass


class _Validator(Validator):  # type: ignore[misc]
    _errors = property(lambda self: self._found, lambda self, found: setattr(self, "_found", _Unsorted(found)))
    document_error_tree = schema_error_tree = property(lambda self: _NoTree(), lambda self, tree: None)
    types_mapping = {  # noqa: RUF012 (Cerberus' name and type)
        **Validator.types_mapping,
        "integer": TypeDefinition("integer", (int,), (bool,)),  # to Cerberus, true is a whole number
    }

    def _validate_regex(self, pattern: str, field: str, value: object) -> None:
        """{'type': 'string'}"""  # Cerberus' own lets a line break at the end pass
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            self._error(field, errors.REGEX_MISMATCH)


@cache
def _validator(kind: str) -> Validator:
    return _Validator({_ROOT: _without_meta(SCHEMAS[kind])}, error_handler=_AsObjects)


def _without_meta(rule: Any) -> Any:
    """The rule without its texts, which Cerberus would look at for every value."""
    if isinstance(rule, dict):
        is_rule = isinstance(rule.get("meta"), dict) and "wants" in rule["meta"]
        return {key: _without_meta(value) for key, value in rule.items() if not (is_rule and key == "meta")}
    return rule


# -- our words ------------------------------------------------------------------------------------------------


class _Report:
    """Turns Cerberus' errors about one document into messages."""

    def __init__(self, kind: str, document: Document) -> None:
        self.kind, self.document = kind, document

    def messages(self, found: Iterable[errors.ValidationError]) -> Iterator[_Message]:
        for error in found:
            path: Path = error.document_path[1:]
            if error.code == errors.UNKNOWN_FIELD.code:
                yield self.unknown(path, error.schema_path)
                continue
            rule = self.rule_at(error.schema_path[:-1])
            if error.code == errors.REQUIRED_FIELD.code:
                yield from self.missing(path, self.rule_at(error.schema_path[:-2]))
            elif error.code == errors.EXCLUDES_FIELD.code:
                yield self.excluded(path, self.rule_at(error.schema_path[:-2]))
            elif error.code == errors.DEPENDENCIES_FIELD.code:
                yield self.alone(path, error.info[0], self.rule_at((*error.schema_path[:-2], error.info[0])))
            elif "keysrules" in error.schema_path[-2:]:
                yield self.bad_key(path, rule)
            else:
                yield self.bad_value(path, rule, error)

    def unknown(self, path: Path, schema_path: Path) -> _Message:
        remedy = did_you_mean(str(path[-1]), self.rule_at(schema_path))
        message = f"unknown key {_short(str(path[-1]))}"
        if len(path) > 1:
            message += f" in {_dotted(self.outer(path[:-1]))}"
        return self.document.key_place(path), message, remedy

    def missing(self, path: Path, rules: dict[str, Rule]) -> Iterator[_Message]:
        group = _group(path, rules)
        holder = self.value(path[:-1])
        if any(key in holder for key in group):
            return  # Cerberus lifts `required` only where the other one is right
        at = self.document.key_place(path[:-1])
        name = _dotted(self.outer(path[:-1])) or f"the {self.kind} file"
        if len(group) == 1:
            yield at, f"{name} has no {group[0]}", f"add {group[0]}, {rules[group[0]]['meta']['wants']}"
        else:
            lacks = f"neither {group[0]} nor {group[1]}" if len(group) == 2 else f"none of {', '.join(group)}"
            yield at, f"{name} has {lacks}", "add one of them"

    def excluded(self, path: Path, rules: dict[str, Rule]) -> _Message:
        holder, rule = self.value(path[:-1]), rules[str(path[-1])]
        if rule.get("required"):
            there = [key for key in _group(path, rules) if key in holder]
            at = max(self.document.key_place((*path[:-1], key)) for key in there)
            return at, f"{_dotted(self.outer(path[:-1]))} has {' and '.join(there)}", "keep one of them"
        others = [other for other in _listed(rule["excludes"]) if other in holder]
        return self.document.key_place(path), f"{self.name(path)} does not go with {others[0]}", "remove it"

    def alone(self, path: Path, other: str, other_rule: Rule) -> _Message:
        at = self.document.key_place(path)
        if other_rule.get("required"):  # it is what the other one is about
            return at, f"{self.name(path)} goes only with {other}", f"remove it, or add {other}"
        return at, f"{self.name(path)} needs {other} beside it", f"add {other}, {other_rule['meta']['wants']}"

    def bad_key(self, path: Path, rule: Rule) -> _Message:
        meta = rule["meta"]
        return self.document.key_place(path), f"{_short(str(path[-1]))} cannot be {meta['wants']}", meta["remedy"]

    def bad_value(self, path: Path, rule: Rule, error: errors.ValidationError) -> _Message:
        value, meta, hidden = error.value, rule["meta"], _is_secret(self.inner(path))
        at, name = self.document.place(path), self.name(path)
        if error.code == errors.UNALLOWED_VALUE.code:
            shown = "" if hidden else f"{_short(str(value))} "
            remedy = did_you_mean(str(value), rule["allowed"])
            return at, f"{name} {shown}is not one of {', '.join(rule['allowed'])}", remedy
        shown = "empty" if error.code == errors.EMPTY_NOT_ALLOWED.code else _described(value, hidden)
        remedy = meta["remedy"] or _remedy(rule, value, hidden)
        return at, f"{name} is {shown}, {meta['wants']} belongs here", remedy if path else ""

    # How a path is named: what is in a phase goes without the phase, whose line is at the front of the message.

    def name(self, path: Path) -> str:
        return _dotted(self.inner(path) or self.outer(path)) or f"the {self.kind} file"

    def outer(self, path: Path) -> Path:
        return path[1:] if self.kind == "phases" and len(path) > 1 else path

    def inner(self, path: Path) -> Path:
        return _inner(self.kind, path)

    def value(self, path: Path) -> Any:
        return _at(path, self.document.data)

    def rule_at(self, schema_path: Path) -> Any:
        """The part of our schema, with its texts, that a path in Cerberus' copy of it stands for."""
        return _at(schema_path[1:], SCHEMAS[self.kind])


def _inner(kind: str, path: Path) -> Path:
    if kind == "criteria" or (kind == "phases" and path[:1] == ("phases",)):
        return path[2:]
    return path


def _at(path: Path, within: Any) -> Any:
    for step in path:
        within = within[step]
    return within


def _unusable(document: Document, kind: str) -> Iterator[_Message]:
    """Values that no key can use: NUL never gets into a command or a file name, nor a year of seconds into a clock."""
    rest: list[tuple[Path, Any]] = [((), document.data)]
    while rest:
        path, value = rest.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                if "\0" in key:
                    yield document.key_place((*path, key)), f"the key {_short(key)} contains NUL", "remove it"
                rest.append(((*path, key), inner))
        elif isinstance(value, list):
            rest.extend(((*path, index), inner) for index, inner in enumerate(value))
        elif isinstance(value, str):
            if "\0" in value:
                yield document.place(path), f"{_dotted(_inner(kind, path)) or 'the text'} contains NUL", "remove it"
        elif isinstance(value, int | float) and not -_LARGEST <= value <= _LARGEST:
            what = "is not a number" if value != value else "is too large a number"
            yield (
                document.place(path),
                f"{_dotted(_inner(kind, path)) or 'the file'} {what}",
                "quote it if it is a text",
            )


def _group(path: Path, rules: dict[str, Rule]) -> list[str]:
    """The keys of which exactly one has to be there, in the schema's order."""
    own = str(path[-1])
    others = _listed(rules[own].get("excludes", ()))
    return [key for key in rules if key == own or key in others]


def _listed(names: str | Sequence[str]) -> Sequence[str]:
    return (names,) if isinstance(names, str) else names


def _remedy(rule: Rule, value: object, hidden: bool) -> str:
    types = set(_listed(rule["type"]))
    is_text = "string" in types and "regex" not in rule
    if value is None or ("list" in types and not is_text and value in ("", [])):
        return "give it a value, or remove the key"
    if isinstance(value, str) and "list" in types and not is_text:
        return "write a list" + ("" if hidden else f": [{_short(value)[1:-1]}]")
    if isinstance(value, int | float) and types <= {"string", "list", "dict"} and "string" in types:
        return "quote it" + ("" if hidden else f': "{_described(value, hidden)}"')
    return ""


def _described(value: object, hidden: bool) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, dict | list):
        return ("a" if value else "an empty") + (" mapping" if isinstance(value, dict) else " list")
    if hidden:
        return "something else" if isinstance(value, str) else "no text"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _short(value) if isinstance(value, str) else str(value)[:60]


def _is_secret(path: Path) -> bool:
    return any(isinstance(step, str) and _SECRET.search(step) for step in path)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")


def _dotted(path: Path) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_plain(step)}" for step in path)
    return text.removeprefix(".")


def _plain(key: str) -> str:
    return key if len(key) <= 60 and key.isprintable() else _short(key)
