"""The frozen plan and its plain data."""

import dataclasses
import json
import marshal
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config.plan_data import as_data, from_data
from orchestrator.plan import (
    ErrorClass,
    ErrorRule,
    Input,
    Logs,
    Phase,
    Plan,
    RetryPolicy,
    Rule,
    Work,
    canonical,
    gate_text,
)
from orchestrator.triggers.model import Trigger

words = st.text(max_size=5)
tuples_of_words = st.lists(words, max_size=3).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
mappings = st.dictionaries(words, json_values, max_size=3)
seconds = st.none() | st.floats(0, 1e9)
inputs = st.builds(Input, path=words, makers=tuples_of_words, place=words)
works = st.builds(
    Work,
    task=words,
    phase=words,
    definition_text=mappings.map(canonical),
    inputs=st.lists(inputs, max_size=2).map(tuple),
    outputs=tuples_of_words,
    timeout=seconds,
    always=st.booleans(),
    retry=st.dictionaries(st.sampled_from(["wait", "factor"]), st.floats(0, 9)),
    pools=st.dictionaries(words, st.integers(1, 9), max_size=2),
    clean_on_failure=st.booleans(),
)
classes = st.sampled_from(ErrorClass)
errors = st.builds(ErrorRule, sign=words, value=st.integers() | words, error_class=classes, place=words)
policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 9),
    wait=st.floats(0, 9),
    factor=st.floats(1, 9),
    max_wait=st.floats(0, 9),
)
triggers = st.builds(
    Trigger,
    on=words,
    phases=tuples_of_words,
    run=st.none() | words | tuples_of_words,
    webhook=st.none() | words,
    timeout=st.floats(0, 9),
    secret=st.none() | words,
    place=words,
)
rules = st.builds(
    Rule,
    manual=st.booleans(),
    by=tuples_of_words,
    quorum=st.integers(1, 5),
    self_approval=st.booleans(),
    expires=seconds,
    by_mode=st.booleans(),
)
phases = st.builds(
    Phase,
    name=st.text(string.ascii_letters, min_size=1, max_size=3),
    title=words,
    description=words,
    place=words,
    needs=tuples_of_words,
    works=st.lists(works, max_size=2).map(tuple),
    reads=tuples_of_words,
    rule=rules,
    gate_text=st.lists(mappings, max_size=2).map(lambda criteria: gate_text(criteria, Rule(False))),
)
plans = st.builds(
    Plan,
    name=words,
    phases=st.lists(phases, max_size=3, unique_by=lambda phase: phase.name).map(
        lambda chosen: {phase.name: phase for phase in chosen}
    ),
    jobs=st.integers(1, 64),
    makers=st.dictionaries(words, words, max_size=3),
    pools=st.dictionaries(words, st.integers(1, 9), max_size=2),
    errors=st.lists(errors, max_size=2).map(tuple),
    retry=st.dictionaries(classes, policies),
    logs=st.builds(Logs, max_size=st.integers(0, 9), keep_runs=st.integers(1, 9)),
    triggers=st.lists(triggers, max_size=2).map(tuple),
    modules=st.dictionaries(words, st.none() | words, max_size=3),
)


@settings(deadline=None)
@given(plans)
def test_a_plan_survives_being_data(plan):
    back = from_data(marshal.loads(marshal.dumps(as_data(plan))))
    assert back == plan
    assert list(back.phases) == list(plan.phases), "in the same order"


@settings(deadline=None)
@given(rules)
def test_a_rule_as_data_says_everything_about_it(rule):
    assert {*rule.as_data(), "by_mode"} == {field.name for field in dataclasses.fields(Rule)}
    said = {**rule.as_data(), "by": tuple(rule.as_data()["by"]), "by_mode": rule.by_mode}
    assert Rule(**said) == (dataclasses.replace(rule, manual=None) if rule.by_mode else rule)


def test_the_mode_is_no_part_of_a_rule_as_data():
    """An approval that was given in one mode stands in the other."""
    assert Rule(True, by_mode=True).as_data() == Rule(False, by_mode=True).as_data() != Rule(False).as_data()


def test_a_mode_changes_the_rules_that_follow_it_alone():
    plan = Plan("x", {"a": phase("a", rule=Rule(False, by_mode=True)), "b": phase("b", rule=Rule(False))}, 1)
    assert [each.rule.manual for each in plan.in_mode(manual=True)] == [True, False]


def phase(name, *needs, works=(), criteria=(), rule=Rule(False)):  # noqa: B008 - it is frozen
    return Phase(name, name, "", "", needs, tuple(works), (), rule, gate_text(criteria, rule))


def plan_of(*chosen):
    return Plan("x", {each.name: each for each in chosen}, 1)


DIAMOND = plan_of(phase("a"), phase("b", "a"), phase("other"), phase("c", "a"), phase("d", "c", "b"), phase("e", "d"))


@pytest.mark.parametrize(
    ("names", "closure"),
    [([], ""), (["a"], "a"), (["d"], "abcd"), (["c", "b"], "abc"), (["b", "b"], "ab"), (["other", "e"], "abothercde")],
)
def test_a_closure_is_what_phases_need_in_the_plans_order(names, closure):
    assert "".join(each.name for each in DIAMOND.closure(names)) == closure


def test_a_plan_gives_its_phases_in_order():
    assert [each.name for each in DIAMOND] == ["a", "b", "other", "c", "d", "e"]


def test_the_closure_of_a_long_chain_needs_no_recursion():
    names = [str(number) for number in range(10_000)]
    chain = plan_of(*(phase(name, *names[max(0, at - 1) : at]) for at, name in enumerate(names)))
    assert len(chain.closure([names[-1]])) == 10_000


def test_the_outputs_of_a_phase_are_those_of_all_its_works():
    works = [Work(f"p:run:{c}", "p", "{}", (), (f"build/{c}", f"{c}.log"), None, False) for c in ("AA", "UA")]
    assert phase("p", works=works).outputs == ("build/AA", "AA.log", "build/UA", "UA.log")


def test_a_gates_definition_is_its_criteria_and_its_rule_and_nothing_of_its_work():
    gate = phase("p", criteria=[{"file": "a"}], rule=Rule(True, ("ann",), 2, False, 60.0))
    assert json.loads(gate.gate_text) == {
        "criteria": [{"file": "a"}],
        "rule": {"manual": True, "by": ["ann"], "quorum": 2, "self_approval": False, "expires": 60.0},
    }
    assert gate.criteria == [{"file": "a"}]


def test_canonical_text_tells_what_python_takes_for_equal():
    assert len({canonical(value) for value in (1, 1.0, True, "1")}) == 4
    assert canonical({"b": 1, "a": 2}) == canonical({"a": 2, "b": 1})


def test_nothing_in_a_plan_can_be_assigned():
    for thing in (DIAMOND, DIAMOND.phases["a"], Rule(False), Input("a", (), "")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, dataclasses.fields(thing)[0].name, "x")
