"""Configuration that is meant to hurt, or that YAML 1.1 reads as something else: through the real `doit`."""

from __future__ import annotations

import pytest
from doit_project import DOIT

PHASES = 'phases:\n  a: {run: "echo a >> ran.txt"}\n'


def aliases() -> str:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


def merges() -> str:
    lines = ["a0: &a0 {k1: 1, k2: 2, k3: 3}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 9)]
    return "\n".join(lines)


HOSTILE = {
    "alias bomb": (aliases(), "nodes"),
    "merge-key bomb": (merges(), "nodes"),
    "flow list of a megabyte": ("a: [" + "1," * 500_000 + "1]", "items"),
    "deep lists": ("a: " + "[" * 50_000, ""),
    "deep mappings": ("a: " + "{a: " * 50_000, "deep"),
    "deep block": ("- " * 50_000, ""),
    "duplicate key": (PHASES + '  a: {run: "echo other >> ran.txt"}\n', "the key 'a' is already at line 2"),
    "alias to itself": ("a: &a [*a]", "stands inside the very thing"),
    "python object": ('a: !!python/object/apply:os.system ["touch ran.txt"]', "not supported"),
    "no text": ("a: b\0c", "U+0000"),
}


BOMBS = [("alias bomb", "criteria"), ("merge-key bomb", "orchestrator"), ("deep mappings", "github")]


@pytest.mark.parametrize(("name", "kind"), [*((name, "phases") for name in HOSTILE), *BOMBS])
def test_hostile_yaml_is_refused_before_anything_runs(project, name, kind):
    """With its place, and soon: the merge-key bomb takes a usual reader two minutes, and doit gets one of its own time."""
    text, says = HOSTILE[name]
    project.write("config/phases.yaml", PHASES)
    project.write(f"config/{kind}.yaml", text)
    project.process(command=["sh", "-c", 'ulimit -t 20; exec "$@"', "sh", DOIT]).ended(3, f"config/{kind}.yaml:", says)
    assert project.counts() == {}


def test_words_that_yaml_1_1_takes_for_something_else_are_text(project):
    """`no` is false there, `22:22` is 1342, `010` is 8, and a day is a date."""
    project.write(
        "config/phases.yaml",
        "phases:\n  a:\n    run: echo $COUNTRY $TIME $CODE $DAY $ON > a.txt\n"
        "    env: {COUNTRY: no, TIME: 22:22, CODE: 010, DAY: 2013-01-01, ON: on}\n    outputs: [a.txt]\n",
    )
    project.doit().done("a")
    assert project.read("a.txt") == "no 22:22 010 2013-01-01 on\n"


def test_phases_may_be_called_like_that(project):
    names = ["no", "on", "010", "22-22", "1.50", "null"]
    project.write("config/phases.yaml", "phases:\n" + "".join(f"  {name}: {{run: echo ran}}\n" for name in names))
    project.doit().done(*names)


@pytest.mark.parametrize(("value", "says"), [("no", "'no'"), ("010", "'010'"), ("1_0", "'1_0'"), ("22:22", "'22:22'")])
def test_where_a_number_or_a_truth_belongs_such_a_word_is_refused(project, value, says):
    """Neither false, nor 8, nor 10, nor 1342."""
    project.write("config/phases.yaml", PHASES)
    project.write("config/orchestrator.yaml", f"jobs: {value}\n")
    project.doit().ended(3, "config/orchestrator.yaml:1:7", says)
    assert project.counts() == {}
