"""`doit init`: a starter project that runs. No file that is there is changed, but for lines that .gitignore lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from doit.cmd_base import Command
from doit.exceptions import InvalidCommand

STARTER = Path(__file__).parent.parent / "starter"
RENAMED = {"env.example": ".env.example", "gitignore": ".gitignore"}
"""A wheel leaves files out whose names begin with a dot."""

WIRING = {
    "dodo.py": "from phasegate import Project",
    "doit.cfg": "run = phasegate:Run",
}
"""Files that must say something for a plan to run, and what; one that was there before may not."""


class Init(Command):  # type: ignore[misc]
    """The command `init`. Works in any folder: doit needs no dodo.py for it."""

    name = "init"
    doc_purpose = "write a starter plan that runs, into this folder or another"
    doc_usage = "[FOLDER]"
    doc_description = "No file that is there is changed, but for lines that .gitignore lacks."

    def execute(self, params: Any, args: Sequence[str]) -> int:
        if len(args) > 1:
            raise InvalidCommand("`doit init` takes one folder at most")
        target = Path(args[0] if args else ".")
        try:
            lines = list(_write(target))
        except OSError as error:
            raise InvalidCommand(f"{error.filename}: {error.strerror}; nothing was overwritten") from None
        print("\n".join(lines))
        missing = [name for name, needed in WIRING.items() if needed not in (target / name).read_text("utf-8")]
        for name in missing:
            print(f"\n{name} was there before and is left as it is. To run the plan it needs these lines:\n")
            print((STARTER / name).read_text("utf-8"))
        if not missing:
            where = "" if args == [] else f"cd {target} && "
            print(f"\nnext: {where}doit")
        return 0


def _write(target: Path) -> Iterator[str]:
    """Copy what is not there, and say of each file what became of it."""
    for source in sorted(path for path in STARTER.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        relative = source.relative_to(STARTER)
        destination = target / relative.with_name(RENAMED.get(relative.name, relative.name))
        shown = destination.relative_to(target)
        destination.parent.mkdir(parents=True, exist_ok=True)
        if shown.name == ".gitignore":
            yield f"{_ignore(source, destination):8} {shown}"
            continue
        try:
            with destination.open("x", encoding="utf-8") as file:
                file.write(source.read_text("utf-8"))
        except FileExistsError:
            yield f"kept     {shown}"
        else:
            yield f"written  {shown}"


def _ignore(source: Path, destination: Path) -> str:
    before = destination.read_text("utf-8") if destination.exists() else ""
    lacking = [line for line in source.read_text("utf-8").splitlines() if line not in before.splitlines()]
    if not lacking:
        return "kept"
    gap = "\n" if before and not before.endswith("\n") else ""
    with destination.open("a", encoding="utf-8") as file:
        file.write(gap + "\n".join(lacking) + "\n")
    return "added to" if before else "written"
