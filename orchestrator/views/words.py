"""How a phase, a duration or a log is put into words, the same in every view. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from criteria import Result, Verdict
from criteria.sizes import show as show_size
from criteria.words import one_line

from ..work.attempt import Attempt

TAIL_LINES = 12
TAIL_BYTES = 16_384

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Text from outside, harmless on a terminal: no escape sequences, no control characters but tab and newline, and
    of a file name that is no text (a lone surrogate in Python) the bytes spelt out."""
    clean = _CONTROL.sub("", text)
    try:
        return clean.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return clean.encode("utf-8", "backslashreplace").decode()


def seconds(duration: float) -> str:
    """`0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`."""
    if duration < 10:
        return f"{duration:.1f} s"
    whole = round(duration)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def failure(attempt: Attempt) -> str:
    """Why an attempt failed, what kind of failure that is and by which rule, and how often it was tried."""
    text = attempt.problem or ""
    if attempt.classified is not None and attempt.classified.by_rule:
        text += f" ({attempt.classified.error_class.value}: {attempt.classified.because})"
    return printable(f"{text}, tried {attempt.tried} times" if attempt.tried > 1 else text)


def next_try(wait: float, after: Attempt | None) -> str:
    """`attempt 2 of 5 in 8 s: connection reset`."""
    which, why = which_try(after)
    return f"{which}{f' in {seconds(wait)}' if wait else ''}{why}"


def which_try(after: Attempt | None) -> tuple[str, str]:
    """`attempt 2 of 5` and `: connection reset`."""
    if after is not None and after.retry is not None and after.lost:
        return "executed again", printable(f": {after.problem}")
    if after is None or after.retry is None or after.classified is None:
        return "tried again", ", where an earlier run left off"
    return f"attempt {after.tried + 1} of {after.retry.of}", printable(f": {after.classified.sign}")


def made_by(made: Mapping[str, Any]) -> str:
    """Which attempt made what was restored: `made by attempt 3 of ada on build-7`."""
    who = f" of {', '.join(made['by'])}" if made["by"] else ""
    return printable(one_line(f"made by attempt {made['attempt']}{who} on {made['host']}"))


def ago(duration: float) -> str:
    """`just now`, `12 min ago`, `3 h ago`, `5 d ago`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if duration >= size:
            return f"{int(duration // size)} {unit} ago"
    return "just now"


def verdict_line(verdicts: Iterable[Verdict]) -> str:
    """Verdicts that let a gate open, short: metrics with their values, of the rest how many hold."""
    verdicts = list(verdicts)
    shown = (Result.PASS, Result.REVIEW)
    metrics = [f"{v.name} {figure(v.value)}" for v in verdicts if v.kind == "metric" and v.result in shown]
    others = sum(v.kind != "metric" and v.result is Result.PASS for v in verdicts)
    counted = (
        [f"{others} {'other ' if metrics else ''}criteri{'on holds' if others == 1 else 'a hold'}"] if others else []
    )
    return printable(", ".join([*metrics[:4], *(["…"] if len(metrics) > 4 else []), *counted]))


def tail(log: Path, lines: int = TAIL_LINES, mask: Callable[[str], str] = str) -> list[str]:
    """The last lines of a log, whatever is in it.

    Args:
        mask: takes out what is secret, before anything is cut.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [printable(line)[:500] for line in mask(text).splitlines()[-lines:]]


def plural(count: int, word: str, words: str = "") -> str:
    """`1 phase`, `3 phases`; `words` where more than one is more than an s."""
    return f"{count} {word}" if count == 1 else f"{count} {words or word + 's'}"


def change_lines(changes: Sequence[Mapping[str, Any]], most: int = 10) -> list[str]:
    """What changed since a gate last opened: `changed build/x.csv (1.2 kB → 1.3 kB)`, `metric mae 0.3 → 0.4 (+0.1)`."""
    lines = [one_line(_change(change)) for change in changes]
    return lines if len(lines) <= most else [*lines[: most - 1], f"… and {len(lines) - most + 1} more changes"]


def _change(change: Mapping[str, Any]) -> str:
    before, after = change["before"], change["after"]
    if change["what"] == "metric":
        step = "" if before is None else f" ({after - before:+.6g})"
        return f"metric {change['name']} {'new' if before is None else figure(before)} → {figure(after)}{step}"
    sizes = " → ".join(dict.fromkeys(show_size(size) for size in (before, after) if size is not None))
    return f"{change['what']} {change['name']} ({sizes})"


def figure(value: object) -> str:
    """A value as a verdict read it: six digits of a number."""
    return f"{value:.6g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def next_step(phase: str, state: str, *, by_criterion: bool, fresh: bool = False, rejected: bool = False) -> str | None:
    """What a person can do about a phase in this state; None where there is nothing to do, or something else first.

    Args:
        by_criterion: a failed phase failed at its gate, and not at its work.
        fresh: its outputs were made just now, so that making them anew is no help.
        rejected: a person shut its gate.
    """
    if state == "failed":
        if rejected:
            return f"mend {phase}, or `doit approve {phase}`, then `doit`"
        anew = f"; `doit forget {phase}` and `doit` make its outputs anew" if by_criterion and not fresh else ""
        return f"mend {phase}{' or its criteria' if by_criterion else ''}, then `doit`{anew}"
    return {
        "waiting": f"`doit approve {phase}`, then `doit`",
        "stale": f"`doit {phase}`",
        "pending": f"`doit {phase}`",
    }.get(state)
