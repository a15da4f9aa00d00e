"""Files that are taken for changed."""

from __future__ import annotations

import pytest

from orchestrator.state.files import ABSENT
from orchestrator.supposition import CHANGED, changed, concerns

FOLDER = {"in/a.csv": "1", "in/b.csv": "1"}


@pytest.mark.parametrize(
    ("path", "state", "other", "expected"),
    [
        ("in/a.csv", "1", "in/a.csv", CHANGED),
        ("in/a.csv", "1", "in/b.csv", "1"),
        ("in/a.csv", "1", "in/a", "1"),
        ("in/a.csv", "1", "in", CHANGED),
        ("in/a.csv", ABSENT, "in/a.csv", CHANGED),
        ("in", FOLDER, "in/a.csv", {**FOLDER, "in/a.csv": CHANGED}),
        ("in", FOLDER, "in", dict.fromkeys(FOLDER, CHANGED)),
        ("in", FOLDER, "in/new", {**FOLDER, "in/new": CHANGED}),
        ("in", FOLDER, "into/new", FOLDER),
        ("in/*.csv", FOLDER, "in/b.csv", {**FOLDER, "in/b.csv": CHANGED}),
        ("in/*.csv", FOLDER, "in/c.csv", {**FOLDER, "in/c.csv": CHANGED}),
        ("in/*.csv", FOLDER, "in/c.txt", FOLDER),
        ("in/*.csv", {}, "in/deep/c.csv", {}),
    ],
)
def test_a_path_is_changed_with_what_belongs_to_it(path, state, other, expected):
    assert changed(path, state, [other]) == expected


def test_several_at_once():
    assert changed("in", FOLDER, ["in/a.csv", "in/c"]) == {"in/a.csv": CHANGED, "in/b.csv": "1", "in/c": CHANGED}
    assert changed("in", FOLDER, []) == FOLDER


@pytest.mark.parametrize(
    ("path", "other", "expected"),
    [
        ("in/a", "in/a", True),
        ("in/a", "in", True),
        ("in", "in/a", True),
        ("in/a", "in/ab", False),
        ("in/*.csv", "in/x.csv", True),
        ("in/*.csv", "in", True),
        ("in/*.csv", "in/x.txt", False),
        ("data/in/*.csv", "data", True),
    ],
)
def test_a_change_that_concerns_nothing_is_told_from_one_that_does(path, other, expected):
    assert concerns(path, other) is expected
