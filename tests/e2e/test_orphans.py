"""Files that an earlier plan made, nobody makes any more, and somebody reads: a run says so."""

from __future__ import annotations

import pytest

SPLIT = {"run": "echo $PARAM_REGION > build/$PARAM_REGION.csv", "outputs": ["build/{region}.csv"]}
NOTE = "reads build/south.csv, which nobody makes any more; remove what should not be read"


@pytest.fixture
def regions(project):
    """A plan over these regions, with a total that reads `what`."""

    def regions(*names: str, what: str = "build/*.csv"):
        total = {"run": "cat build/*.csv > total.txt", "inputs": [what], "outputs": ["total.txt"]}
        return project.phases({"split": {"matrix": {"region": list(names)}, **SPLIT}, "total": total})

    return regions


@pytest.mark.parametrize("what", ["build/*.csv", "build"])
def test_what_a_matrix_left_behind_is_told_until_it_is_removed(regions, what):
    project = regions("north", "south", what=what)
    assert "note" not in project.doit().ended(0).out
    regions("north", what=what)
    assert f"note: total {NOTE}" in project.doit().ended(0).out
    project.doit("-a").ended(0, NOTE)
    (project.root / "build/south.csv").unlink()
    ran = project.doit().ended(0)
    assert NOTE not in ran.out
    assert project.read("total.txt") == "north\n", "it was stale without the file"


def test_a_phase_that_is_gone_and_one_that_took_its_output_over(project):
    south, total = (
        {"run": "echo s > build/south.csv", "outputs": ["build/south.csv"]},
        {"run": "true", "inputs": ["build/*.csv"]},
    )
    north = {"run": "echo n > build/north.csv", "outputs": ["build/north.csv"]}
    project.phases({"north": north, "south": south, "total": total}).doit().ended(0)
    project.phases({"north": north, "sud": south, "total": total})
    assert "note" not in project.doit().ended(0).out, "another one makes it"
    project.phases({"north": north, "total": total})
    project.doit("-a").ended(0, f"note: total {NOTE}")


def test_what_nobody_reads_is_nobodys_business(project):
    project.phases(
        {"a": {"run": "touch a.txt b.txt", "outputs": ["a.txt", "b.txt"]}, "b": {"run": "true", "inputs": ["a.txt"]}}
    )
    project.doit().ended(0)
    project.phases({"a": {"run": "touch a.txt b.txt", "outputs": ["a.txt"]}, "b": {"run": "true", "inputs": ["a.txt"]}})
    assert "note" not in project.doit("-a").ended(0).out


def test_of_many_some_are_named(regions):
    names = [f"r{n}" for n in range(9)]
    project = regions("north", *names)
    project.doit().ended(0)
    regions("north")
    project.doit().ended(
        0, "total reads build/r0.csv, build/r1.csv, build/r2.csv and 6 more, which nobody makes any more"
    )
