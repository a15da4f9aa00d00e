"""The value of a metric from a file; the suffix tells the format, the format tells what `at` means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath

from criteria import files, queries
from criteria.documents import tables, texts
from criteria.model import Trouble


def check(path: str, at: str) -> None:
    """Raises ValueError where `at` cannot be meant for a file of this format."""
    suffix = _suffix(path)
    if suffix in tables.DELIMITERS:
        tables.check(at)
    elif suffix in _TREES:
        queries.check(at)
    else:
        texts.check(at)


def value(root: Path, path: str, at: str) -> object:
    """What stands there, number or not. Raises Trouble where nothing can be read."""
    suffix = _suffix(path)
    if suffix in tables.DELIMITERS:
        return tables.value(root, path, at, tables.DELIMITERS[suffix])
    if suffix in _TREES:
        return queries.find(_TREES[suffix](files.content(root, path), path), at, path)
    return texts.value(files.tail(root, path), path, at)


def _suffix(path: str) -> str:
    return PurePath(path).suffix.lower()


def _json(data: bytes, path: str) -> object:
    from criteria.documents import json

    return json.read(data, path)


def _toml(data: bytes, path: str) -> object:
    from criteria.documents import toml

    return toml.read(texts.decoded(data, path), path)


def _yaml(data: bytes, path: str) -> object:
    from criteria.documents import yaml

    try:
        return yaml.read(texts.decoded(data, path)).data
    except yaml.YamlError as error:
        raise Trouble(f"{path}:{error.line}:{error.column} is not YAML: {error.message}") from None


def _xml(data: bytes, path: str) -> object:
    from criteria.documents import xml

    return xml.read(data, path)


_TREES: dict[str, Callable[[bytes, str], object]] = {
    ".json": _json,
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".xml": _xml,
}
