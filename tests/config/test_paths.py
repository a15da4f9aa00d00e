"""Paths of a plan: relative, inside the project, and one spelling for each."""

import glob
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.config.paths import (
    OWN,
    fixed_part,
    glob_expression,
    is_glob,
    leaves_through_link,
    lineage,
    module_file,
    normal,
)

# -- normal ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("build", "build"),
        ("build/", "build"),
        ("./build//x/", "build/x"),
        ("a/./b/../c", "a/c"),
        ("a/..b", "a/..b"),
        ("...", "..."),
        ("a b/ü.csv", "a b/ü.csv"),
        ("sql/**/*.sql", "sql/**/*.sql"),
        (".doitnot", ".doitnot"),
        ("x/.doit.db", "x/.doit.db"),
        ("a~", "a~"),
    ],
)
def test_a_path_has_one_spelling(written, clean):
    assert normal(written) == clean


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "a path must not be empty; name a file or a folder of the project"),
        (" ", "a path must not be empty; name a file or a folder of the project"),
        ("a\0b", "a path must not be empty; name a file or a folder of the project"),
        ("./ ", "'./ ' has a name of spaces; give it another"),
        ("/etc/passwd", "'/etc/passwd' is not relative; write the path from the project folder on"),
        ("//host/x", "'//host/x' is not relative; write the path from the project folder on"),
        ("~/x", "'~/x' is not relative; write the path from the project folder on"),
        ("./~/x", "'./~/x' is not relative; write the path from the project folder on"),
        ("..", "'..' leaves the project; copy or link what you need into it"),
        ("../x", "'../x' leaves the project; copy or link what you need into it"),
        ("a/../../x", "'a/../../x' leaves the project; copy or link what you need into it"),
        (".", "'.' is the whole project; name the files or folders that matter"),
        ("a/..", "'a/..' is the whole project; name the files or folders that matter"),
        (".doit/plan", "'.doit/plan' is where phasegate keeps its state; name another path"),
        ("a/../.doit.db", "'a/../.doit.db' is where phasegate keeps its state; name another path"),
    ],
)
def test_a_path_that_no_phase_may_name_says_why_and_what_to_do(written, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        normal(written)
    assert str(error.value) == message


paths = st.lists(st.sampled_from(["a", "b", "..", ".", "", "~", "~x", " ", ".doit", "*", "[", "ü"]), min_size=1).map(
    "/".join
) | st.text(max_size=12)


@settings(deadline=None)
@given(paths)
@example("./~x")
@example("./ ")
def test_what_is_normal_stays_so_and_never_leaves_the_project(path):
    try:
        clean = normal(path)
    except ValueError:
        return
    assert normal(clean) == clean
    assert os.path.normpath(os.path.join("/project", clean)).startswith("/project/")
    assert not clean.startswith(("/", "~"))
    assert clean.split("/")[0] not in OWN


# -- small helpers --------------------------------------------------------------------------------------------


def test_the_lineage_of_a_path_is_itself_and_every_folder_above():
    assert list(lineage("a/b/c")) == ["a/b/c", "a/b", "a"]
    assert list(lineage("")) == []


@pytest.mark.parametrize(("path", "yes"), [("a*", True), ("a?", True), ("a[", True), ("a{b}", False), ("a!", False)])
def test_stars_question_marks_and_brackets_make_a_pattern(path, yes):
    assert is_glob(path) is yes


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [("*.csv", ""), ("a/*.csv", "a"), ("a/b/**/c", "a/b"), ("a/b*/c/*", "a"), ("**", ""), ("a/[b]/c", "a")],
)
def test_the_fixed_part_of_a_pattern_is_the_folder_above_its_first_wildcard(pattern, folder):
    assert fixed_part(pattern) == folder


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ([], None),
        (["a/b.py"], "a/b.py"),
        (["a/b/__init__.py"], "a/b/__init__.py"),
        (["a/b/__init__.py", "a/b.py"], "a/b.py"),
        (["a/b"], None),
    ],
)
def test_a_module_is_a_file_or_a_package(there, found):
    assert module_file(there.__contains__, "a.b") == found


# -- patterns -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "x/a.csv", False),
        ("x/**", "x/a/b", True),
        ("x/**", "x", False),
        ("x/**/b", "x/b", True),
        ("x/**/b", "x/a/a/b", True),
        ("x/**/b", "x/ab", False),
        ("x**b", "xa/b", False),
        ("a?c", "a/c", False),
        ("a[!b]c", "a/c", False),
        ("a[!b]c", "adc", True),
        ("a[+-9]c", "a/c", False),
        ("a[^b]c", "a^c", True),
        ("a[^b]c", "adc", False),
        ("a[]b]c", "a]c", True),
        ("a[!]b]c", "adc", True),
        ("a[!]b]c", "a]c", False),
        ("a[]", "a[]", True),
        ("a[!]", "a[!]", True),
        ("a[", "a[", True),
        ("a[z-a]c", "abc", False),
        ("a[!z-a]c", "abc", True),
        ("a[\\]c", "a\\c", True),
        ("a[[]c", "a[c", True),
        ("a[a&&b]c", "a&c", True),
        ("a.c", "abc", False),
        ("a*\n", "ab\n", True),
        ("a*", "ab\n", True),
    ],
)
def test_a_pattern_means_what_the_glob_module_means_by_it(pattern, path, matches):
    assert bool(glob_expression(pattern).match(path)) is matches


names = st.text("ab]!^-", min_size=1, max_size=2)
trees = st.sets(st.lists(names, min_size=1, max_size=3).map("/".join), min_size=1, max_size=6)
segments = st.just("**") | st.lists(
    st.sampled_from([*"ab*?[]!^-", "[a]", "[!a]", "[^a]", "[a-b]", "[b-a]", "[]a]", "[!]]"]), min_size=1, max_size=3
).map("".join)
patterns = st.lists(segments, min_size=1, max_size=3).map("/".join)


@settings(max_examples=200, deadline=None)
@given(trees, patterns)
@example({"a/]", "]"}, "[]")
@example({"a/b/c/d", "a/d"}, "a/**/d")
def test_a_pattern_matches_exactly_what_glob_finds_in_a_folder(tree, pattern):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path in sorted(tree):
            if not any((root / above).is_file() for above in lineage(path)) and not (root / path).exists():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).touch()
        there = {file.relative_to(root).as_posix() for file in root.rglob("*")}
        # `a/**` finds the folder `a/` itself, with its slash, and `**` the empty name: they are no names of a plan
        found = {path for path in glob.glob(pattern, root_dir=root, recursive=True) if path and path[-1] != "/"}
    if is_glob(pattern):
        assert {path for path in there if glob_expression(pattern).match(path)} == found & there


# -- links ----------------------------------------------------------------------------------------------------


def test_a_link_out_of_the_project_is_seen_and_one_inside_is_fine(tmp_path):
    root, outside = tmp_path / "project", tmp_path / "project2"
    (root / "data").mkdir(parents=True)
    outside.mkdir()
    (root / "out").symlink_to(outside)
    (root / "in").symlink_to("data")
    (root / "loop").symlink_to("loop")
    assert leaves_through_link(str(root), "out/new/file") == str(outside / "new" / "file")
    assert leaves_through_link(str(root), "out") == str(outside)
    assert leaves_through_link(str(root), "in/file") is None
    assert leaves_through_link(str(root), "not/there") is None
    assert leaves_through_link(str(root), "loop") is None


def test_a_project_that_is_itself_reached_through_a_link_contains_its_files(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert leaves_through_link(str(tmp_path / "link"), "build/x") is None
