"""What is looked at on disk before anything runs."""

from dataclasses import replace

import pytest

from orchestrator.config.preflight import escapes, missing, unready
from orchestrator.plan import Input, Phase, Plan, Rule, Work, canonical


def phase(name="p", inputs=(), reads=(), makers=(), **definition):
    given = tuple(Input(path, makers, f"config/phases.yaml:{line}:7") for line, path in enumerate(inputs, 3))
    work = Work(f"{name}:run", name, canonical({"run": "x", **definition}), given, (), None, False)
    return Phase(name, name, "", "config/phases.yaml:2:3", (), (work,), tuple(reads), Rule(False), "")


def lines(problems):
    return [str(problem) for problem in problems]


REMEDY = "create it, correct its name, or name it as some phase's output"


def test_an_input_that_nothing_makes_and_that_is_not_there_is_told_with_its_place(tmp_path):
    problems = missing(tmp_path, [phase(inputs=["data/a.csv", "sql/*.sql"])], lambda path: False)
    assert lines(problems) == [
        f"config/phases.yaml:3:7: input 'data/a.csv' is not there, and no phase makes it; {REMEDY}",
        f"config/phases.yaml:4:7: input 'sql/*.sql' matches no file, and no phase makes it; {REMEDY}",
    ]


def test_an_input_that_is_there_or_will_be_made_is_fine(tmp_path):
    assert lines(missing(tmp_path, [phase(inputs=["a"])], {"a"}.__contains__)) == []
    assert lines(missing(tmp_path, [phase(inputs=["a"], makers=("q",))], lambda path: False)) == []


def test_every_work_of_every_phase_is_looked_at(tmp_path):
    one, two = phase("one", ["a"]), phase("two", ["b", "c"])
    both = replace(two, works=(*two.works, *one.works))
    assert len(lines(missing(tmp_path, [one, both], lambda path: False))) == 4


def test_a_work_cannot_be_done_in_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    assert lines(missing(tmp_path, [phase(cwd="file")], lambda path: True)) == [
        "config/phases.yaml:2:3: cwd 'file' of p is no folder; name a folder"
    ]
    for fine in ("folder", "not/yet/there"):
        assert lines(missing(tmp_path, [phase(cwd=fine)], lambda path: True)) == []


def test_a_cluster_needs_its_package_and_only_who_has_one_does():
    here, there = phase("here"), phase("there")
    there = replace(there, works=tuple(replace(work, executor="dask") for work in there.works))
    assert lines(unready([here, there, there], lambda package: False)) == [
        (
            "config/phases.yaml:2:3: there runs on a Dask cluster, and distributed is not installed;"
            " pip install 'phasegate[dask]'"
        )
    ]
    assert lines(unready([here], lambda package: False)) == []
    assert lines(unready([there], {"distributed"}.__contains__)) == []


@pytest.fixture
def project(tmp_path):
    """A project with a link out of it, a link inside it, and a folder of links."""
    root, outside = tmp_path / "project", tmp_path / "outside"
    for folder in (root / "data", root / "links", outside):
        folder.mkdir(parents=True)
    (root / "out").symlink_to(outside)
    (root / "in").symlink_to("data")
    (root / "links" / "out.csv").symlink_to(outside / "x.csv")
    return root


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [("out", ""), ("out/a/b", "/a/b"), ("out/*.csv", ""), ("out/a/**", "/a"), ("links/out.csv", "/x.csv")],
)
def test_a_link_that_leads_out_is_told(project, path, leads_to):
    outside = str(project.parent / "outside") + leads_to
    what = f"{path!r} leaves the project: a link leads to {outside}; copy what you need into the project"
    assert lines(escapes(project, [phase(inputs=[path])])) == [f"config/phases.yaml:3:7: {what}"]
    assert lines(escapes(project, [phase(reads=[path])])) == [f"config/phases.yaml:2:3: {what}"]


@pytest.mark.parametrize("path", ["in", "in/x", "data/*", "*.csv", "not/there", "**/out/*"])
def test_what_stays_inside_is_fine(project, path):
    assert lines(escapes(project, [phase(inputs=[path], reads=[path])])) == []


def test_a_whole_plan_can_be_asked_about(project):
    plan = Plan("x", {"a": phase("a", ["out"]), "b": phase("b", ["in"])}, 1)
    assert len(lines(escapes(project, plan))) == 1
