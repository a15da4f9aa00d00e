"""config/ → Plan: find the files; take the compiled plan if they are unchanged, else read, validate and compile."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..plan import Plan
from . import cache
from .paths import module_file

if TYPE_CHECKING:
    from .compile import Source
    from .problems import Problem

KINDS = ("phases", "criteria", "orchestrator", "github")
FOLDER = "config"
CACHE = Path(".doit") / "plan"


def load_plan(root: Path, version: str) -> Plan:
    """The plan of the project in `root`.

    Raises:
        ConfigError: with every problem of every file, each with its place.
    """
    files = {kind: _find(root, kind) for kind in KINDS}
    contents = {name: content for name, content in files.values() if content is not None}
    key = cache.key(contents, version)
    plan = cache.load(root / CACHE, key)
    if plan is None or not _modules_stand(root, plan):
        plan = _compile(root, files)
        cache.store(root / CACHE, key, plan)
    return plan


def _modules_stand(root: Path, plan: Plan) -> bool:
    """Are the modules of `call` and `check`, which the cache's key says nothing about, where the plan has them?"""
    find = lru_cache(maxsize=None)(partial(_find_module, root))
    for phase in plan:
        called = [(work.definition.get("call"), [given.path for given in work.inputs]) for work in phase.works]
        checked = [(raw.get("check"), phase.reads) for raw in phase.criteria]
        for name, paths in (*called, *checked):
            module = name.partition(":")[0] if name else ""
            if module and find(module) != module_file(paths.__contains__, module):
                return False
    return True


def _find_module(root: Path, module: str) -> str | None:
    return module_file(lambda path: (root / path).is_file(), module)


def _find(root: Path, kind: str) -> tuple[str, bytes | None]:
    """The file of a kind as messages name it, and its bytes; None where the project has none."""
    found = [
        name for name in (f"{FOLDER}/{kind}{suffix}" for suffix in (".yaml", ".yml", ".json")) if (root / name).exists()
    ]
    if len(found) > 1:
        _refuse(found[1], f"{' and '.join(found)} are both there", "keep one of them")
    name = found[0] if found else f"{FOLDER}/{kind}.yaml"
    try:
        return name, (root / name).read_bytes() if found else None
    except OSError as error:
        _refuse(name, f"cannot be read: {error.strerror}", "it must be a file that you may read")
        raise


def _compile(root: Path, files: dict[str, tuple[str, bytes | None]]) -> Plan:
    from .compile import compile_plan
    from .preflight import escapes
    from .problems import ConfigError

    if files["phases"][1] is None:
        _refuse(files["phases"][0], "there is no such file", "write one, or run `doit init` in an empty folder")
    sources: dict[str, Source] = {}
    problems: list[Problem] = []
    for kind, (name, content) in files.items():
        source, wrong = _read(kind, name, content)
        problems += wrong
        if source is not None:
            sources[kind] = source
    if problems:
        raise ConfigError(tuple(problems))
    plan, problems = compile_plan(
        sources["phases"], sources["criteria"], sources["orchestrator"], partial(_find_module, root)
    )
    if plan is not None:
        problems = list(escapes(root, plan))
    if plan is None or problems:
        raise ConfigError(tuple(problems))
    return plan


def _read(kind: str, name: str, content: bytes | None) -> tuple[Source | None, list[Problem]]:
    from criteria.documents.yaml import YamlError, read, read_json

    from .compile import Source
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
