"""Tries that failed in a row are kept in the journal: they count across restarts, and a wait is no longer than it was,
whatever becomes of the clock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.plan import Work, canonical
from orchestrator.state.journal import Event, Journal
from orchestrator.state.state import State
from orchestrator.work.retry import Retry
from orchestrator.work.series import Series, Tries

DAY, HOUR = 86_400, 3_600
WORK = Work("fetch:run", "fetch", canonical({"run": "curl"}), (), (), None, False)
MENDED = replace(WORK, definition_text=canonical({"run": "curl --retry"}))


class World:
    """A journal that lasts, a wall clock, and a monotonic clock that begins anew with each restart."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.time = 1_000_000.0
        self.since_boot = 50.0
        self.journal = Journal(state.database, clock=lambda: self.time)
        self.tries = self.restart()

    def restart(self, since_boot: float = 50.0) -> Tries:
        """What a new process knows."""
        self.since_boot = since_boot
        self.tries = Tries(self.journal, clock=lambda: self.time, monotonic=lambda: self.since_boot)
        return self.tries

    def passes(self, seconds: float) -> None:
        self.time += seconds
        self.since_boot += seconds

    def attempt(self, outcome: str | None, *, tried: int, wait: float | None = None, work: Work = WORK) -> None:
        """One more attempt at the work, as attempts.py writes it: with the tries that have failed at its end. None:
        it was killed, and nobody has looked since."""
        series = self.tries.of(work)
        number = series.number + 1
        known = {"attempt": number, "definition": work.mark}
        self.journal.append(Event.ATTEMPT_STARTED, work.phase, work.task, tried=series.tried, **known)
        if outcome is not None:
            follows = {} if wait is None else {"wait": wait, "of": 5}
            self.journal.append(
                Event.ATTEMPT_ENDED, work.phase, work.task, outcome=outcome, tried=tried, **known, **follows
            )
            self.tries.ended(work, number, tried, None if wait is None else Retry(tried, 5, wait))


@pytest.fixture
def world(tmp_path):
    state = State(tmp_path)
    state.lock.take()
    yield World(state)
    state.close()


def test_before_the_first_attempt_there_is_nothing_to_wait_for(world):
    assert world.tries.of(WORK) == Series(0)
    assert world.tries.wait(WORK) == 0


def test_in_a_run_the_wait_goes_by(world):
    world.attempt("retrying", tried=1, wait=8.0)
    assert world.tries.wait(WORK) == 8.0
    world.passes(3)
    assert world.tries.wait(WORK) == 5.0
    world.passes(5)
    assert world.tries.wait(WORK) == 0.0
    assert world.tries.of(WORK).tried == 1


def test_tries_count_across_restarts_and_what_is_left_of_the_wait_is_waited(world):
    world.attempt("retrying", tried=1, wait=1.0)
    world.passes(1)
    world.attempt("retrying", tried=2, wait=8.0)
    world.passes(3)
    tries = world.restart(since_boot=1.0)
    assert (tries.of(WORK).number, tries.of(WORK).tried) == (2, 2)
    assert tries.wait(WORK) == 5.0
    world.passes(5)
    assert tries.wait(WORK) == 0.0


@pytest.mark.parametrize(("moved", "left"), [(2 * HOUR, 0.0), (-DAY, 8.0), (-1, 8.0), (2, 6.0)])
def test_a_wall_clock_that_was_moved_never_makes_the_wait_longer(world, moved, left):
    world.attempt("retrying", tried=1, wait=8.0)
    world.time += moved
    assert world.restart().wait(WORK) == left


def test_in_the_run_itself_the_wall_clock_means_nothing(world):
    world.attempt("retrying", tried=1, wait=8.0)
    world.time -= DAY
    assert world.tries.wait(WORK) == 8.0
    world.time += 10 * DAY
    assert world.tries.wait(WORK) == 8.0


@given(st.floats(0, 1e6), st.floats(-1e9, 1e9), st.floats(0, 1e9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_clocks_say_the_wait_is_none_to_all_of_it(world, wait, moved, since_boot):
    world.attempt("retrying", tried=1, wait=wait)
    world.time += moved
    left = world.restart(since_boot).wait(WORK)
    assert 0 <= left <= wait * (1 + 1e-9) + 1e-6, "within what a float holds"


@pytest.mark.parametrize("outcome", ["stopped", "interrupted"])
def test_what_was_stopped_or_interrupted_is_no_try_and_is_waited_for_no_longer(world, outcome):
    world.attempt("retrying", tried=2, wait=8.0)
    world.passes(8)
    world.attempt(outcome, tried=2)
    tries = world.restart()
    assert tries.of(WORK).number == 2
    assert tries.of(WORK).tried == 2
    assert tries.wait(WORK) == 0


def test_a_changed_definition_begins_anew_at_once(world):
    world.attempt("retrying", tried=2, wait=HOUR)
    tries = world.restart()
    assert tries.of(MENDED) == Series(1)
    assert tries.wait(MENDED) == 0


def test_the_old_definition_put_back_begins_anew_too(world):
    """Between the two there was an attempt at something else."""
    world.attempt("retrying", tried=2, wait=HOUR)
    world.restart()
    world.attempt("stopped", tried=0, work=MENDED)
    assert world.restart().of(WORK) == Series(2)


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_success_and_the_last_failure_end_a_series(world, outcome):
    world.attempt("retrying", tried=1, wait=1.0)
    world.passes(1)
    world.attempt(outcome, tried=0 if outcome == "succeeded" else 2)
    assert world.tries.wait(WORK) == 0
    tries = world.restart()
    assert tries.of(WORK) == Series(2)
    assert tries.wait(WORK) == 0


def test_forget_begins_anew_and_the_numbers_go_on(world):
    """Numbers name logs: none is given twice."""
    world.attempt("retrying", tried=1, wait=HOUR)
    world.passes(HOUR)
    world.attempt("retrying", tried=2, wait=HOUR)
    world.journal.append(Event.FORGOTTEN, WORK.phase, WORK.phase)
    world.journal.append(Event.FORGOTTEN, WORK.phase, WORK.task)
    assert world.restart().of(WORK) == Series(2)


def test_the_works_of_a_matrix_are_tried_each_for_itself(world):
    aa, ua = (replace(WORK, task=f"fetch:run:{carrier}") for carrier in ("AA", "UA"))
    world.attempt("retrying", tried=1, wait=8.0, work=aa)
    tries = world.restart()
    assert (tries.of(aa).number, tries.of(ua).number) == (1, 0)
    assert (tries.wait(aa), tries.wait(ua)) == (8.0, 0.0)
