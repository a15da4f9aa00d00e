"""The table beside the neighbours: that it measures what it says, with the tools that are here without a network."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
QUICK = ("--no-install", "--sizes", "4", "--graphs", "layers", "--rounds", "2", "--budget", "1")


@pytest.fixture(scope="module")
def graphs():
    """benchmarks/graphs.py, which is in no package."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module("graphs")
    finally:
        sys.path.remove(str(BENCHMARKS))


def neighbours(folder: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "neighbours.py"), *QUICK, "--cache", str(folder / "cache"), *arguments]
    env = {**os.environ, "TMPDIR": str(folder)} | ({"PATH": path} if path else {})
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def fake_make(folder: Path, script: str) -> str:
    """A PATH on which `make` is this script."""
    place = folder / "bin"
    place.mkdir()
    (place / "make").write_text(f"#!/bin/sh\n{script}\n")
    (place / "make").chmod(0o755)
    return f"{place}:{os.environ['PATH']}"


def rows(ran: subprocess.CompletedProcess[str], part: str) -> dict[tuple[str, str], dict]:
    """By measure and tool."""
    assert ran.stdout, ran.stderr
    return {(row["measure"], row["tool"]): row for row in json.loads(ran.stdout)[part] if row["steps"] == 4}


def test_everything_is_measured_in_rounds(tmp_path: Path) -> None:
    ran = neighbours(
        tmp_path, "--tools", "phasegate,plain doit,make,a loop in Python", "--json", "--save", "figures.json"
    )
    assert ran.returncode == 0, ran.stderr
    found = rows(ran, "results")
    tools = ["phasegate", "plain doit"] + (["make"] if shutil.which("make") else [])
    for tool in tools:
        for measure in ("first", "noop", "change", "settle", "run1", "run2"):
            row = found[measure, tool]
            assert row["seconds"]["median"] > 0
            assert row["peak"] > 1_000_000
        assert found["run2", tool]["phasegate_to_tool"]["count"] == len(found["run2", tool]["rounds"])
    assert found["run2", "plain doit, threads"]
    assert not hasattr(os, "pidfd_open") or found["run2", "a loop in Python"]
    assert json.loads((tmp_path / "figures.json").read_text()) == json.loads(ran.stdout)
    assert not list(tmp_path.glob("neighbours-*")), "the projects are removed"


def test_who_does_not_run_is_not_quick_but_wrong(tmp_path: Path) -> None:
    ran = neighbours(tmp_path, "--tools", "make", "--measures", "noop", "--json", path=fake_make(tmp_path, "exit 0"))
    assert "0 steps ran where 4 should have" in rows(ran, "not_measured")["first", "make"]["reason"]
    assert ("noop", "make") not in rows(ran, "results")


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_who_runs_again_has_not_done_nothing(tmp_path: Path) -> None:
    path = fake_make(tmp_path, f'exec {shutil.which("make")} -B "$@"')
    ran = neighbours(tmp_path, "--tools", "make", "--measures", "noop", "--json", path=path)
    assert "4 steps ran where 0 should have" in rows(ran, "not_measured")["noop", "make"]["reason"]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_what_comes_out_is_read(tmp_path: Path) -> None:
    path = fake_make(tmp_path, f'{shutil.which("make")} "$@"; echo 7 > build/00003.b')
    ran = neighbours(tmp_path, "--tools", "make", "--measures", "run1", "--json", path=path)
    assert "build/00003.b holds '7\\n'" in rows(ran, "not_measured")["first", "make"]["reason"]


def test_who_takes_too_long_is_ended_and_its_children_with_it(tmp_path: Path) -> None:
    path = fake_make(tmp_path, f'test "$1" = --version || {{ sleep 1000 & echo $! > {tmp_path}/child; wait; }}')
    ran = neighbours(tmp_path, "--tools", "make", "--measures", "noop", "--limit", "3", path=path)
    assert "> 3 s" in ran.stdout, ran.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "child").read_text()), 0)


def test_who_is_absent_is_named(tmp_path: Path) -> None:
    ran = neighbours(tmp_path, "--tools", "ninja", path=str(tmp_path))
    assert "Not there: ninja (ninja is not on the PATH)" in ran.stdout, ran.stderr


def test_a_bound_that_could_not_be_measured_is_missed(tmp_path: Path) -> None:
    both = ("--sizes", "16", "--measures", "noop", "--tools", "phasegate,plain doit")
    ran = neighbours(tmp_path, *both, "--limit", "0.01")
    assert ran.returncode == 1, ran.stderr
    assert "| not measured | – | 1.15 | **missed** |" in ran.stdout
    assert "missed: nothing to do, layers of 16" in ran.stderr


def test_the_page_gets_the_tables_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- benchmarks/neighbours.py writes from here -->\nold\n<!-- to here -->\nafter\n")
    ran = neighbours(tmp_path, "--tools", "plain doit", "--measures", "noop", "--write", str(page))
    assert ran.returncode == 0, ran.stderr
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("<!-- to here -->\nafter\n")
    assert "| plain doit |" in text
    assert "old" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tools", "bazel"], "'bazel' is none of"),
        (["--sizes", "0"], "at least 2 steps"),
        (["--sizes", "many"], "whole number"),
        (["--graphs", ""], "'' is none of"),
        (["--rounds", "0"], "at least 1"),
        (["--limit", "-1"], "more than 0"),
        (["--write", "absent.md"], "absent.md"),
        (["--write", "unmarked.md"], "unmarked.md has no lines"),
    ],
)
def test_what_cannot_be_asked_for_is_told_before_anything_is_measured(tmp_path: Path, arguments, message) -> None:
    (tmp_path / "unmarked.md").write_text("nothing\n")
    ran = neighbours(tmp_path, *arguments)
    assert ran.returncode == 2, ran
    assert message in ran.stderr
    assert "looked for" not in ran.stderr
    assert "Traceback" not in ran.stderr


@given(shape=st.sampled_from(["layers", "chain"]), count=st.integers(1, 400), by=st.integers(1, 20))
def test_a_changed_source_changes_every_step_that_follows_and_no_other(graphs, shape, count, by) -> None:
    graph = graphs.Graph(shape, count)
    held = {path: position for position, path in enumerate(graph.sources, 1)}
    before, after = graph.contents(held), graph.contents({**held, graph.changed: held[graph.changed] + 1_000 * by})
    changed = {row[0] for row in graph.rows if all(before[path] != after[path] for path in row[2])}
    assert changed == graph.affected
    assert changed


def test_each_step_follows_from_what_was_made_before_it(graphs) -> None:
    for shape in graphs.SHAPES:
        for count in (1, 2, 9, 10, 11, 16, 100, 1000):
            graph = graphs.Graph(shape, count)
            there = set(graph.sources)
            for number, inputs, outputs, _ in graph.rows:
                assert there.issuperset(inputs), (shape, count, number)
                there.update(outputs)
            assert len(graph.rows) == count
