"""What a run is told on: lines that stay and, on a terminal, a region below them that is drawn anew.

The cursor rests at the beginning of the region. So whatever becomes of the terminal's size meanwhile, and however the
terminal breaks lines anew for it, what stands from the cursor on is the region: it is taken away without counting its
lines (rich's Live counts, and leaves rubble when a window is made narrower). The cursor is never hidden, so that no end
of this process, however sudden, leaves a terminal without one.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from rich.cells import cell_len, set_cell_size
from rich.control import strip_control_codes

from ..annotations import harmless, in_actions

Line = Sequence[tuple[str, str]]
"""Texts, each with its style in rich's words; an empty one for none."""

ERASE = "\r\x1b[K\x1b[C\x1b[J\r"
"""All from the beginning of the cursor's line on. In two steps: what is erased from the first cell of a screen on, tmux
keeps in its history."""
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"
"""A line of the region takes one line of the screen, also where a terminal draws a character wider than it should."""
USUAL = (80, 24)


def width(text: str) -> int:
    """How many cells a text takes: `日本` takes four."""
    return cell_len(text)


def fitted(text: str, cells: int) -> str:
    """The text, cut where it takes more than so many cells: `日本…`."""
    if width(text) <= cells:
        return text
    return set_cell_size(text, cells - 1).rstrip() + "…" if cells > 0 else ""


def padded(text: str, cells: int) -> str:
    """The text in exactly so many cells."""
    return set_cell_size(fitted(text, cells), cells)


class Terminal:
    """A stream, from any thread. Where it is no terminal, or a dumb one, nothing but plain lines is ever written."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows no `≤` is no reason to fail
        self._stream = stream
        self._rich = Console(file=stream, highlight=False, markup=False, soft_wrap=True, emoji=False)
        self.is_live = stream.isatty() and not self._rich.is_dumb_terminal
        self._is_plain = not self.is_live and self._rich.color_system is None
        """Would rich make of a line nothing but its text, at ten times the cost?"""
        self._in_actions = in_actions(os.environ)
        self._guard = threading.RLock()
        self._region: list[str] = []
        self._outside = contextlib.ExitStack()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines now; the usual where there is no terminal, or one that does not know."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            columns, lines = os.get_terminal_size(self._stream.fileno())
            if columns > 0 and lines > 0:
                return columns, lines
        return USUAL

    def open(self) -> None:
        """From now on what others print in this process goes above the region, too."""
        if not self.is_live:
            return
        for redirect, stream in ((contextlib.redirect_stdout, sys.stdout), (contextlib.redirect_stderr, sys.stderr)):
            if stream.isatty():
                above = self._outside.enter_context(contextlib.closing(_Above(self, stream)))
                self._outside.enter_context(redirect(above))

    def say(self, lines: Iterable[Line], region: Sequence[Line] = ()) -> None:
        """Lines that stay, and below them the region as it is from now on."""
        with self._guard:
            self._write("".join(f"{self._painted(line)}\n" for line in lines), [self._painted(line) for line in region])

    def pass_on(self, text: str) -> None:
        """Whole lines that somebody else wrote, as they are."""
        with self._guard:
            self._write(text, self._region)

    def close(self) -> None:
        """Take the region away, and let others print as before."""
        self._outside.close()
        self.say(())

    def _write(self, lasting: str, region: list[str]) -> None:
        """In one piece, so that nothing comes between."""
        before = ERASE if self._region else ""
        up = f"\x1b[{len(region) - 1}A" if len(region) > 1 else ""
        below = f"{NO_WRAP}{chr(10).join(region)}{WRAP}{up}\r" if region else ""
        self._region = region
        if before or lasting or below:
            self._stream.write(before + lasting + below)
            self._stream.flush()

    def _painted(self, line: Line) -> str:
        if self._is_plain:
            plain = strip_control_codes("".join(text for text, _ in line))
            return harmless(plain) if self._in_actions else plain
        from rich.text import Text

        with self._rich.capture() as captured:
            self._rich.print(Text.assemble(*line), end="")
        return harmless(captured.get()) if self._in_actions else captured.get()


class _Above:
    """Stands for `sys.stdout` or `sys.stderr` while there is a region: passes lines on when they are whole."""

    def __init__(self, terminal: Terminal, stream: TextIO) -> None:
        self._terminal = terminal
        self._stream = stream
        self._rest = ""

    def write(self, text: str) -> int:
        whole, newline, rest = (self._rest + text).rpartition("\n")
        self._rest = rest
        if newline:
            self._terminal.pass_on(whole + newline)
        return len(text)

    def close(self) -> None:
        """Nothing more comes."""
        if self._rest:
            self.write("\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
