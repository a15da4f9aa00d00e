"""Placeholders and combinations."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config.matrix import as_text, axes_in, combinations, fill, fill_text, fill_texts, task_suffix

scalars = st.text(max_size=4) | st.integers() | st.booleans() | st.floats(allow_nan=False)
AXES = ("n", "carrier")
some_combination = st.fixed_dictionaries(dict.fromkeys(AXES, scalars))
pieces = st.sampled_from(["{n}", "${n}", "{carrier}", "${carrier}", "{other}", "{", "}", "$", "a", " ", "{n"])
texts = st.lists(pieces, max_size=6).map("".join)
items = st.recursive(
    texts | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def test_combinations_come_in_the_order_written_and_the_last_axis_changes_first():
    assert [tuple(c.values()) for c in combinations({"a": [2, 1], "b": ["x", "y"]})] == [
        (2, "x"),
        (2, "y"),
        (1, "x"),
        (1, "y"),
    ]


def test_without_axes_there_is_one_empty_combination():
    assert list(combinations({})) == [{}]


def test_a_suffix_has_one_part_for_each_axis_quoted_for_doit():
    assert task_suffix({}) == ""
    assert task_suffix({"carrier": "AA", "month": 1, "deep": True}) == ":AA:1:true"
    assert task_suffix({"a": "x:y", "b": "k=v", "c": "*", "d": "a/b"}) == ":x%3Ay:k%3Dv:%2A:a%2Fb"


@settings(deadline=None)
@given(st.lists(some_combination, min_size=2, max_size=2))
def test_two_combinations_have_the_same_suffix_only_if_they_look_the_same(pair):
    looks = [[as_text(value) for value in combination.values()] for combination in pair]
    assert (task_suffix(pair[0]) == task_suffix(pair[1])) is (looks[0] == looks[1])


@pytest.mark.parametrize(("value", "text"), [(None, ""), (True, "true"), (False, "false"), (1, "1"), (1.5, "1.5")])
def test_a_scalar_as_text_is_what_one_would_write(value, text):
    assert as_text(value) == text


def test_a_placeholder_that_is_all_of_a_text_keeps_the_type_of_its_value():
    assert fill({"month": "{n}", "label": "m{n}"}, {"n": 1}) == {"month": 1, "label": "m1"}


def test_in_an_argv_and_an_environment_text_stays_text():
    assert fill_texts(["head", "-n", "{n}", 3], {"n": 1}) == ["head", "-n", "1", 3]
    assert fill_texts({"X_{n}": "{deep}"}, {"n": 1, "deep": True}) == {"X_1": "true"}


def test_keys_are_filled_in_too():
    assert fill({"mae_{n}": ["{n}"]}, {"n": 2}) == {"mae_2": [2]}


def test_a_value_that_looks_like_a_placeholder_is_not_filled_in_again():
    assert fill("{a}-{b}", {"a": "{b}", "b": "x"}) == "{b}-x"


def test_an_unknown_placeholder_is_left_alone():
    assert fill("{other} {n}", {"n": 1}) == "{other} 1"


@settings(deadline=None)
@given(items, some_combination)
def test_without_placeholders_nothing_changes_and_with_no_axes_neither(item, combination):
    assert fill(item, {}) == item
    if not axes_in(item, AXES):
        assert fill(item, combination) == item


@settings(deadline=None)
@given(texts, some_combination)
def test_the_variables_of_the_shell_are_never_touched(text, combination):
    """`${axis}` survives, in its place; every `{axis}` without the dollar is gone."""
    marked = {axis: f"<{axis}>" for axis in combination}
    filled = fill_text(text, marked)
    expected = re.sub(r"(\$?)\{(n|carrier)\}", lambda m: m[0] if m[1] else f"<{m[2]}>", text)
    assert filled == expected


@settings(deadline=None)
@given(st.sampled_from(AXES), some_combination)
def test_a_whole_placeholder_gives_the_very_value(axis, combination):
    value = fill("{" + axis + "}", combination)
    assert value is combination[axis]
    assert fill_text("{" + axis + "}", combination) == as_text(combination[axis])


@settings(deadline=None)
@given(items)
def test_axes_in_names_exactly_the_axes_whose_value_matters(item):
    for axis in AXES:
        one, other = ({**dict.fromkeys(AXES, "same"), axis: value} for value in ("\x01", "\x02"))
        assert (fill_texts(item, one) != fill_texts(item, other)) is (axis in axes_in(item, AXES))
