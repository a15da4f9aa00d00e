"""JMESPath: where in a document a value stands. The home of `jmespath`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from criteria.model import Trouble
from criteria.words import did_you_mean, listed

# keys joined by dots, as nearly all are: followed here, which spares the import and tells which key is not there
_PLAIN = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"


def check(expression: str) -> None:
    """Raises ValueError where the expression is no JMESPath, or calls a function that JMESPath has not."""
    if re.fullmatch(_PLAIN, expression):
        return
    import jmespath
    from jmespath.functions import Functions

    try:
        parsed: Any = jmespath.compile(expression).parsed
        called = {node["value"] for node in _nodes(parsed) if node.get("type") == "function_expression"}
    except RecursionError:
        raise ValueError("the JMESPath is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"no JMESPath: {str(error).splitlines()[0]}") from None
    if unknown := sorted(called - set(Functions.FUNCTION_TABLE)):
        raise ValueError(f"JMESPath has no function '{unknown[0]}'{did_you_mean(unknown[0], Functions.FUNCTION_TABLE)}")


def find(document: object, expression: str, path: str) -> object:
    """The value at the expression in the document that was read from `path`.

    Raises Trouble where there is none; a null that is spelled out at a plain path is a value, and returned.
    """
    if re.fullmatch(_PLAIN, expression):
        return _follow(document, expression.split("."), path)
    import jmespath

    try:
        found: object = jmespath.search(expression, document)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise Trouble(f"'{expression}' cannot be computed in {path}: {error}") from None
    if found is None:
        raise Trouble(f"'{expression}' gives nothing in {path}")
    return found


def _follow(document: object, keys: list[str], path: str) -> object:
    here = document
    for depth, key in enumerate(keys):
        place = path + (f" at {'.'.join(keys[:depth])}" if depth else "")
        if not isinstance(here, Mapping):
            raise Trouble(f"no key '{key}' in {place}, where {_kind(here)} stands")
        if key not in here:
            raise Trouble(f"no key '{key}' in {place} (keys there: {listed(here)}){did_you_mean(key, here)}")
        here = here[key]
    return here


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list"
    return "null" if value is None else f"{str(value).lower():.60}"


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in node.get("children", ()):
        if isinstance(child, dict):
            yield from _nodes(child)
