"""What is watched, and what counts as a change."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.plan import Input, Phase, Plan, Rule, Work
from orchestrator.watching.observer import LONGEST, QUIET, settle
from orchestrator.watching.sources import changes, is_made, look, places, sources, unfound_modules


def phase(name: str, inputs: list[str], reads: list[str]) -> Phase:
    work = Work(f"{name}:run", name, "{}", tuple(Input(path, (), "") for path in inputs), (), None, False)
    return Phase(name, name, "", "", (), (work,), tuple(reads), Rule(False), "")


A = phase("a", ["sql/*.sql", "data"], ["build/x.json", "limits.json"])
B = phase("b", ["build/x.json", "build/all/part", "data"], ["data"])
PLAN = Plan(
    "p", {"a": A, "b": B}, 1, makers={"build/x.json": "a", "build/all": "a"}, modules={"m.n": None, "o": "o.py"}
)


def test_sources_are_what_nobody_makes():
    assert sources(PLAN, [A, B]) == ["sql/*.sql", "data", "limits.json"]
    assert sources(PLAN, [B]) == ["data"]
    assert [path for path in ("build", "build/all", "build/all/part/x", "build/x.json") if is_made(path, PLAN)] == [
        "build/all", "build/all/part/x", "build/x.json"
    ]  # fmt: skip


def test_a_module_that_is_not_there_may_come():
    assert unfound_modules(PLAN) == ["m/n.py", "m/n/__init__.py"]


def test_a_change_is_a_file_that_was_written_made_or_deleted():
    assert changes({"a": 1, "b": 2, "c": 3}, {"b": 2, "c": 4, "d": 5}) == ["a", "c", "d"]
    assert changes({"a": None}, {"a": None}) == []
    assert changes({"a": None}, {}) == [], "neither is there"
    seen = look(["x", "build"], PLAN, lambda path: [(f"{path}/1", 1), ("build/x.json", 2)])
    assert seen == {"x/1": 1, "build/1": 1}


def test_places_are_the_folders_that_are_there(tmp_path: Path):
    for folder in ("sql", "data/deep", "src/a", "far"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "far/real.txt").write_text("")
    (tmp_path / "link.txt").symlink_to("far/real.txt")

    def found(*paths: str) -> tuple[set[str], set[str]]:
        where = places(tmp_path, paths)
        return tuple({os.path.relpath(each, tmp_path) for each in part} for part in (where.shallow, where.deep))

    assert found() == ({"."}, set())
    assert found("sql/*.sql") == ({".", "sql"}, set())
    assert found("*.csv") == ({"."}, set())
    assert found("data") == ({".", "data"}, {"data"})
    assert found("src/*/x.py") == ({".", "src"}, {"src"})
    assert found("src/**") == ({".", "src"}, {"src"})
    assert found("data/deep/x.csv") == ({".", "data", "data/deep"}, set())
    assert found("data/none/x.csv") == ({".", "data"}, set())
    assert found("link.txt") == ({".", "far"}, set())
    assert found("**/*.py") == ({"."}, {"."})


def settled_after(*events: float) -> float:
    """The moment at which a burst with these events, in seconds since it began, counts as over. A look takes a
    hundredth of a second, or until the next event."""
    now, left = 0.0, list(events)

    def woken() -> bool:
        nonlocal now
        if left and left[0] <= now + 0.01:
            now = max(now, left.pop(0))
            return True
        now += 0.01
        return False

    settle(woken, lambda: now)
    return round(now, 1)


def test_a_burst_is_over_when_nothing_was_heard_for_a_while():
    assert settled_after() == QUIET
    assert settled_after(0.05, 0.13, 0.2) == round(0.2 + QUIET, 1)
    assert settled_after(0.05, 3.0) == round(0.05 + QUIET, 1), "what comes much later is another one"


def test_a_burst_that_goes_on_and_on_counts_as_over_at_last():
    assert settled_after(*(n / 20 for n in range(1000))) == LONGEST
