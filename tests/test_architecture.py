"""The directions of docs/design.md, One-way flow, read from the imports themselves."""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("phasegate", "criteria", "orchestrator", "phases")
HOMES = {
    "yaml": {"criteria.documents.yaml"},
    "cerberus": {"orchestrator.config.validate"},
    "jmespath": {"criteria.queries"},
    "jsonschema": {"criteria.documents.schemas"},
    "referencing": {"criteria.documents.schemas"},
    "defusedxml": {"criteria.documents.xml"},
    "tomli": {"criteria.documents.toml"},
    "github": {"orchestrator.github.transport"},
    "jinja2": {"orchestrator.views.report.page"},
    "markupsafe": {"orchestrator.views.report.page"},
    "rich": {"orchestrator.views.terminal"},
    "requests": {"orchestrator.triggers.deliver"},
    "backoff": {"orchestrator.work.retry"},
    "dotenv": {"orchestrator.variables"},
    "psutil": {"phases.processes"},
    "sqlite3": {"orchestrator.state.database"},
    "fsspec": {"phases.stores"},
    "fcntl": {"orchestrator.state.lock"},
    "subprocess": {
        "phases.child",
        "phases.cluster.worker",
        "criteria.children",
        "orchestrator.git",
        "orchestrator.watching.child",
    },
    "distributed": {"phases.cluster.line"},
    "dask": {"phases.cluster.line"},
    "watchfiles": {"orchestrator.watching.observer"},
    "doit": {
        "orchestrator.project",
        "orchestrator.tasks",
        "orchestrator.engine",
        "orchestrator.runner",
        "orchestrator.state.backend",
        "orchestrator.state.database",
        "orchestrator.commands.agenda",
        "orchestrator.commands.clean",
        "orchestrator.commands.common",
        "orchestrator.commands.completion",
        "orchestrator.commands.conduct",
        "orchestrator.commands.destination",
        "orchestrator.commands.doits",
        "orchestrator.commands.loader",
        "orchestrator.commands.forget",
        "orchestrator.commands.graph",
        "orchestrator.commands.github",
        "orchestrator.commands.history",
        "orchestrator.commands.init",
        "orchestrator.commands.logs",
        "orchestrator.commands.own_tasks",
        "orchestrator.commands.plan",
        "orchestrator.commands.report",
        "orchestrator.commands.voting",
        "orchestrator.commands.waive",
        "orchestrator.commands.watch",
        "orchestrator.commands.run",
        "orchestrator.commands.run_options",
        "orchestrator.commands.selection",
    },
}
LAYERS = (
    ("orchestrator.commands",),
    ("orchestrator.github",),
    ("orchestrator.engine", "orchestrator.views", "orchestrator.watching", "orchestrator.signals"),
    ("orchestrator.session",),
    ("orchestrator.outcomes",),
    ("orchestrator.watchers",),
    ("orchestrator.results",),
    ("orchestrator.project",),
    ("orchestrator.forecast", "orchestrator.supposition"),
    ("orchestrator.tasks", "orchestrator.lookup"),
    ("orchestrator.runner",),
    ("orchestrator.schedule",),
    ("orchestrator.cache.voting",),
    ("orchestrator.standing", "orchestrator.voting", "orchestrator.foresight"),
    ("orchestrator.reasons",),
    ("orchestrator.gate",),
    ("orchestrator.triggers",),
    ("orchestrator.work",),
    ("orchestrator.cache",),
    ("orchestrator.state",),
    ("orchestrator.annotations",),
    ("orchestrator.imports",),
    ("orchestrator.config",),
    ("orchestrator.github.settings",),
    ("orchestrator.secrets",),
    ("orchestrator.estimate", "orchestrator.completion"),
    ("orchestrator.variables", "orchestrator.plan", "orchestrator.git", "orchestrator.kept"),
    ("orchestrator.triggers.model", "orchestrator.clock"),
)
"""Each line stands above what it may import; a module belongs to the longest name that begins its own."""


@functools.cache
def modules() -> dict[str, Path]:
    found = {"phasegate": ROOT / "phasegate.py"}
    for package in ("criteria", "orchestrator", "phases"):
        for path in (ROOT / package).rglob("*.py"):
            if "starter" not in path.parts and "flights" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path
    return found


def imports(name: str, path: Path) -> set[str]:
    """Every module that a file imports, also inside functions and for types alone."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            target = ".".join([*base, *([node.module] if node.module else [])])
            found |= {
                f"{target}.{alias.name}" if f"{target}.{alias.name}" in modules() else target for alias in node.names
            }
    return found


IMPORTS = {name: imports(name, path) for name, path in modules().items()}


def top(name: str) -> str:
    return name.partition(".")[0]


@pytest.mark.parametrize("name", sorted(IMPORTS))
def test_packages_know_only_what_stands_below_them(name):
    allowed = {
        "phasegate": {"phasegate", "orchestrator", "criteria", "phases"},
        "criteria": {"criteria"},
        "phases": {"phases"},
        "orchestrator": {"orchestrator", "criteria", "phases"},
    }[top(name)]
    assert {top(found) for found in IMPORTS[name] if top(found) in OURS} <= allowed


def layer(name: str) -> int | None:
    matching = [
        (len(prefix), index)
        for index, prefixes in enumerate(LAYERS)
        for prefix in prefixes
        if name == prefix or name.startswith(prefix + ".")
    ]
    return max(matching)[1] if matching else None


@pytest.mark.parametrize(
    "name", sorted(name for name in IMPORTS if top(name) == "orchestrator" and name != "orchestrator")
)
def test_imports_of_the_orchestrator_run_downwards(name):
    own = layer(name)
    assert own is not None, f"{name} stands in no layer: give it its place in LAYERS"
    above = {found: layer(found) for found in IMPORTS[name] if top(found) == "orchestrator" and found != "orchestrator"}
    assert {found for found, other in above.items() if other is not None and other < own} == set()


@pytest.mark.parametrize("package", sorted(HOMES))
def test_each_third_party_package_has_its_home(package):
    users = {name for name, found in IMPORTS.items() if package in {top(one) for one in found}}
    assert users == HOMES[package]


def test_no_third_party_package_is_without_a_home():
    outside = {top(found) for name, all_found in IMPORTS.items() for found in all_found}
    unknown = outside - set(OURS) - set(sys.stdlib_module_names) - set(HOMES) - {"tomllib"}
    assert unknown == set()


def test_there_are_no_cycles_between_modules():
    left = {
        name: {found for found in all_found if found in IMPORTS and found != name}
        for name, all_found in IMPORTS.items()
    }
    left.pop("phasegate")  # the door names everything, lazily
    for found in left.values():
        found.discard("phasegate")
    while free := [name for name, needs in left.items() if not needs & set(left)]:
        for name in free:
            del left[name]
    assert left == {}
