"""What may come next on a command line, without a shell."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

import phasegate
from orchestrator.completion import FILES, FOLDERS, Command, Known, Option, candidates, folders, split
from orchestrator.forecast import Assumption

COMMON = (Option("dodoFile", ("-f", "--file"), takes_value=True), Option("cwdPath", ("-d", "--dir"), takes_value=True))
COMMANDS = {
    "run": Command(
        "[PHASE/OUTPUT...]",
        "run",
        (
            *COMMON,
            Option("mode", ("--mode",), "how", takes_value=True),
            Option("always", ("-a", "--always-execute")),
            Option("verbosity", ("-v", "--verbosity"), takes_value=True, choices=("0", "1", "2")),
        ),
    ),
    "approve": Command("PHASE [-m REASON]", options=(Option("reason", ("-m", "--message"), takes_value=True),)),
    "waive": Command("PHASE CRITERION -m REASON [--until DATE]"),
    "history": Command("[PHASE ...] [--metric NAME]", options=(Option("metric", ("--metric",), takes_value=True),)),
    "info": Command("TASK"),
    "help": Command("[TASK] [COMMAND]"),
    "init": Command("[FOLDER] [--from FILE]", options=(Option("from", ("--from",), takes_value=True),)),
    "plan": Command("[PHASE/OUTPUT ...]", options=(Option("assume", ("--assume",), takes_value=True),)),
    "graph": Command(
        "[PHASE ...] [-o FILE]",
        options=(
            Option("format", ("--format",), takes_value=True),
            Option("output", ("-o", "--output"), takes_value=True),
        ),
    ),
    "completion": Command("SHELL"),
    "dumpdb": Command(""),
}
KNOWN = Known(
    sorted(COMMANDS),
    COMMANDS.__getitem__,
    phases={"a": "First", "b": "Second", "ab": ""},
    works={"a:run": "", "b:run:1": ""},
    outputs={"build/a.txt": "a"},
    metrics={"a": ["mae"], "b": ["rows"]},
    waiting=lambda: {"b"},
    hindering={"a": {"m": "too high"}, "b": {}}.__getitem__,
)


def after(line):
    *before, current = split(line)
    return [word for word, _ in candidates(before, current, KNOWN)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ap", ["approve"]),
        ("a", ["approve", "a", "ab"]),
        ("a ", ["b", "ab"]),
        ("build/", ["build/a.txt"]),
        ("a:", ["a:run"]),
        ("b:run", ["b:run:1"]),
        ("approve ", ["b", "a", "ab"]),
        ("approve b ", []),
        ("approve -m why ", ["b", "a", "ab"]),
        ("approve -m ", []),
        ("approve --mess", ["--message"]),
        ("waive a ", ["m"]),
        ("waive b ", []),
        ("waive a m ", []),
        ("history a --metric ", ["mae"]),
        ("history --metric ", ["mae", "rows"]),
        ("history --metric=r", ["--metric=rows"]),
        ("history a ", ["b", "ab"]),
        ("--mode ", ["auto", "manual"]),
        ("--mode=m", ["--mode=manual"]),
        ("--mode auto ", [*sorted(COMMANDS), "a", "b", "ab"]),
        ("-v ", ["0", "1", "2"]),
        ("-", ["-f", "--file", "-d", "--dir", "--mode", "-a", "--always-execute", "-v", "--verbosity"]),
        ("-- -", []),
        ("-f ", [FILES]),
        ("-d ", [FOLDERS]),
        ("-f approve ", [*sorted(COMMANDS), "a", "b", "ab"]),
        ("init ", [FOLDERS]),
        ("init --from ", [FILES]),
        ("help h", ["help", "history"]),
        ("completion ", ["bash", "zsh", "fish"]),
        ("plan --assume b=r", ["b=rejected"]),
        ("plan --assume=a=u", ["--assume=a=unchanged"]),
        ("graph --format ", ["mermaid", "dot", "svg"]),
        ("graph --output=", [FILES]),
        ("dumpdb ", []),
        ("info a", ["a", "ab"]),
        ("info a ", []),
        ("nosuch ", ["a", "b", "ab"]),
        ("'a", ["approve", "a", "ab"]),
    ],
)
def test_what_comes_next(line, words):
    assert after(line) == words


FREE = {"reason", "digest", "until", "wait", "attempt", "num_process"}
"""Options whose values nobody can guess."""


def test_the_values_of_every_option_of_ours_are_known():
    commands = [getattr(phasegate, name) for name in phasegate._PUBLIC if name not in ("__version__", "Project")]
    options = [option for command in commands for option in vars(command).get("cmd_options", ())]
    taking = {option["name"] for option in options if option["type"] is not bool and not option.get("choices")}
    assert taking >= {"assume", "format", "mode", "from"}
    for name in taking - FREE:
        asked = Known(["x"], lambda _, name=name: Command("", options=(Option(name, ("--it",), takes_value=True),)),
                      phases={"a": ""}, metrics={"a": ["mae"]})  # fmt: skip
        assert candidates(["x", "--it"], "", asked), name


def test_what_can_be_assumed_of_a_phase_is_what_can_be_asked_for():
    asked = Known(["x"], lambda _: Command("", options=(Option("assume", ("--it",), takes_value=True),)), {"a": ""})
    assert [word for word, _ in candidates(["x", "--it"], "", asked)] == [f"a={each.value}" for each in Assumption]


@pytest.mark.parametrize(
    ("before", "found"),
    [
        ([], (None, None)),
        (["-d", "x", "approve"], ("x", None)),
        (["--dir=x", "--file=y/dodo.py"], ("x", "y/dodo.py")),
        (["-f", "y/dodo.py"], (None, "y/dodo.py")),
    ],
)
def test_the_folder_that_a_line_is_about(before, found):
    assert folders(before) == found


@given(st.lists(st.text(max_size=5), max_size=4), st.text(max_size=5))
def test_no_line_is_too_strange(before, current):
    candidates(before, current, KNOWN)
    split(" ".join([*before, current]))


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4))
def test_a_line_that_is_quoted_whole_is_split_as_the_shell_does(words):
    assert split(shlex.join(words)) == words
    assert split(shlex.join(words) + " ") == [*words, ""]
