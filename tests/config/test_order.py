"""Dependency order and cycles."""

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.config.order import dependency_order

NAMES = "abcdefg"
graphs = st.permutations(NAMES).flatmap(
    lambda names: st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3) for name in names})
)
acyclic = st.permutations(NAMES).flatmap(
    lambda rank: st.permutations(NAMES).flatmap(
        lambda names: st.fixed_dictionaries(
            {
                name: st.lists(st.sampled_from(rank[: rank.index(name)]), max_size=3)
                if rank.index(name)
                else st.just([])
                for name in names
            }
        )
    )
)


def upstream(needs, name):
    """All that a name needs, directly or not."""
    seen, left = set(), list(needs[name])
    while left:
        need = left.pop()
        if need not in seen:
            seen.add(need)
            left += needs[need]
    return seen


def has_cycle(needs):
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        return True
    return False


def test_what_is_needed_comes_first_and_the_rest_in_the_order_given():
    assert dependency_order({"a": ["c"], "b": [], "c": [], "d": ["a"]}) == (["c", "a", "b", "d"], [])


def test_nothing_in_nothing_out():
    assert dependency_order({}) == ([], [])


def test_a_need_that_is_no_name_is_passed_over():
    assert dependency_order({"a": ["x"]}) == (["a"], [])


def test_a_cycle_is_told_closed():
    assert dependency_order({"a": ["b"], "b": ["c"], "c": ["a"]})[1] == [["a", "b", "c", "a"]]


def test_a_name_that_needs_itself_is_a_cycle():
    assert dependency_order({"a": ["a"]})[1] == [["a", "a"]]


def test_two_cycles_are_two_and_what_leads_into_them_is_none():
    needs = {"x": ["a", "c"], "a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"]}
    assert dependency_order(needs)[1] == [["a", "b", "a"], ["c", "d", "c"]]


@settings(deadline=None)
@given(graphs)
def test_every_name_comes_once_and_a_cycle_is_found_if_and_only_if_there_is_one(needs):
    order, cycles = dependency_order(needs)
    assert sorted(order) == sorted(needs)
    assert bool(cycles) is has_cycle(needs)
    for cycle in cycles:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(need in needs[name] for name, need in pairwise(cycle))


@settings(deadline=None)
@given(acyclic)
def test_needs_come_first(needs):
    order, cycles = dependency_order(needs)
    assert not cycles
    for name in needs:
        assert all(order.index(need) < order.index(name) for need in needs[name])


@settings(deadline=None)
@given(acyclic)
def test_nothing_overtakes_except_to_serve_something_that_was_given_earlier(needs):
    order, _ = dependency_order(needs)
    given_at = {name: index for index, name in enumerate(needs)}
    for later in needs:
        for earlier in needs:
            if given_at[earlier] < given_at[later] and order.index(later) < order.index(earlier):
                first = [name for name in needs if given_at[name] <= given_at[earlier]]
                assert any(later in upstream(needs, name) for name in first)


@settings(deadline=None)
@given(acyclic)
def test_an_order_that_is_right_already_is_kept(needs):
    order, _ = dependency_order(needs)
    assert dependency_order({name: needs[name] for name in order})[0] == order


def test_a_chain_of_ten_thousand_needs_no_recursion():
    names = [f"phase_{number}" for number in range(10_000)]
    needs = {name: [before] for name, before in zip(names[1:], names, strict=False)}
    backwards = dict(reversed(needs.items())) | {names[0]: []}
    assert dependency_order(backwards) == (names, [])
    order, cycles = dependency_order(backwards | {names[0]: [names[-1]]})
    assert len(order) == 10_000
    assert [len(cycle) for cycle in cycles] == [10_001]
