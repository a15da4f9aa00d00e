"""Workflow commands: what the runner reads of them is what was meant, whoever wrote it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.annotations import SHOWN, Annotation, commands, folder_in_repository, harmless
from orchestrator.views.actions import output


def understood(line: str) -> tuple[str, dict[str, str], str]:
    """As GitHub's runner reads a command: level, properties and message, unescaped in its order."""
    level, properties, message = re.fullmatch(r"::(\w+) (.*?)::(.*)", line, re.DOTALL).groups()
    read = dict(each.split("=", 1) for each in properties.split(","))
    for code, mark in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        read = {key: value.replace(code, mark) for key, value in read.items()}
        message = message.replace(code, mark) if mark not in ":," else message
    return level, read, message


@given(st.text(), st.text())
def test_any_title_and_message_arrive(title, message):
    [line] = commands([Annotation("error", "config/criteria.yaml:3:5", title, message)], "sub")
    assert "\n" not in line
    assert "\r" not in line
    expected = {"file": "sub/config/criteria.yaml", "line": "3", "col": "5", "title": title}
    assert understood(line) == ("error", expected, message)


def test_errors_come_first_and_what_is_not_shown_is_counted():
    told = [Annotation("warning", "f:1:1", "w", "m")] + [Annotation("error", "f:1:1", str(n), "m") for n in range(25)]
    lines = commands(told)
    assert [line.split(" ")[0] for line in lines] == ["::error"] * SHOWN + ["::warning"]
    assert [understood(line)[1]["title"] for line in lines[:9]] == [str(n) for n in range(9)]
    assert understood(lines[9])[2].startswith("and 16 more")
    assert len(commands(told[1 : SHOWN + 1])) == SHOWN


@pytest.mark.parametrize(
    "text", ["::error::x", "  ::add-mask::x", "a\n::stop-commands::x", "a ##[add-matcher]x", "\t::x"]
)
def test_a_log_in_which_the_runner_sees_no_command(text):
    for line in harmless(text).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    assert harmless(text).replace("\u200b", "") == text


def test_other_lines_stay_as_they_are():
    assert harmless("done  a::b  ## [x] c: :d") == "done  a::b  ## [x] c: :d"


def test_the_folder_that_github_knows(tmp_path):
    assert folder_in_repository(tmp_path / "a/b", {"GITHUB_WORKSPACE": str(tmp_path)}) == "a/b"
    assert folder_in_repository(tmp_path, {"GITHUB_WORKSPACE": str(tmp_path)}) == ""
    assert folder_in_repository(tmp_path, {"GITHUB_WORKSPACE": str(tmp_path / "other")}) == ""
    assert folder_in_repository(tmp_path, {}) == ""


@given(st.text(st.characters(exclude_characters="\r"), max_size=50))
def test_an_output_of_any_number_of_lines_is_one_output(value):
    first, *inside, last = output("x", value)[:-1].split("\n")
    name, _, delimiter = first.partition("<<")
    assert (name, last, "\n".join(inside)) == ("x", delimiter, value)
    assert delimiter not in inside
    assert output("x", value) != output("x", value)
