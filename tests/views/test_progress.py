"""What goes on, on terminals of any size and in logs; with a clock that is passed in."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.estimate import CriticalPath, time_left
from orchestrator.plan import Phase, Plan, Rule, Work
from orchestrator.results import Result
from orchestrator.views.console import Console
from orchestrator.views.lines import STATE_WIDTH, Columns
from orchestrator.views.progress import QUIETEST, Doing, Forecast, foot, quiet_for, region, running_for
from orchestrator.views.terminal import fitted, padded, width


def phase(name, needs=(), title="", works=1):
    tasks = [f"{name}:run"] if works == 1 else [f"{name}:run:{number}" for number in range(works)]
    parts = tuple(Work(task, name, "{}", (), (), None, False) for task in tasks)
    return Phase(name, title or name, "", "", tuple(needs), parts, (), Rule(manual=False), "")


def texts(lines):
    return ["".join(text for text, _ in line) for line in lines]


def runs(name, title="Clean the data", time="2 min 05 s", more="of about 10 min 00 s"):
    return Doing("running", "cyan", name, title, time, more)


COLUMNS = Columns(names=8, titles=14)
FOOT = foot(3, 16, CriticalPath(250.0, ("a",), ()))


@pytest.mark.parametrize(
    ("across", "row", "last"),
    [
        (
            200,
            "running  phase_3   Clean the data  2 min 05 s of about 10 min 00 s",
            "3 of 16 phases, about 4 min 10 s left",
        ),
        (
            54,
            "running  phase_3   2 min 05 s of about 10 min 00 s",
            "3 of 16 phases, about 4 min 10 s left",
        ),
        (50, "running  phase_3   2 min 05 s of about 10 min 00 s", "3 of 16 phases, about 4 min 10 s left"),
        (30, "phase_3 2 min 05 s", "3/16, ~ 4 min 10 s left"),
        (20, "phase_3 2 min 05 s", "3/16, ~ 4 min 10 s"),
        (14, "ph… 2 min 05 s", "3/16"),
        (3, "……", "3/…"),
        (1, "…", "…"),
    ],
)
def test_what_gives_way_where_there_is_no_room(across, row, last):
    assert texts(region(COLUMNS, [runs("phase_3")], FOOT, (across, 24))) == [row, last]


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=30), st.text(max_size=60), st.text(max_size=9)), max_size=40),
    st.integers(1, 130),
    st.integers(1, 60),
)
def test_no_line_is_wider_and_no_region_higher_than_there_is_room_for(doing, across, down):
    shown = texts(region(COLUMNS, [runs(name, title, more=more) for name, title, more in doing], FOOT, (across, down)))
    assert all(width(line) <= across for line in shown)
    assert len(shown) <= max(1, down - 2, min(down - 2, 4))
    assert len(shown) <= max(4, down // 2)


def test_more_running_than_lines():
    shown = texts(region(COLUMNS, [runs(f"p{number}") for number in range(30)], FOOT, (100, 24)))
    assert len(shown) == 12
    assert shown[-2] == "… and 20 more"
    assert texts(region(COLUMNS, [runs("a"), runs("b")], FOOT, (100, 2))) == [FOOT[0]]


def test_the_rows_stand_in_columns_whatever_is_in_the_titles():
    hostile = ["日本語のデータ", "👩‍🔬 e\u0301", "\x1b[31mred\nline\x1b]0;t\x07", "plain"]
    shown = texts(region(COLUMNS, [runs("phase_3", title) for title in hostile], FOOT, (120, 24)))
    assert {width(line[: line.index("2 min 05 s")]) for line in shown[:-1]} == {STATE_WIDTH + 8 + 2 + 14 + 2}
    assert not any(ord(mark) < 32 for line in shown for mark in line)


@given(st.text(max_size=30), st.integers(0, 40))
def test_text_in_so_many_cells(text, cells):
    assert width(fitted(text, cells)) <= cells
    assert width(padded(text, cells)) == cells


def test_how_long_and_how_long_it_usually_takes():
    assert running_for(5.0, None) == ("5.0 s", "")
    assert running_for(125.0, 600.0) == ("2 min 05 s", "of about 10 min 00 s")
    assert running_for(700.0, 600.0) == ("11 min 40 s", "(usually 10 min 00 s)")


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (None, "3 of 16 phases"),
        (CriticalPath(0.4, (), ()), "3 of 16 phases"),
        (CriticalPath(250.0, (), ()), "3 of 16 phases, about 4 min 10 s left"),
        (CriticalPath(250.0, (), ("new",)), "3 of 16 phases, at least 4 min 10 s left"),
    ],
)
def test_a_time_that_is_left_is_told_as_what_it_is(left, text):
    assert foot(3, 16, left)[0] == text


PLAN = [phase("a"), phase("b", ["a"]), phase("c", ["a"]), phase("d", ["b", "c"])]
KNOWN = {"a:run": 10.0, "b:run": 20.0, "c:run": 30.0, "d:run": 5.0}


def test_the_longest_chain_or_the_work_shared_among_the_jobs():
    assert time_left(PLAN, KNOWN, jobs=9).seconds == 45.0
    assert time_left(PLAN, KNOWN, jobs=1).seconds == 65.0


def test_what_ran_already_is_no_longer_left():
    forecast = Forecast(KNOWN, 9, judged_only={"d"})
    assert forecast.left(PLAN, {"a:run": 4.0}, ()).seconds == 36.0
    assert forecast.left(PLAN, {"a:run": 40.0}, ()).seconds == 30.0, "longer than usual: it may end at any moment"
    assert forecast.left(PLAN[1:], {}, {"c:run"}).seconds == 20.0
    assert forecast.left([*PLAN, phase("new")], {}, ()).unknown == ("new",)
    assert Forecast({}, 1).left(PLAN, {}, ()) is None


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_log_is_told_what_goes_on_after_a_minute_and_then_more_and_more_rarely():
    clock, log, asked = Clock(), io.StringIO(), []

    def expected():
        asked.append(1)
        return KNOWN

    console = Console(Plan("p", {}, 1), PLAN, log, expected, monotonic=clock)
    console.started(Result(PLAN[0], 0.0), PLAN[0].works[0])
    told = []
    for second in range(1, 1201):
        clock.now = 1000.0 + second
        before = log.tell()
        console.tick()
        told += [second] if log.tell() > before else []
    assert told == [60, 180, 420, 720, 1020]
    assert log.getvalue().splitlines()[0] == "running  a  a  1 min 00 s (usually 10 s)"
    assert asked == [1], "the history is read once"


def test_a_line_that_says_what_happened_puts_it_off():
    clock, log = Clock(), io.StringIO()
    console = Console(Plan("p", {}, 1), PLAN, log, monotonic=clock)
    console.started(Result(PLAN[0], 0.0), PLAN[0].works[0])
    clock.now += 59
    console.output("a:run", b"hello\n")
    clock.now += 59
    console.tick()
    assert log.getvalue() == "a:run | hello\n"
    clock.now += 1
    console.tick()
    assert log.getvalue().splitlines()[1:] == ["running  a  a  1 min 59 s"]


def test_a_log_in_which_nothing_runs_is_told_nothing():
    clock, log = Clock(), io.StringIO()
    console = Console(Plan("p", {}, 1), PLAN, log, monotonic=clock)
    clock.now += 10_000
    console.tick()
    assert log.getvalue() == ""


def test_the_silence_has_an_end():
    assert [quiet_for(told) for told in range(4)] == [60, 120, 240, QUIETEST]
    assert quiet_for(5000) == QUIETEST
