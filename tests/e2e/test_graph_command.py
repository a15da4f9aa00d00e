"""`doit graph`: the plan as a picture, from the real states."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/graph.schema.json").read_text("utf-8"))


@pytest.fixture
def three(project):
    """One that is done, one that waits for a person, one behind it, and one beside them."""
    return project.phases(
        {
            "a": {"title": "Make <a>", "run": "echo x > a.txt", "outputs": ["a.txt"]},
            "b": {"run": "cat a.txt", "inputs": ["a.txt"], "approval": "manual"},
            "c": {"run": "cat a.txt", "inputs": ["a.txt"], "needs": ["b"]},
            "z": {"run": "true"},
        }
    )


def graph(project, *names: str) -> dict:
    """What `--json` prints, after it has been held against the schema."""
    ran = project.doit("graph", "--json", *names)
    assert ran.code == 0, ran
    data = json.loads(ran.out)
    Draft202012Validator(SCHEMA).validate(data)
    return {phase["phase"]: (phase["title"], phase["state"], phase["needs"]) for phase in data["phases"]}


def test_the_states_are_those_of_the_plan(three):
    pending = graph(three)
    assert {state for _, state, _ in pending.values()} == {"pending"}
    assert not (three.root / ".doit.db").exists(), "it only reads"
    three.doit().ended(4)
    assert graph(three) == {
        "a": ("Make <a>", "done", []),
        "b": ("b", "waiting", ["a"]),
        "c": ("c", "blocked", ["b", "a"]),
        "z": ("z", "done", []),
    }
    assert {name: state for name, (_, state, _) in graph(three).items()} == three.status()


def test_named_phases_come_with_what_they_need(three):
    assert list(graph(three, "b")) == ["a", "b"]
    assert list(graph(three, "a.txt", "z")) == ["a", "z"]
    three.doit("graph", "nosuch").ended(3, "nosuch")


def test_three_forms(three):
    text = three.doit("graph").ended(0).out
    assert text.startswith("flowchart TD\n")
    assert "Make #60;a#62;" in text
    assert text == three.doit("graph", "--format", "mermaid").out == three.doit("graph", "--format=mermaid").out
    assert three.doit("graph", "--format", "dot").out.startswith("digraph ")
    picture = ElementTree.fromstring(three.doit("graph", "--format", "svg").ended(0).out)
    assert "Make <a>" in {each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")}
    three.doit("graph", "--format", "png").ended(3, "'png' is not one of mermaid, dot, svg")
    three.doit("graph", "--format", "svg", "--json").ended(3, "choose one of them")


def test_a_file_is_written_in_the_form_of_its_name(three):
    forms = {".svg": "<svg", ".gv": "digraph", ".dot": "digraph", ".md": "flowchart", ".mmd": "flowchart", ".json": "{"}
    for ending, begin in forms.items():
        assert three.doit("graph", "-o", f"x{ending}").ended(0).out == ""
        assert three.read(f"x{ending}").startswith(begin)
    for name in ("x", "x.txt", "X.TXT"):
        three.doit("graph", "--output", name).ended(0)
        assert three.read(name).startswith("flowchart")
        three.doit("graph", "--output", name, "--format", "dot").ended(0)
        assert three.read(name).startswith("digraph")
        three.doit("graph", "--json", "-o", name).ended(0)
        assert json.loads(three.read(name))["plan"] == "test"
    three.doit("graph", "--format", "dot", "-o", "x.GV").ended(0)
    assert three.doit("graph", "-o", "-").ended(0).out == three.doit("graph").out
    assert [path.name for path in three.root.glob(".*.new")] == []


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("-o", "x.png"), "x.png: no graph ends in .png; name a file with .svg, .dot, .gv, .md, .mmd, .json or .txt"),
        (("-o", "x.pdf", "--format", "svg"), "x.pdf: no graph ends in .pdf; name a file with .svg, "),
        (("-o", "x.dot", "--format", "svg"), "x.dot would hold dot, and --format says svg; leave --format out, or"),
        (("-o", "x.svg", "--format", "mermaid"), "x.svg would hold svg, and --format says mermaid; "),
        (("-o", "x.svg", "--json"), "x.svg would hold svg, and --json says JSON; leave --json out, or"),
        (("-o", "x.json", "--format", "dot"), "x.json would hold JSON, and --format says dot; "),
    ],
)
def test_a_name_that_says_another_form_is_refused(three, args, told):
    """Mermaid in a .png is a picture that nothing opens."""
    three.doit("graph", *args).ended(3, told)
    assert list(three.root.glob("x*")) == []


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("a.txt", "a.txt is an output of a, or lies in one; name another file, such as .doit/graph.svg"),
        ("dodo.py", "a part of what makes this folder a project"),
        ("config/phases.json", "a part of what makes this folder a project"),
        (".doit.db", "where phasegate keeps its state"),
        ("README.md", "README.md is there and is no graph; name another file, or remove it first"),
        ("", "the file has an empty name; name one: -o graph.svg"),
        (".", "is a folder"),
        ("no/such/x.svg", "there is no folder no/such; make it first"),
        ("/dev/full", "is no file; for standard output say -o -"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_place_where_a_graph_would_do_harm_is_refused(three, place, why):
    three.write("README.md", "# mine")
    files = {path: path.read_bytes() for path in three.root.rglob("*") if path.is_file()}
    three.doit("graph", f"--output={place}").ended(3, why)
    assert {path: path.read_bytes() for path in three.root.rglob("*") if path.is_file()}.items() >= files.items()


def test_a_title_that_no_xml_may_hold_stops_nothing(project):
    project.phases({"a": {"title": "\ufffe\a\u202ex", "run": "true"}})
    for form in ("mermaid", "dot", "svg"):
        project.doit("graph", "--format", form).ended(0, "pending")
    ElementTree.fromstring(project.doit("graph", "--format", "svg").out)
    assert graph(project)["a"][0] == "\ufffe\a\u202ex"
