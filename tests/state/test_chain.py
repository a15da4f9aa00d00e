"""The chain of the journal: whatever is edited, removed, moved or put in between is found, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrator.state.chain import MOST, Break, Link, broken_links, link

FIELDS = st.tuples(
    st.floats(0, 4e9),
    st.text(max_size=3),
    st.none() | st.text(max_size=3),
    st.sampled_from(["gate.judged", "gate.approved"]),
    st.text(max_size=5),
)


def chain_of(entries: list[tuple[object, ...]]) -> list[Link]:
    links, before = [], ""
    for seq, fields in enumerate(entries, 1):
        before = link(before, fields)
        links.append(Link(seq, fields, before))
    return links


def chains(least: int = 1, most: int = 40) -> st.SearchStrategy[list[Link]]:
    return st.lists(FIELDS, min_size=least, max_size=most).map(chain_of)


def numbered(links: list[Link]) -> list[Link]:
    """With the numbers of their places."""
    return [replace(entry, seq=seq) for seq, entry in enumerate(links, 1)]


def ranges(numbers: list[int]) -> list[tuple[int, int]]:
    """First and last of each run of successive numbers."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def removed(found: Break) -> tuple[int, int]:
    last = re.fullmatch(r"it and all up to (\d+) are gone", found.detail)
    return found.seq, int(last[1]) if last else found.seq


@given(chains(0))
def test_an_untouched_chain_holds(links):
    assert broken_links(links, len(links)) == []


@given(chains(), FIELDS, st.data())
def test_an_edited_entry_is_named(links, fields, data):
    at = data.draw(st.integers(0, len(links) - 1))
    assume(fields != links[at].fields)
    links[at] = replace(links[at], fields=fields)
    assert [(found.seq, found.what) for found in broken_links(links, len(links))] == [(at + 1, "edited")]


@given(chains(), st.integers(0, 4), st.data())
def test_one_field_is_enough(links, field, data):
    at = data.draw(st.integers(0, len(links) - 1))
    fields = list(links[at].fields)
    fields[field] = "another one"
    links[at] = replace(links[at], fields=tuple(fields))
    assert [found.seq for found in broken_links(links, len(links))] == [at + 1]


@given(chains(2), FIELDS, st.data())
def test_whoever_writes_the_hash_of_an_edited_entry_anew_is_found_at_the_next(links, fields, data):
    at = data.draw(st.integers(0, len(links) - 2))
    assume(fields != links[at].fields)
    links[at] = Link(at + 1, fields, link(links[at - 1].hash if at else "", fields))
    assert [(found.seq, found.what) for found in broken_links(links, len(links))] == [(at + 2, "edited")]


@given(chains(), st.data())
def test_removed_entries_are_named_whichever_they_are(links, data):
    """One or several, the first and the last included, or all."""
    gone = data.draw(st.sets(st.integers(1, len(links)), min_size=1))
    found = broken_links([entry for entry in links if entry.seq not in gone], len(links))
    assert {each.what for each in found} == {"removed"}
    assert [removed(each) for each in found] == ranges(list(gone))[:MOST]


@pytest.mark.parametrize("gone", [{1}, {10}, {5}, {1, 10}, {9, 10}, {1, 2, 3}, set(range(1, 11))])
def test_the_first_and_the_last_are_missed_too(gone):
    links = chain_of([(float(n), "run") for n in range(10)])
    found = broken_links([entry for entry in links if entry.seq not in gone], 10)
    assert [removed(each) for each in found] == ranges(list(gone))


@given(chains(2), st.data())
def test_entries_in_another_order_are_moved(links, data):
    """Named are those that follow another one than when they were written."""
    order = data.draw(st.permutations(links))
    assume(order != links)
    predecessors = {entry.hash: (links[n - 1].hash if n else "") for n, entry in enumerate(links)}
    moved = [
        seq
        for seq, (before, entry) in enumerate(zip([None, *order], order, strict=False), 1)
        if predecessors[entry.hash] != (before.hash if before else "")
    ]
    found = broken_links(numbered(order), len(links))
    assert [(each.seq, each.what) for each in found] == [(seq, "moved") for seq in moved[:MOST]]


@given(chains(), FIELDS, st.booleans(), st.data())
def test_an_entry_that_is_put_in_between_is_found(links, fields, with_its_hash, data):
    """With a hash that fits it is found by the next one, which was written after another."""
    at = data.draw(st.integers(0, len(links) - 1))
    before = links[at - 1].hash if at else ""
    new = Link(0, fields, link(before, fields) if with_its_hash else "0" * 64)
    assume(new.hash not in {entry.hash for entry in links})
    found = broken_links(numbered([*links[:at], new, *links[at:]]), len(links) + 1)
    found_at = [(each.seq, each.what) for each in found]
    assert found_at == [*([] if with_its_hash else [(at + 1, "edited")]), (at + 2, "moved")]


@given(chains(), FIELDS)
def test_an_entry_without_its_hash_that_is_put_at_the_end_is_found(links, fields):
    found = broken_links([*links, Link(len(links) + 1, fields, "0" * 64)], len(links) + 1)
    assert [(each.seq, each.what) for each in found] == [(len(links) + 1, "edited")]


@given(st.integers(1, 60), st.data())
def test_whatever_was_done_is_found_and_told_in_order(number, data):
    links = chain_of([(float(n), "run") for n in range(number)])
    places = st.integers(1, number)
    gone, edited = data.draw(st.sets(places)), data.draw(st.sets(places))
    left = [
        replace(entry, fields=("another", *entry.fields)) if entry.seq in edited else entry
        for entry in links
        if entry.seq not in gone
    ]
    for one, two in data.draw(st.lists(st.tuples(places, places), max_size=10)):
        if max(one, two) <= len(left):
            (first, second) = left[one - 1], left[two - 1]
            left[one - 1], left[two - 1] = replace(second, seq=first.seq), replace(first, seq=second.seq)
    found = broken_links(left, number)
    assert [each.seq for each in found] == sorted(each.seq for each in found)
    assert bool(found) == (left != links)


@pytest.mark.parametrize("what", ["edited and the end gone", "removed and moved"])
def test_never_more_than_so_many(what):
    links = chain_of([(float(n), "run") for n in range(2 * MOST + 1)])
    if what == "removed and moved":
        left = links[1::2]  # every second one is there, in another order
        left = [replace(entry, seq=place.seq) for entry, place in zip(reversed(left), left, strict=True)]
    else:
        left = [replace(entry, fields=("another",)) for entry in links[:MOST]]
    assert len(broken_links(left, len(links))) <= MOST
