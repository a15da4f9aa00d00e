"""Words that views share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.views.words import plural, printable, seconds, tail


@pytest.mark.parametrize(
    ("duration", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_durations(duration, text):
    assert seconds(duration) == text


@given(st.text())
def test_nothing_printable_can_steer_a_terminal(text):
    clean = printable(text)
    assert not any(ord(mark) < 32 and mark not in "\t\n" for mark in clean)
    assert "\x1b" not in clean
    assert printable(clean) == clean


def test_colours_go_and_text_stays():
    assert printable("\x1b[1;31mred\x1b[0m \x1b[2Kgone\x07") == "red gone"


def test_the_tail_of_any_log(tmp_path):
    log = tmp_path / "log"
    assert tail(log) == []
    log.write_bytes(b"\xff\xfe" + b"x" * 1_000_000)
    assert [len(line) for line in tail(log)] == [500]
    log.write_text("\n".join(str(n) for n in range(100)))
    assert tail(log, 3) == ["97", "98", "99"]


def test_plural():
    assert [plural(n, "phase") for n in (0, 1, 2)] == ["0 phases", "1 phase", "2 phases"]
