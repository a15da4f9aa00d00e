"""The colours of the states, the same on GitHub, in `doit graph` and in `doit report`. Pure.

A state has a background and a text, for a light page and for a dark one. Each text has a contrast of at least 4.5 to
its background (WCAG 2, AA), and so have page and line, which a test computes. No view may rely on colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..standing import PhaseState


@dataclass(frozen=True, slots=True)
class Pair:
    """Two colours that are read on each other, as `#rrggbb`."""

    back: str
    text: str


@dataclass(frozen=True, slots=True)
class Colours:
    """A pair for each theme."""

    light: Pair
    dark: Pair


STATES = {
    PhaseState.DONE: Colours(Pair("#dafbe1", "#116329"), Pair("#04260f", "#7ee787")),
    PhaseState.RUNNING: Colours(Pair("#ddf4ff", "#0550ae"), Pair("#0c2d6b", "#a5d6ff")),
    PhaseState.WAITING: Colours(Pair("#fff8c5", "#633c01"), Pair("#3b2300", "#f2cc60")),
    PhaseState.FAILED: Colours(Pair("#ffebe9", "#a40e26"), Pair("#490202", "#ffc1ba")),
    PhaseState.BLOCKED: Colours(Pair("#ffe2cc", "#762c00"), Pair("#3d1300", "#ffc680")),
    PhaseState.STALE: Colours(Pair("#fbefff", "#6639ba"), Pair("#271052", "#e2c5ff")),
    PhaseState.PENDING: Colours(Pair("#eaeef2", "#424a53"), Pair("#30363d", "#d1d9e0")),
}

PAGE = Colours(Pair("#ffffff", "#1f2328"), Pair("#0d1117", "#f0f6fc"))
LINE = Colours(Pair("#ffffff", "#656d76"), Pair("#0d1117", "#9198a1"))
"""What is drawn on the page beside text: edges, rules."""

_NAMED = {"page": PAGE, "line": LINE, **{state.value: colours for state, colours in STATES.items()}}


def variables(selector: str) -> str:
    """CSS: `--done-back`, `--done-text` and so on for `selector`, by the reader's theme; `--page-…`, `--line-…` too."""
    light, dark = (
        "".join(
            f"--{name}-back:{pair.back};--{name}-text:{pair.text};"
            for name, colours in _NAMED.items()
            for pair in (getattr(colours, theme),)
        )
        for theme in ("light", "dark")
    )
    return f"{selector}{{color-scheme:light dark;{light}}}@media(prefers-color-scheme:dark){{{selector}{{{dark}}}}}"
