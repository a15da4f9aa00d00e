"""By what a result is found: all that would make a record stale, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cache.key import are_known, key_of
from orchestrator.plan import Input, Work, canonical
from orchestrator.reasons import work_reasons
from orchestrator.state.files import ABSENT, UNREADABLE
from orchestrator.state.records import record_of

WORK = Work("a:run", "a", canonical({"run": "true"}), (Input("in", (), "x:1:1"),), ("out",), None, False)


class Look:
    """What work_reasons asks, of a record and the present states."""

    def __init__(self, record, states):
        self.record = lambda task: record
        self.file = states.get
        self.exists = lambda path: True
        self.mask = str


def record(definition, states):
    return record_of({"definition": canonical(definition), "attempt": "r#1"}, states)


scalars = st.one_of(st.booleans(), st.integers(-2, 2), st.floats(-2, 2), st.text(max_size=2))
definitions = st.dictionaries(st.sampled_from(["run", "params", "cwd"]), scalars, max_size=3)
states = st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.one_of(st.sampled_from(["1", "2"]), st.dictionaries(st.sampled_from(["x/1", "x/2"]), st.sampled_from("12"))),
)


@given(definitions, states, definitions, states)
def test_another_key_is_found_exactly_where_the_work_would_be_stale(before, states_before, now, states_now):
    old, new = record(before, states_before), record(now, states_now)
    inputs = tuple(Input(path, (), "x:1:1") for path in states_now)
    work = replace(WORK, definition_text=canonical(now), inputs=inputs)
    stale = bool(work_reasons(work, Look(old, states_now)))
    assert (key_of(work, old, "") != key_of(work, new, "")) == stale


def test_the_salt_the_outputs_and_the_task_tell_works_apart():
    built = record({"run": "true"}, {"in": "1"})
    works = [WORK, replace(WORK, task="b:run"), replace(WORK, outputs=("other",)), replace(WORK, outputs=())]
    keys = {key_of(work, built, salt) for work in works for salt in ("", "x")}
    assert len(keys) == 8


def test_who_made_a_record_is_no_part_of_its_key():
    other = record_of({"definition": canonical({"run": "true"}), "attempt": "s#7"}, {"in": "1"})
    assert key_of(WORK, other, "") == key_of(WORK, record({"run": "true"}, {"in": "1"}), "")


def test_what_cannot_be_looked_at_is_not_known():
    assert are_known({"a": "1", "b": {"b/x": "2"}, "c": {}})
    assert not are_known({"a": ABSENT})
    assert not are_known({"b": {"b/x": UNREADABLE}})
