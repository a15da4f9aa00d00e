"""The example plan as a whole: its files, its gates on the committed data, and the same bytes every time."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from flights_project import HERE, Project, plan


def tree(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_script_is_an_input_of_its_phase_and_so_is_every_module_of_ours_that_it_imports() -> None:
    for name, work in plan().items():
        module = work["call"].partition(":")[0] if "call" in work else next(w for w in words(work["run"]) if "." in w)
        script = Path(*module.split(".")).with_suffix(".py")
        assert "call" in work or str(script) in work["inputs"], name
        missing = imported(script) - {str(script), *work["inputs"]}
        assert not missing, f"{name} imports {missing}"


def words(run: str | list[str]) -> list[str]:
    return run.split() if isinstance(run, str) else run


def imported(script: Path) -> set[str]:
    """The modules of phases/flights that a script imports, through others too."""
    import ast

    found: set[str] = set()
    for node in ast.walk(ast.parse((HERE / script).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "phases.flights":
            found |= {f"phases/flights/{name.name}.py" for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("phases.flights."):
            found.add(f"{(node.module or '').replace('.', '/')}.py")
    return found.union(*(imported(Path(path)) for path in found))


def test_every_phase_makes_what_it_says_and_nothing_else(finished: Project) -> None:
    promised = [
        path.replace("{carrier}", carrier)
        for work in plan().values()
        for path in work["outputs"]
        for carrier in (("AA", "UA") if "matrix" in work else ("",))
    ]
    for path in promised:
        assert (finished.root / path).exists(), path
    made = tree(finished.root / "build")
    unknown = [path for path in made if not any(f"build/{path}".startswith(output) for output in promised)]
    assert unknown == []


@pytest.mark.parametrize("phase", [number for number in range(16) if number != 11])
def test_all_gates_open_on_the_committed_data(finished: Project, phase: int) -> None:
    results = finished.judge(phase)
    assert results
    assert set(results.values()) == {"pass"}, results


@pytest.mark.parametrize(
    "phases",
    [
        pytest.param((3, 8, 12, 14), id="a table, a model, a picture and a package"),
        pytest.param(range(16), id="all", marks=pytest.mark.faults),
    ],
)
def test_the_same_inputs_give_the_same_bytes(
    finished: Project, spoil: Callable[[], Project], phases: Iterable[int]
) -> None:
    """Approvals are bound to content: a second run must not ask anybody again."""
    project = spoil()
    for phase in phases:
        for output in plan()[f"phase_{phase}"]["outputs"]:
            for path in (project.root / output, *(project.root / output).rglob("*")):
                if path.is_file():
                    path.unlink()
        project.run(phase)
    assert tree(project.root / "build") == tree(finished.root / "build")


def test_the_slice_is_what_its_source_note_says(finished: Project) -> None:
    note = (HERE / "data/raw/SOURCE.md").read_text(encoding="utf-8")
    for name, table in finished.read("profile.json")["tables"].items():
        assert f"`{name}.csv.gz` | {table['rows']:,} |" in note
    for path in (HERE / "data/raw").glob("*.csv.gz"):
        # bytes 4 to 7 of a gzip file are its time: 0, so that making the slice again gives the same file
        assert path.read_bytes()[4:8] == bytes(4)
        assert gzip.decompress(path.read_bytes()).endswith(b"\n")
