"""The parts of a report that decide: what waits for whom, where bars and curves go, which votes count."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_facts import BEGUN, DIGEST, RUN, facts

from orchestrator.plan import Phase, Rule
from orchestrator.standing import PhaseState, Standing
from orchestrator.state.journal import Entry, Event
from orchestrator.state.votes import Answer, Vote
from orchestrator.views.report.links import beside, web
from orchestrator.views.report.text import iso, shown, utc
from orchestrator.views.report.timeline import BARS, NAMED, RUNS, chart, runs_of
from orchestrator.views.report.trends import HEIGHT, NEWEST, WIDTH, curves
from orchestrator.views.report.votes import casts
from orchestrator.views.report.waits import waits

# -- what waits for whom --------------------------------------------------------------------------------------------


def standing(name: str, state: PhaseState, *needs: str) -> Standing:
    return Standing(Phase(name, name, "", "", needs, (), (), Rule(False), ""), state, (), True)


def test_what_is_blocked_stands_behind_each_phase_that_blocks_it():
    found = waits(
        {
            each.phase.name: each
            for each in (
                standing("ok", PhaseState.DONE),
                standing("asks", PhaseState.WAITING, "ok"),
                standing("broke", PhaseState.FAILED),
                standing("one", PhaseState.BLOCKED, "asks"),
                standing("both", PhaseState.BLOCKED, "one", "broke"),
                standing("free", PhaseState.PENDING, "ok"),
            )
        }
    )
    assert [(wait.phase, wait.state.value, wait.behind) for wait in found] == [
        ("broke", "failed", ("both",)),
        ("asks", "waiting", ("one", "both")),
    ]


def test_a_plan_that_is_done_waits_for_nobody():
    assert waits({"a": standing("a", PhaseState.DONE), "b": standing("b", PhaseState.DONE, "a")}) == []


def test_those_with_more_behind_them_come_first():
    plan = [standing("a", PhaseState.FAILED), standing("b", PhaseState.FAILED), standing("c", PhaseState.BLOCKED, "b")]
    assert [wait.phase for wait in waits({each.phase.name: each for each in plan})] == ["b", "a"]


# -- links and texts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("build/x.csv", "../build/x.csv"),
        ("build/a b?c#d%.csv", "../build/a%20b%3Fc%23d%25.csv"),
        ("javascript:alert(1)", "../javascript%3Aalert%281%29"),
        ("build/\udcff", "../build/%FF"),
        ("build/é", "../build/%C3%A9"),
        ("/elsewhere/x", "../../../elsewhere/x"),
    ],
)
def test_a_link_to_a_file_is_relative_and_encoded(path, link):
    assert beside(Path("/a/project"), path, Path("/a/project/.doit")) == link


def test_a_link_from_the_projects_own_folder():
    assert beside(Path("/p"), "javascript:alert(1)", Path("/p")) == "javascript%3Aalert%281%29"


@pytest.mark.parametrize("text", ["https://git.example/o/r/issues/1#issuecomment-2", "http://host:8080/x?y=z"])
def test_a_link_to_the_web(text):
    assert web(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//host/x",
        "https:",
        "https://",
        "https://[",
        "login",
        "",
        "https://a b",
    ],
)
def test_what_is_no_link_to_the_web(text):
    assert web(text) is None
    assert web(f"\n{text}") is None


def test_orders_about_the_direction_of_text_are_spelt_out():
    assert shown("a\u202eb") == "a\\u202eb"
    assert shown("\u05e9\u05dc\u05d5\u05dd") == "\u05e9\u05dc\u05d5\u05dd"


@pytest.mark.parametrize("at", [1e300, -1e300, float("nan"), float("inf")])
def test_a_time_that_no_calendar_has(at):
    assert iso(at) == ""
    assert utc(at)


# -- the timeline ---------------------------------------------------------------------------------------------------


def attempt(task: str, started: float, duration: float | None, outcome: str = "succeeded") -> dict[str, object]:
    ended = None if duration is None else started + duration
    return {
        "task": task,
        "attempt": 1,
        "run": RUN,
        "started": started,
        "ended": ended,
        "duration_s": duration,
        "outcome": outcome,
    }


spans = st.lists(st.tuples(st.floats(-5, 100), st.one_of(st.none(), st.floats(0, 50))), min_size=1, max_size=150)


@given(spans, st.booleans())
def test_bars_stay_in_the_picture_and_packed_ones_never_overlap(found, many):
    attempts = [attempt(f"t{i if many else i % 7}", BEGUN + at, took) for i, (at, took) in enumerate(found)]
    drawn = chart(attempts, BEGUN, BEGUN + 60, {each["task"]: each["task"] for each in attempts}, {})
    for bar in drawn.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= 100.01
        assert 0 <= bar.row * drawn.row < drawn.height
    assert all(0 <= tick.x <= 100 for tick in drawn.ticks)
    assert 1 <= len(drawn.ticks) <= 8
    if len({each["task"] for each in attempts}) > NAMED:
        assert drawn.rows == ()
        in_row: dict[int, list[tuple[float, float]]] = {}
        for bar in drawn.bars:
            in_row.setdefault(bar.row, []).append((bar.x, bar.x + bar.width))
        for row in in_row.values():
            row.sort()
            assert all(end <= begin + 0.01 for (_, end), (begin, _) in pairwise(row))
    else:
        assert [drawn.rows[bar.row][0] for bar in drawn.bars] == [each["task"] for each in attempts]


def run_of(number: int, attempts: int) -> tuple[list[Entry], list[dict[str, object]]]:
    run, begun = f"run{number:03}", BEGUN + 1000 * number
    entries = [Entry(0, begun, run, None, None, Event.RUN_STARTED, {"by": "ada"})]
    entries.append(Entry(0, begun + 9, run, None, None, Event.RUN_ENDED, {"ends": {"done": 1}}))
    return entries, [{**attempt(f"t{i}", begun + i / 1000, 0.001), "run": run} for i in range(attempts)]


def test_the_newest_runs_and_of_large_ones_the_newest_drawn():
    entries, attempts = [], []
    for number in range(RUNS + 5):
        more, tried = run_of(number, BARS // 2 if number > RUNS else 1)
        entries, attempts = entries + more, attempts + tried
    more, _ = run_of(99, 0)  # a run that attempted nothing is none to draw
    tasks = {each["task"]: "a" for each in attempts}
    runs = runs_of(entries + more, attempts, tasks, frozenset(), BEGUN)
    assert [run.id for run in runs] == [f"run{number:03}" for number in range(RUNS + 4, 4, -1)]
    assert [run.chart is not None for run in runs[:4]] == [True, True, False, False]
    assert sum(run.attempts for run in runs if run.chart) <= BARS


def test_a_run_that_goes_on_lasts_until_now_and_a_killed_one_until_its_last_word():
    start = Entry(1, BEGUN, RUN, None, None, Event.RUN_STARTED, {"by": "ada"})
    word = Entry(2, BEGUN + 5, RUN, "a", "a:run", Event.ATTEMPT_STARTED, {})
    tried = [attempt("a:run", BEGUN + 5, None, "running")]
    [alive] = runs_of([start, word], tried, {"a:run": "a"}, frozenset({RUN}), BEGUN + 65)
    [killed] = runs_of([start, word], tried, {"a:run": "a"}, frozenset(), BEGUN + 65)
    assert (alive.alive, alive.seconds, alive.chart.bars[0].seconds) == (True, 65, 60)
    assert (killed.alive, killed.ended, killed.seconds) == (False, None, 5)


# -- curves ---------------------------------------------------------------------------------------------------------


def judged(*values: tuple[object, str]) -> list[Entry]:
    return [
        Entry(
            seq, BEGUN + seq, RUN, "a", "a", Event.JUDGED,
            {"verdicts": [{"name": "mae", "kind": "metric", "value": value, "bound": bound, "result": "pass"}]},
        )
        for seq, (value, bound) in enumerate(values)
    ]  # fmt: skip


numbers = st.one_of(st.integers(), st.floats(), st.text(max_size=3), st.none(), st.booleans())
bounds = st.one_of(st.sampled_from(["<= 1.5", ">= -3e2, review >= -4e2", "== 0", "1", "> 1e999"]), st.text(max_size=9))


@given(st.lists(st.tuples(numbers, bounds), min_size=1, max_size=80))
def test_a_curve_stays_in_its_picture_whatever_was_measured(values):
    curve = curves(judged(*values))["a", "mae"]
    assert curve.count == len(values)
    assert len(curve.values) == min(NEWEST, len(values))
    for text in (curve.line, curve.bound, curve.beyond):
        for pair in text.split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


def test_higher_is_up_and_the_bound_lies_where_it_belongs():
    curve = curves(judged((1, "<= 3"), (2, "<= 3")))["a", "mae"]
    assert curve.points[0].y > curve.points[1].y > float(curve.bound.split()[0].split(",")[1])
    assert curve.beyond.startswith("0,0 "), "above a bound that is a maximum nothing passes"
    assert (curve.step, curve.moved) == (1, True)


def test_a_bound_that_waits_for_an_approved_value_is_not_drawn():
    curve = curves(
        judged((26.6, "<= 1.02 * approved (no approved value yet)"), (26.2, "<= 27.1 (1.02 * approved 26.6)"))
    )
    assert len(curve["a", "mae"].bound.split()) == 2, "from the second value to the edge"


def test_a_value_that_is_no_number_leaves_a_gap():
    curve = curves(judged((1, "<= 3"), ("n/a", "<= 3"), (10**400, "<= 3"), (2, "<= 3")))["a", "mae"]
    assert len(curve.points) == 2
    assert [value.told for value in curve.values] == [1, "n/a", 10**400, 2]


# -- votes ----------------------------------------------------------------------------------------------------------


def test_which_votes_count():
    known = facts("x")
    rule = Rule(True, expires=30)
    phases = {"a": replace(known.plan.phases["a"], rule=rule)}

    def entry(event: Event, at: float, digest: str, by: str) -> Entry:
        data = {"digest": digest, "by": by, "channel": "command line", "reason": "", "source": "https://h.example/1"}
        return Entry(int(at), at, "", "a", None, event, data)

    entries = [
        entry(Event.APPROVED, 1, DIGEST, "old"),
        entry(Event.APPROVED, 90, "another", "ada"),
        entry(Event.APPROVED, 91, DIGEST, "bob"),
        entry(Event.APPROVED, 92, DIGEST, "eve"),
        entry(Event.REVOKED, 93, DIGEST, "eve"),
    ]
    kept = [Vote("a", e.data["digest"], e.data["by"], "command line", "", e.at, Answer.APPROVE) for e in entries[:3]]
    found = casts(phases, entries, {"a": kept}, {"a": DIGEST}, 100)
    assert [(vote.by, vote.what, vote.standing) for vote in found] == [
        ("old", "approved", "expired"),
        ("ada", "approved", "for another digest"),
        ("bob", "approved", "counts"),
        ("eve", "approved", "ended"),
        ("eve", "took back", ""),
    ]
    assert {vote.link for vote in found} == {"https://h.example/1"}
