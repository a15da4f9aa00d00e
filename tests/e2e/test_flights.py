"""The plan of this repository, as the README's first command runs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PHASES = [f"phase_{n}" for n in range(16)]


@pytest.fixture
def flights(new_project):
    """A copy of the plan, its data and its code, without anything built."""
    project = new_project("flights")
    for name in ("config", "data", "phases"):
        shutil.copytree(ROOT / name, project.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dodo.py", "pyproject.toml"):
        shutil.copy(ROOT / name, project.root / name)
    (project.root / "doit.cfg").unlink()
    return project


def phase_of(log: Path) -> str:
    """`phase_11@AA.1.log`: the work of a combination stands behind an @."""
    return log.name.partition(".")[0].partition("@")[0]


def test_the_plan_from_raw_data_to_the_signed_off_release(flights, kill, wait_until):
    """One story, because the plan takes seconds: killed in the middle, resumed, idle, then one thing changed at a time."""
    log = flights.root / ".doit" / "logs"

    def ran(*logs: str) -> set[str]:
        return {phase_of(path) for path in log.rglob("*.log")} - set(logs)

    run = flights.start("-n", "0")
    wait_until(lambda: list(log.rglob("phase_7.1.log")))
    kill(run)
    before = set(log.rglob("*.log"))
    resumed = flights.doit().ended(0)
    again = {phase_of(path) for path in set(log.rglob("*.log")) - before}
    assert not again & {f"phase_{n}" for n in range(7)}, resumed
    assert ran() == set(PHASES)
    assert flights.status() == dict.fromkeys(PHASES, "done")
    flights.doit().nothing()

    criteria = flights.read("config/criteria.yaml")
    assert 'pass: ">= 0.95"' in criteria
    flights.write("config/criteria.yaml", criteria.replace('pass: ">= 0.95"', 'pass: ">= 0.96"', 1))
    before = set(log.rglob("*.log"))
    judged = flights.doit().ended(0)
    assert len(judged.lines("done")) == 1
    assert set(log.rglob("*.log")) == before, "no work ran"

    script = flights.root / "phases/flights/evaluate.py"
    script.write_text(script.read_text() + "\n# edited\n")
    flights.doit().ended(0)
    again = {phase_of(path) for path in set(log.rglob("*.log")) - before}
    assert again == {"phase_9"}, "its outputs are the same bytes, so nothing after it runs"

    (flights.root / "build/clean.parquet").write_bytes(b"cut short")
    states = flights.status()
    assert all(states[f"phase_{n}"] == "done" for n in range(3))
    assert {states[f"phase_{n}"] for n in range(3, 16)} == {"stale"}
    assert "build/clean.parquet changed" in flights.doit("status", "phase_3").out
    assert flights.doit().ended(1, "phase_3").lines("failed") == ["phase_3"]


@pytest.mark.faults
def test_a_first_run_ends_with_every_phase_done(flights):
    """Without the kill, which the story above has in it."""
    flights.doit().done(*PHASES)
