"""How long works take, and what is left at least."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.estimate import LEAST, critical_path, phase_seconds, urgencies, work_durations
from orchestrator.plan import Phase, Rule, Work
from orchestrator.state.journal import Event
from orchestrator.state.state import State


def phase(name, needs=(), works=1):
    tasks = [f"{name}:run"] if works == 1 else [f"{name}:run:{number}" for number in range(works)]
    parts = tuple(Work(task, name, "{}", (), (), None, False) for task in tasks)
    return Phase(name, name, "", "", tuple(needs), parts, (), Rule(manual=False), "")


def test_the_median_of_the_five_newest_attempts():
    assert work_durations([("a:run", seconds) for seconds in (90, 90, 90, 1, 2, 3, 4, 50)]) == {"a:run": 3}


def test_the_history_of_some_phases_or_of_all(tmp_path):
    state = State(tmp_path)
    state.lock.take("run")
    for name, outcome, seconds in (("a", "succeeded", 1.0), ("b", "succeeded", 2.0), ("a", "failed", 3.0)):
        state.journal.append(
            Event.ATTEMPT_ENDED, name, f"{name}:run", attempt=1, outcome=outcome, duration=seconds, problem=None
        )
    assert state.journal.successes() == [("a:run", 1.0), ("b:run", 2.0)]
    assert state.journal.successes({"b": 9, "unknown": 9}) == [("b:run", 2.0)]
    assert state.journal.successes({"a": 2, "b": 1}) == [("a:run", 1.0), ("b:run", 2.0)]
    assert state.journal.successes({"a": 1}) == []  # the newest one failed
    assert state.journal.successes({}) == []
    state.close()


def test_works_of_one_phase_run_side_by_side():
    assert phase_seconds(phase("a", works=2), {"a:run:0": 2.0, "a:run:1": 5.0}) == 5.0


def test_a_phase_with_a_work_that_never_succeeded_has_no_estimate():
    assert phase_seconds(phase("a", works=2), {"a:run:0": 2.0}) is None


def test_the_longest_chain_and_who_is_unknown():
    plan = [phase("a"), phase("b", ["a"]), phase("c", ["a"]), phase("d", ["b", "c"])]
    found = critical_path(plan, {"a": 1.0, "b": 9.0, "c": None, "d": 1.0})
    assert (found.seconds, found.phases, found.unknown) == (11.0, ("a", "b", "d"), ("c",))


def test_no_phases_take_no_time():
    assert critical_path([], {}).phases == ()


@given(st.data())
def test_the_path_is_a_chain_of_needs_whose_times_add_up(data):
    plan, expected = [], {}
    for number in range(data.draw(st.integers(1, 8))):
        needs = [other.name for other in plan if data.draw(st.booleans())]
        plan.append(phase(f"p{number}", needs))
        expected[f"p{number}"] = data.draw(st.integers(0, 9))
    found = critical_path(plan, expected)
    by_name = {one.name: one for one in plan}
    assert all(earlier in by_name[later].needs for earlier, later in pairwise(found.phases))
    assert found.seconds == sum(expected[name] for name in found.phases)
    assert by_name[found.phases[0]].needs == () or sum(expected[need] for need in by_name[found.phases[0]].needs) == 0


def test_the_work_with_the_longest_chain_behind_it_is_the_most_urgent():
    plan = [phase("a"), phase("b"), phase("c", ["a"]), phase("d", ["a", "b"], works=2)]
    found = urgencies(plan, {"a:run": 1.0, "b:run": 2.0, "c:run": 5.0, "d:run:0": 3.0, "d:run:1": 4.0})
    assert found == {"a:run": 6.0, "b:run": 6.0, "c:run": 5.0, "d:run:0": 3.0, "d:run:1": 4.0}


def test_what_never_ran_takes_the_usual_time():
    plan = [phase("a"), phase("b"), phase("c"), phase("d", ["c"])]
    assert urgencies(plan, {"a:run": 1.0, "b:run": 3.0}) == {"a:run": 1.0, "b:run": 3.0, "c:run": 4.0, "d:run": 2.0}
    assert urgencies(plan, {}) == {"a:run": 1.0, "b:run": 1.0, "c:run": 2.0, "d:run": 1.0}


def test_of_chains_that_take_no_time_the_longer_one_is_the_more_urgent():
    plan = [phase("a"), phase("b"), phase("c", ["b"])]
    durations = {"a:run": 0.0, "b:run": 0.0, "c:run": 0.0}
    assert urgencies(plan, durations) == {"a:run": LEAST, "b:run": 2 * LEAST, "c:run": LEAST}


@given(st.data())
def test_a_work_is_as_urgent_as_the_longest_chain_that_it_begins(data):
    count = data.draw(st.integers(1, 8))
    needs = {n: data.draw(st.sets(st.integers(0, n - 1))) if n else set() for n in range(count)}
    durations = {f"p{n}:run": float(data.draw(st.integers(1, 9))) for n in range(count)}
    plan = [phase(f"p{n}", [f"p{need}" for need in needs[n]]) for n in range(count)]

    def longest(start: int) -> float:
        followers = [n for n in range(count) if start in needs[n]]
        return durations[f"p{start}:run"] + max(map(longest, followers), default=0.0)

    assert urgencies(plan, durations) == {f"p{n}:run": longest(n) for n in range(count)}
