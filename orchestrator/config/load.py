"""config/ → Plan: find the files; take the compiled plan if they are unchanged, else read, validate and compile."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import compiled
from .paths import module_file

if TYPE_CHECKING:
    from ..plan import Plan
    from .findings import Source
    from .problems import Problem

KINDS = ("phases", "criteria", "orchestrator", "github")
SUFFIXES = (".yaml", ".yml", ".json")
FOLDER = "config"
COMPILED = Path(".doit") / "plan"


class Configuration:
    """The files of `config/` as they are now, and the key that tells them from any others. The plan is made of them
    when it is asked for: a `doit` that has nothing to do never asks.

    Raises:
        ConfigError: one of the files cannot be read.
    """

    def __init__(self, root: Path, version: str) -> None:
        self._root = root
        names = _names(root)
        self._files = {kind: _find(root, kind, names) for kind in KINDS}
        self._others = sorted(name for name in names if Path(name).suffix in SUFFIXES and Path(name).stem not in KINDS)
        contents = {name: content for name, content in self._files.values() if content is not None}
        self.key = compiled.key(contents, self._others, version)

    def plan(self, keep: Callable[[Path, bytes, Plan], None] = compiled.store) -> Plan:
        """The plan.

        Args:
            keep: given a plan that had to be compiled, and where and under which key the next one finds it.

        Raises:
            ConfigError: with every problem of every file, each with its place.
        """
        from dataclasses import replace

        plan = compiled.load(self._root / COMPILED, self.key)
        if plan is None or not self.fits(plan.modules):
            plan = _compile(self._root, self._files, self._others)
            keep(self._root / COMPILED, self.key, plan)
        return replace(plan, key=self.key.hex())

    def fits(self, modules: Mapping[str, str | None]) -> bool:
        """Are the modules of `call` and `check`, of which the key says nothing, where a plan has them?"""
        return all(_find_module(self._root, module) == file for module, file in modules.items())


def load_plan(root: Path, version: str) -> Plan:
    """The plan of the project in `root`.

    Raises:
        ConfigError: with every problem of every file, each with its place.
    """
    return Configuration(root, version).plan()


def _find_module(root: Path, module: str) -> str | None:
    return module_file(lambda path: (root / path).is_file(), module)


def _names(root: Path) -> frozenset[str]:
    """What is in the folder."""
    try:
        return frozenset(os.listdir(root / FOLDER))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except OSError as error:
        _refuse(FOLDER, f"cannot be read: {error.strerror}", "it must be a folder that you may read")
        raise


def _find(root: Path, kind: str, names: Collection[str]) -> tuple[str, bytes | None]:
    """The file of a kind as messages name it, and its bytes; None where the project has none."""
    found = [f"{FOLDER}/{kind}{suffix}" for suffix in SUFFIXES if f"{kind}{suffix}" in names]
    if len(found) > 1:
        _refuse(found[1], f"{' and '.join(found)} are both there", "keep one of them")
    name = found[0] if found else f"{FOLDER}/{kind}.yaml"
    try:
        return name, (root / name).read_bytes() if found else None
    except FileNotFoundError:  # a link to nothing
        return name, None
    except OSError as error:
        _refuse(name, f"cannot be read: {error.strerror}", "it must be a file that you may read")
        raise


def _compile(root: Path, files: Mapping[str, tuple[str, bytes | None]], others: Sequence[str]) -> Plan:
    from dataclasses import replace

    from .compile import compile_plan
    from .findings import Desk
    from .preflight import escapes
    from .problems import ConfigError

    if files["phases"][1] is None:
        _refuse(files["phases"][0], "there is no such file", "write one, or run `doit init` in an empty folder")
    sources: dict[str, Source] = {}
    problems = list(_misspelt(files, others))
    for kind, (name, content) in files.items():
        source, wrong = _read(kind, name, content)
        problems += wrong
        if source is not None:
            sources[kind] = source
    if problems:
        raise ConfigError(tuple(problems))
    modules: dict[str, str | None] = {}

    def find_module(module: str) -> str | None:
        return modules.setdefault(module, _find_module(root, module))

    github = sources["github"] if files["github"][1] is not None else None
    desk = Desk(sources["phases"], sources["criteria"], sources["orchestrator"], find_module, github)
    plan, problems = compile_plan(desk)
    if plan is not None:
        problems = list(escapes(root, plan))
    if plan is None or problems:
        raise ConfigError(tuple(problems))
    return replace(plan, modules=modules)


def _misspelt(files: Mapping[str, tuple[str, bytes | None]], others: Iterable[str]) -> Iterator[Problem]:
    """Files that nobody would read, though their names are nearly those of files that are not there."""
    from .problems import Problem, did_you_mean

    lacking = [kind for kind, (_, content) in files.items() if content is None]
    for name in others:
        if hint := did_you_mean(Path(name).stem, lacking):
            yield Problem(f"{FOLDER}/{name}", 1, 1, f"there is no file {name!r} in a plan", hint)


def _read(kind: str, name: str, content: bytes | None) -> tuple[Source | None, list[Problem]]:
    from criteria.documents.yaml import YamlError, read, read_json

    from .findings import Source
    from .problems import Problem
    from .validate import validate

    try:
        text = (content or b"").decode("utf-8-sig")
        document = read_json(text) if name.endswith(".json") and text.strip() else read(text)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return None, [Problem(name, line, 1, f"is not UTF-8: {error.reason} at byte {error.start}", "save it as UTF-8")]
    except YamlError as error:
        return None, [Problem(name, error.line, error.column, error.message, "")]
    if content is None:
        return Source(name, document), []
    problems = validate(kind, document, name)  # type: ignore[arg-type]
    return (None if problems else Source(name, document)), problems


def _refuse(name: str, message: str, remedy: str) -> None:
    from .problems import ConfigError, Problem

    raise ConfigError((Problem(name, 1, 1, message, remedy),))
