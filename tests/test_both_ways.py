"""What a command says is the same in this process (inprocess.py) and in one of its own: the other tests lean on that."""

from __future__ import annotations

import re

import pytest

ADA = {"LOGNAME": "ada"}
PHASES = {
    "a": {"run": "echo made; echo a > a.txt", "outputs": ["a.txt"], "approval": "manual"},
    "b": {"run": "cat a.txt; exit 3", "inputs": ["a.txt"], "needs": ["a"]},
}
STORY = (
    ["status"],
    ["plan"],
    ["list", "-s"],
    ["nosuch"],
    ["run"],
    ["approve", "a", "-m", "fine"],
    ["approve", "a"],
    ["run", "-n", "2"],
    ["status", "b"],
    ["status", "--json"],
    ["history"],
    ["history", "--verify"],
    ["logs", "a"],
    ["logs", "b", "--attempt", "7"],
    ["plan", "--json"],
    ["--nonsense"],
    ["forget", "a"],
    ["status"],
)
DIFFERS = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?Z?|\b\d{8}T\d{6}-\d{3}-[0-9a-f]{6}", "MOMENT"),
    (r"\b(\d+(\.\d+)?) (ms|s|seconds?)\b|(?<=_s\": )[\d.e-]+", "SOME TIME"),
    (r"\b\d{10}(\.\d+)?\b", "MOMENT"),
    (r"\b[0-9a-f]{7,64}\b", "DIGEST"),
    (r"\bpid \d+", "PID"),
    (r" +$", ""),
)
"""What no two runs have in common, and the word for it."""


def alike(text: str, root: str) -> str:
    text = text.replace(root, "ROOT")
    for pattern, word in DIFFERS:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return re.sub(r"[ \t]+", " ", text)  # columns are as wide as the time in them


def told(ran) -> tuple[int, str, str]:
    root = str(ran.folder)
    return ran.code, alike(ran.out, root), alike(ran.err, root)


@pytest.fixture
def two(new_project):
    """Two equal projects."""
    return [new_project(name).phases(PHASES) for name in ("here", "away")]


def test_a_story_is_told_alike(two):
    here, away = two
    for args in STORY:
        assert told(here.doit(*args, env=ADA)) == told(away.process(*args, env=ADA)), args


@pytest.mark.parametrize("broken", ["config/phases.json", "dodo.py"])
def test_what_is_wrong_is_told_alike(two, broken):
    for project in two:
        project.write(broken, "{ no")
    here, away = two
    for args in (["run"], ["status"], ["plan"]):
        ran = here.doit(*args)
        assert ran.code == 3, ran
        assert told(ran) == told(away.process(*args)), args
