"""`doit init`: a starter project that runs, or the plan of another tool. No file that is there is changed unasked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.cmd_base import Command
from doit.exceptions import InvalidCommand

from ..views.words import printable
from .common import AnyOrder, heard

if TYPE_CHECKING:
    from ..imports.model import Imported

STARTER = Path(__file__).parent.parent / "starter"
RENAMED = {"env.example": ".env.example", "gitignore": ".gitignore"}
"""A wheel leaves files out whose names begin with a dot."""

KINDS = ("phases", "criteria", "orchestrator", "github")
SCHEMAS = "config/schemas"
"""Beside the files that name them, and not in .doit/, which git ignores: who clones the project has them too."""

WIRING = {
    "dodo.py": "from phasegate import Project",
    "doit.cfg": "run = phasegate:Run",
}
"""Files that must say something for a plan to run, and what; one that was there before may not."""

AROUND = ("dodo.py", "doit.cfg", "env.example", "gitignore")
"""What any plan needs, or likes, around it. One that is there gets nothing else: with the starter's phases or criteria
mixed into it, it loads no more."""

OPT_FROM = {
    "name": "from",
    "long": "from",
    "type": str,
    "default": "",
    "help": "import a dvc.yaml or Taskfile.yml in the place of the starter's plan (docs/importing.md)",
}
OPT_OVERWRITE = {
    "name": "overwrite",
    "long": "overwrite",
    "type": bool,
    "default": False,
    "help": "with --from: replace the files in config/ that are there",
}
OPT_SCHEMAS = {
    "name": "schemas",
    "long": "schemas",
    "type": bool,
    "default": False,
    "help": f"only write {SCHEMAS}/ anew, for editors (docs/editors.md)",
}

Texts = Mapping[str, str]
"""Path in the project → content."""


class Init(AnyOrder, Command):  # type: ignore[misc]
    """The command `init`. Works in any folder: doit needs no dodo.py for it."""

    name = "init"
    doc_purpose = "write a starter plan that runs, or import one, into this folder or another"
    doc_usage = "[FOLDER] [--from FILE [--overwrite]] [--schemas]"
    doc_description = "No file that is there is changed, but for lines that .gitignore lacks."
    cmd_options = (OPT_FROM, OPT_OVERWRITE, OPT_SCHEMAS)

    def execute(self, params: Any, args: Sequence[str]) -> int:
        return heard(lambda: self._act(params, args))

    def _act(self, params: Any, args: Sequence[str]) -> int:
        if len(args) > 1:
            raise InvalidCommand("`doit init` takes one folder at most")
        if params["overwrite"] and not params["from"]:
            raise InvalidCommand("--overwrite goes with --from")
        if params["schemas"] and params["from"]:
            raise InvalidCommand("--schemas goes without --from, which writes the schemas too")
        target = Path(args[0] if args else ".")
        try:
            if params["schemas"]:
                lines = [*_write(target, _schemas(), replace=True), *_lines_to_add(target)]
                print("\n".join(lines))
                return 0
            if params["from"]:
                return _import(params["from"], target, self._where(args), replace=params["overwrite"])
            there = [name for kind in ("phases", "criteria") for name in _config_files(target, kind)]
            starter = {name: text for name, text in _starter().items() if not there or name in AROUND}
            lines = [*(f"kept     {name}" for name in there), *_write(target, {**starter, **_schemas()})]
            print("\n".join(lines))
            return _next(target, self._where(args))
        except UnicodeDecodeError as error:
            raise InvalidCommand(f"a file that is there is not UTF-8: {error}; nothing was overwritten") from None
        except OSError as error:
            if error.filename is None:  # nobody listens any more
                raise
            raise InvalidCommand(f"{error.filename}: {error.strerror}; nothing was overwritten") from None

    @staticmethod
    def _where(args: Sequence[str]) -> str:
        return f"cd {args[0]} && " if args else ""


# -- what is written ------------------------------------------------------------------------------------------------


def _starter() -> Texts:
    files = sorted(path for path in STARTER.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(STARTER)): path.read_text("utf-8") for path in files}


def _schemas() -> Texts:
    from ..config.json_schema import file_name, schema_text

    return {f"{SCHEMAS}/{file_name(kind)}": schema_text(kind) for kind in KINDS}


def _imported(imported: Imported) -> Texts:
    """The config of an import with the starter's wiring around it."""
    from ..imports import writer

    starter = _starter()
    config = {
        "phases": writer.phases_text(imported),
        "criteria": writer.criteria_text(imported),
        "orchestrator": writer.orchestrator_text(imported),
    }
    texts = {f"config/{kind}.yaml": f"{modeline(kind)}\n{text}" for kind, text in config.items()}
    texts = {**{name: starter[name] for name in (*AROUND, "config/github.yaml")}, **texts, **_schemas()}
    texts["gitignore"] = texts["gitignore"].replace("build/\n", "")
    if imported.default:
        named = ", ".join(f'"{name}"' for name in imported.default)
        texts["dodo.py"] = texts["dodo.py"].replace(
            "DOIT_CONFIG = project.doit_config",
            f'DOIT_CONFIG = {{**project.doit_config, "default_tasks": [{named}]}}  # what `doit` without a name runs',
        )
    return texts


def modeline(kind: str) -> str:
    """The first line of a config file, by which editors find its schema: relative, so it needs no network."""
    return f"# yaml-language-server: $schema={SCHEMAS.removeprefix('config/')}/{kind}.schema.json"


def _lines_to_add(target: Path) -> Iterator[str]:
    """What the user's files lack for their editor to use the schemas."""
    for kind in KINDS:
        for path in (target / "config" / f"{kind}{suffix}" for suffix in (".yaml", ".yml")):
            if path.exists() and "yaml-language-server" not in path.read_text("utf-8"):
                yield f"{path.relative_to(target)} lacks the line: {modeline(kind)}"


# -- writing --------------------------------------------------------------------------------------------------------


def _write(target: Path, texts: Texts, *, replace: bool = False) -> Iterator[str]:
    """Write what is not there, and say of each file what became of it. `replace` is about config/ alone."""
    for name, text in texts.items():
        shown = Path(name).with_name(RENAMED.get(Path(name).name, Path(name).name))
        destination = target / shown
        destination.parent.mkdir(parents=True, exist_ok=True)
        if shown.name == ".gitignore":
            yield f"{_ignore(text, destination):8} {shown}"
            continue
        there = destination.exists()
        if there and replace and name.startswith("config/"):
            destination.write_text(text, "utf-8")
            yield f"replaced {shown}"
            continue
        try:
            with destination.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            yield f"kept     {shown}"
        else:
            yield f"written  {shown}"


def _ignore(text: str, destination: Path) -> str:
    before = destination.read_text("utf-8") if destination.exists() else ""
    lacking = [line for line in text.splitlines() if line not in before.splitlines()]
    if not lacking:
        return "kept"
    gap = "\n" if before and not before.endswith("\n") else ""
    with destination.open("a", encoding="utf-8") as file:
        file.write(gap + "\n".join(lacking) + "\n")
    return "added to" if before else "written"


def _next(target: Path, where: str) -> int:
    """Say what comes next; what is missing in files that were there before."""
    missing = [name for name, needed in WIRING.items() if needed not in (target / name).read_text("utf-8")]
    for name in missing:
        print(f"\n{name} was there before and is left as it is. To run the plan it needs these lines:\n")
        print((STARTER / name).read_text("utf-8"))
    if not missing:
        print(f"\nnext: {where}doit")
    return 0


# -- imports --------------------------------------------------------------------------------------------------------


def _import(file: str, target: Path, where: str, *, replace: bool) -> int:
    from ..imports.model import ImportRefused
    from ..imports.read import import_file

    path = os.path.relpath(file, target)
    if path.startswith(".."):
        raise InvalidCommand(f"{file} does not lie in {target}; a plan's paths begin at its folder, so name that one")
    there = [name for kind in KINDS for name in _config_files(target, kind)]
    other = [name for name in there if not name.endswith(".yaml")]
    if there and (not replace or other):
        remedy = "move it away" if other else "move it away, or say --overwrite"
        raise InvalidCommand(f"{(other or there)[0]} is there; {remedy}")
    try:
        imported = import_file(path, target)
    except ImportRefused as refused:
        raise InvalidCommand(printable(str(refused))) from None
    print("\n".join(_write(target, _imported(imported), replace=replace)))
    for line in _told(imported):
        print(line)
    if problems := _problems(target):
        raise InvalidCommand(f"the plan that came of it does not load; mend it by hand:\n{problems}")
    return _next(target, where)


def _config_files(target: Path, kind: str) -> list[str]:
    names = (f"config/{kind}{suffix}" for suffix in (".yaml", ".yml", ".json"))
    return [name for name in names if (target / name).exists()]


def _told(imported: Imported) -> Iterator[str]:
    awake = sum(not draft.asleep for draft in imported.phases)
    yield f"\n{imported.source}: {'1 phase' if awake == 1 else f'{awake} phases'}"
    if imported.notes:
        yield f"\nnot carried over as it was ({len(imported.notes)}):"
        yield from (f"  {printable(str(note))}" for note in imported.notes)
    yield f"\ndifferent from {imported.tool} in general:"
    yield from (f"  {difference}" for difference in imported.differences)


def _problems(target: Path) -> str:
    """What the configuration itself says of what was written; empty where it loads."""
    from .. import __version__
    from ..config.load import load_plan
    from ..config.problems import ConfigError

    try:
        load_plan(target.resolve(), __version__)
    except ConfigError as error:
        return str(error)
    return ""
