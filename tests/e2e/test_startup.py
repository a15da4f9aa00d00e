"""What a run with nothing to do loads: start-up is most of what it costs, so whatever joins is a decision, made here."""

from __future__ import annotations

import subprocess
import sys

import pytest

OURS = {"criteria", "orchestrator", "phases", "phasegate"}
OUTSIDE = {"doit", "cloudpickle", "org"}
"""cloudpickle is doit's; org is Jython's, which `copy` looks for."""
COSTLY = {"asyncio", "decimal", "difflib", "http", "logging.config", "ssl", "statistics", "unittest", "xml"}
OF_A_RUN = {
    "orchestrator.engine",
    "orchestrator.estimate",
    "orchestrator.forecast",
    "orchestrator.session",
    "orchestrator.tasks",
    "orchestrator.config.schema",
    "orchestrator.config.validate",
    "orchestrator.github.transport",
    "orchestrator.github.connection",
    "orchestrator.github.follower",
    "orchestrator.views.console",
    "orchestrator.views.graph",
    "orchestrator.views.report",
    "orchestrator.views.terminal",
    "orchestrator.gate.judge",
    "phases.child",
}
"""Of ours: what only a run with something to do needs, or a command."""


@pytest.fixture
def starter(project):
    """What `doit init` writes, run once; config/github.yaml is a part of it, a token is not there."""
    for path in project.root.iterdir():
        path.unlink()
    project.doit("init").ended(0)
    project.doit().ended(0)
    project.doit().nothing()
    return project


def loaded(project, *args: str) -> set[str]:
    """The modules that a command loads, the interpreter's own aside."""

    def modules(*argv: str) -> set[str]:
        ran = subprocess.run(
            [sys.executable, "-X", "importtime", *argv],
            cwd=project.root,
            env=project.environment(GITHUB_TOKEN=""),
            capture_output=True,
            text=True,
            check=True,
        )
        return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}

    return modules("-m", "doit", *args) - modules("-c", "pass")


def test_a_run_with_nothing_to_do_loads_no_library_but_doit(starter):
    found = {name.partition(".")[0] for name in loaded(starter)}
    assert found - OURS - set(sys.stdlib_module_names) == OUTSIDE


def test_a_run_with_nothing_to_do_loads_nothing_of_what_runs_or_draws(starter):
    (starter.root / ".doit" / "rest").unlink(missing_ok=True)
    asked, seen = loaded(starter), loaded(starter)
    assert "orchestrator.standing" in asked, "it was asked where the phases stand"
    assert "orchestrator.standing" not in seen, "it was seen at a glance"
    assert (asked | seen) & (COSTLY | OF_A_RUN) == set()


def test_without_a_token_a_status_loads_nothing_that_talks_to_github(starter):
    assert {name for name in loaded(starter, "status") if name.startswith("orchestrator.github")} <= {
        "orchestrator.github",
        "orchestrator.github.access",
        "orchestrator.github.settings",
    }
