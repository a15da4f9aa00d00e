"""Jobs that several threads do: each once, on no more threads than there are cores, and given up together."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.state.crew import Crew, cores
from orchestrator.state.hashing import GivenUp, never


@given(st.lists(st.integers(), max_size=40), st.booleans())
def test_each_job_is_done_once(jobs, begun):
    done = Counter()
    crew = Crew(jobs, lambda job, gives_up: done.update([job]))
    if begun:
        crew.begin(never)
    crew.finish(never)
    assert done == Counter(jobs)


def test_all_who_ask_at_the_same_time_have_as_many_helpers_as_there_are_other_cores():
    guard, most, now = threading.Lock(), 0, 0
    begun = threading.Barrier(3)

    def do(job, gives_up):
        nonlocal most, now
        with guard:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.001)
        with guard:
            now -= 1

    def ask():
        begun.wait()
        Crew(range(50), do).finish(never)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert most <= 3 + cores() - 1


def test_what_a_helper_meets_is_raised_where_it_was_asked_for():
    helped = threading.Event()

    def do(job, gives_up):
        if threading.current_thread() is asker:
            helped.wait(100)
        else:
            helped.set()
            raise MemoryError("of a helper")

    asker = threading.current_thread()
    crew = Crew(range(100), do)
    crew.begin(never)
    with pytest.raises(MemoryError):
        crew.finish(never)


def test_a_signal_to_whoever_asks_ends_those_who_help():
    helping, over = threading.Event(), threading.Event()

    def do(job, gives_up):
        if threading.current_thread() is asker:
            helping.wait(30 if cores() > 1 else 0)
            raise KeyboardInterrupt
        helping.set()
        while not gives_up():
            pass
        over.set()
        raise GivenUp

    asker = threading.current_thread()
    with pytest.raises(KeyboardInterrupt):
        Crew(range(10), do).finish(never)
    assert over.wait(100) or not helping.is_set()


def test_whoever_waits_for_others_gives_up(wait_until):
    leave = threading.Event()
    taken = threading.Event()

    def do(job, gives_up):
        taken.set()
        leave.wait(100)

    crew = Crew(["the only one"], do)
    crew.begin(never)
    assert taken.wait(100)
    with pytest.raises(GivenUp):
        crew.finish(lambda: True)
    leave.set()
