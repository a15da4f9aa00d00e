"""Who makes what."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config.outputs import Maker, Outputs
from orchestrator.config.paths import glob_expression, is_glob


def index(*outputs):
    """`"phase path"` for each output; a phase has one task."""
    result = Outputs()
    for output in outputs:
        phase, path = output.split(" ")
        assert result.add(path, phase, f"{phase}:run") is None
    return result


OUTPUTS = ("p1 build/raw.csv", "p2 build/charts", "p3 build/deep/er/x.csv", "p4 top.json")


@pytest.mark.parametrize(
    ("path", "makers"),
    [
        ("build/raw.csv", ["p1"]),
        ("build/raw.csv.gz", []),
        ("build/charts", ["p2"]),
        ("build/charts/a/b.png", ["p2"]),
        ("build", ["p1", "p2", "p3"]),
        ("build/deep", ["p3"]),
        ("buil", []),
        ("top.json", ["p4"]),
        ("build/*.csv", ["p1"]),
        ("build/*", ["p1", "p2"]),
        ("build/charts/*.png", ["p2"]),
        ("build/*/a.png", ["p1", "p2"]),
        ("build/*/*/*.csv", ["p1", "p2", "p3"]),
        ("build/charts/*/x/*.png", ["p2"]),
        ("*.json", ["p4"]),
        ("other/*.csv", []),
        ("build/deep/**", ["p3"]),
        ("build/d*/**/*.csv", ["p3"]),
        ("build/c*/**", ["p2"]),
        ("*/*.csv", ["p1", "p4"]),
    ],
)
def test_makers_of(path, makers):
    """Exactly, inside, around, or by a pattern; nobody knows yet which outputs will be folders."""
    assert sorted(index(*OUTPUTS).makers_of(path)) == makers


def test_a_pattern_with_two_stars_does_not_reach_beside_what_stands_before_them():
    outputs = index("p1 build/a/clean/x.csv", "p2 build/a/raw/x.csv")
    assert outputs.makers_of("build/*/raw/**") == ["p2"]


def test_makers_lists_every_output_with_its_phase():
    assert index("p1 a/b", "p2 c").makers() == {"a/b": "p1", "c": "p2"}


@pytest.mark.parametrize("path", ["build/x", "build", "build/x/y"])
def test_an_output_has_one_maker_above_and_below_too(path):
    outputs = index("p1 build/x")
    assert outputs.add(path, "p2", "p2:run") == Maker("build/x", "p1", "p1:run")
    assert outputs.makers() == {"build/x": "p1"}, "what clashes is not taken in"


def test_one_task_may_name_a_folder_and_a_file_in_it():
    outputs = Outputs()
    assert outputs.add("build", "p1", "p1:run") is None
    assert outputs.add("build/x", "p1", "p1:run") is None
    assert outputs.makers_of("build/x") == ["p1"]


def test_two_tasks_of_one_phase_are_two_makers():
    outputs = Outputs()
    assert outputs.add("build/x", "p1", "p1:run:AA") is None
    assert outputs.add("build/x", "p1", "p1:run:UA") == Maker("build/x", "p1", "p1:run:AA")


# -- against the obvious definition ---------------------------------------------------------------------------

names = st.sampled_from(["a", "b", "ab"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
segments = names | st.sampled_from(["*", "**", "a*", "?", "[ab]"])
asked = st.lists(segments, min_size=1, max_size=4).map("/".join)


def inside_names(depth):
    """Every way down to `depth` names, of the alphabet above."""
    yield ""
    if depth:
        for name in ("a", "b", "ab"):
            for rest in inside_names(depth - 1):
                yield f"/{name}{rest}"


BELOW = list(inside_names(4))


def slow_makers_of(outputs, path):
    """An output counts if it, something that could lie inside it, or a folder that holds `path` is what is asked for."""
    makers = set()
    for output, phase in outputs.makers().items():
        if is_glob(path):
            matches = glob_expression(path).match
            hit = any(matches(output + below) for below in BELOW)
        else:
            hit = output == path or output.startswith(path + "/") or path.startswith(output + "/")
        makers |= {phase} if hit else set()
    return makers


@settings(deadline=None)
@given(st.lists(paths, max_size=6), asked)
def test_the_index_agrees_with_the_obvious_definition(written, path):
    outputs = Outputs()
    for number, output in enumerate(written):
        clash = outputs.add(output, f"p{number}", f"p{number}:run")
        nested = [
            o for o in outputs.makers() if o == output or output.startswith(o + "/") or o.startswith(output + "/")
        ]
        assert (clash is not None) is (nested != [output] or outputs.makers()[output] != f"p{number}")
    makers = outputs.makers_of(path)
    assert len(makers) == len(set(makers))
    assert set(makers) == slow_makers_of(outputs, path)


@settings(deadline=None)
@given(st.lists(paths, max_size=6))
def test_no_two_outputs_that_were_taken_in_lie_inside_each_other(written):
    outputs = Outputs()
    for number, output in enumerate(written):
        outputs.add(output, f"p{number}", f"p{number}:run")
    taken = sorted(path.split("/") for path in outputs.makers())
    assert not any(one == other[: len(one)] for one, other in pairwise(taken))
