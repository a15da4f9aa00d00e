"""A digest is another one as soon as anything that was approved is."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.gate.digest import gate_digest
from orchestrator.plan import canonical

DEFINITION = {
    "criteria": [{"metric": "mae", "from": "m.json", "at": "mae", "pass": "<= 12"}],
    "rule": {"manual": True, "by": ["ann"], "quorum": 1, "self_approval": True, "expires": None},
}
OUTPUTS = {"build/a": "1" * 64, "build/charts": {"build/charts/x.png": "2" * 64}}


def verdict(name="mae", value=11.5):
    """What a digest takes of a verdict: its wording, place and result are not part of it."""
    return (name, value)


VERDICTS = (verdict(),)


def digest(outputs=OUTPUTS, definition=DEFINITION, verdicts=VERDICTS, attempts=("run#1",)):
    return gate_digest(outputs, canonical(definition), verdicts, attempts)


def changed(path, value):
    """DEFINITION with another value at a path."""
    result = copy.deepcopy(DEFINITION)
    within = result
    for step in path[:-1]:
        within = within[step]
    within[path[-1]] = value
    return result


def test_a_digest_is_64_hex_digits_and_the_same_for_the_same():
    assert digest() == digest(copy.deepcopy(OUTPUTS), copy.deepcopy(DEFINITION), [verdict()], ["run#1"])
    assert len(digest()) == 64
    assert set(digest()) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "outputs",
    [
        {**OUTPUTS, "build/a": "3" * 64},
        {**OUTPUTS, "build/a": "absent"},
        {**OUTPUTS, "build/charts": {}},
        {**OUTPUTS, "build/charts": {"build/charts/y.png": "2" * 64}},
        {**OUTPUTS, "build/charts": {"build/charts/x.png": "3" * 64}},
        {**OUTPUTS, "build/more": "1" * 64},
        {"build/a": OUTPUTS["build/a"]},
        {"build/b": OUTPUTS["build/a"], "build/charts": OUTPUTS["build/charts"]},
    ],
)
def test_it_changes_with_the_outputs(outputs):
    assert digest(outputs=outputs) != digest()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["criteria", 0, "pass"], "<= 12.0"),
        (["criteria", 0, "severity"], "warn"),
        (["criteria"], []),
        (["rule", "manual"], False),
        (["rule", "by"], ["ann", "ben"]),
        (["rule", "by"], []),
        (["rule", "quorum"], 2),
        (["rule", "self_approval"], False),
        (["rule", "expires"], 60.0),
    ],
)
def test_it_changes_with_criteria_and_rule(path, value):
    assert digest(definition=changed(path, value)) != digest()


@pytest.mark.parametrize("value", [11.6, 11, "11.5", None, True, float("nan"), float("inf")])
def test_it_changes_with_a_measured_value(value):
    assert digest(verdicts=[verdict(value=value)]) != digest()


def test_it_changes_with_the_verdicts_that_there_are():
    assert digest(verdicts=[]) != digest()
    assert digest(verdicts=[verdict("rmse")]) != digest()
    assert digest(verdicts=[verdict(), verdict("rmse")]) != digest()


def test_attempts_stand_in_for_the_outputs_of_a_phase_that_has_none():
    assert digest(outputs={}, attempts=["r#1"]) != digest(outputs={}, attempts=["r#2"])
    assert digest(outputs={}, attempts=["r#1", "r#1"]) != digest(outputs={}, attempts=["r#1"])


def test_the_order_of_keys_does_not_matter():
    assert digest(outputs=dict(reversed(OUTPUTS.items()))) == digest()
    assert digest(definition=dict(reversed(DEFINITION.items()))) == digest()


def test_any_text_has_a_digest():
    assert digest(outputs={"a\ud800": "x"}, verdicts=[verdict(value="\udfff")]) != digest()


states = st.text("01", max_size=2) | st.dictionaries(st.text("ab", max_size=2), st.text("01", max_size=2), max_size=2)
parts = st.tuples(
    st.dictionaries(st.text("ab", max_size=2), states, max_size=2),
    st.fixed_dictionaries({"criteria": st.lists(st.sampled_from("ab"), max_size=2), "rule": st.integers(0, 1)}),
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([1, 2, "1", None])), max_size=2),
    st.lists(st.integers(1, 2), max_size=2),
)


@settings(deadline=None)
@given(parts, parts)
def test_two_digests_are_equal_only_where_everything_is(one, other):
    first, second = (
        gate_digest(outputs, canonical(definition), [verdict(name, value) for name, value in values], attempts)
        for outputs, definition, values, attempts in (one, other)
    )
    assert (first == second) is (one == other)
