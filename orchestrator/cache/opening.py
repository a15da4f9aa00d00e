"""From what orchestrator.yaml says of the cache to the cache, and why that may not be possible."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from phases.masking import Masker
from phases.storage import Storage, Unusable, scheme_of

from ..config.cache import texts
from ..config.problems import Problem
from ..plan import SharedCache
from ..variables import references
from .cache import Cache


def problems(settings: SharedCache, root: Path, fill: Callable[[str], str]) -> Iterator[Problem]:
    """Why the cache cannot be used on this machine, whatever stands behind the URL.

    Args:
        fill: replaces `${NAME}`; KeyError for a variable that nobody set.
    """
    file, line, column = settings.place.rsplit(":", 2)
    written = [settings.url, settings.salt, *(text for _, text in texts(settings.options))]
    unset = dict.fromkeys(name for text in written for name in references(text) if _is_unset(name, fill))
    for name in unset:
        message = f"the cache names ${{{name}}}, which is neither in the environment nor in .env"
        yield Problem(file, int(line), int(column), message, f"set {name}")
    if not unset:
        try:
            _storage(settings, root, fill, Masker(())).open()
        except Unusable as error:
            message, _, remedy = str(error).partition("; ")
            yield Problem(file, int(line), int(column), message, remedy)


def open_cache(
    settings: SharedCache,
    root: Path,
    fill: Callable[[str], str],
    secrets: Masker,
    *,
    asks: bool,
    tell: Callable[[str], None],
) -> Cache:
    """The cache; nothing is asked of it yet.

    Args:
        asks: whether outputs may be taken from it.
        tell: takes notes for people.

    Raises:
        KeyError: with the name of a variable that nobody set.
    """
    storage = _storage(settings, root, fill, secrets)
    return Cache(settings, storage, fill(settings.salt), root, asks=asks, tell=tell)


def _storage(settings: SharedCache, root: Path, fill: Callable[[str], str], secrets: Masker) -> Storage:
    url = fill(settings.url)
    if scheme_of(url) == "file" and "://" not in url:
        url = os.path.normpath(root / Path(url).expanduser())
    options: Mapping[str, Any] = _filled(settings.options, fill)
    return Storage(url, options, settings.timeout, secrets)


def _filled(value: Any, fill: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, Mapping):
        return {key: _filled(inner, fill) for key, inner in value.items()}
    return [_filled(inner, fill) for inner in value] if isinstance(value, list) else value


def _is_unset(name: str, fill: Callable[[str], str]) -> bool:
    try:
        fill(f"${{{name}}}")
    except KeyError:
        return True
    return False
