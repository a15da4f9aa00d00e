"""What class a failure has: what is certain first, then the user's rules, then the built-in signs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..plan import ErrorClass, ErrorRule
from .signs import BUILT_IN

_SIGN_LENGTH = 60
_COLOUR = r"\x1b\[[0-9;]*m"
_HIDES = rf"{_COLOUR}|^ +[|+] "
_TRACEBACK = "Traceback (most recent call last):"
_RAISED = rf"{re.escape(_TRACEBACK)}[ \r]*\n(?:[ \t][^\n]*\n)*(?P<name>[^\W\d][\w.<>]*)(?=:|[ \r]*$)"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about an attempt that did not succeed."""

    exit_code: int | None = None
    signal: int | None = None
    start_error: str | None = None
    """Why it could not be started: command not found, folder missing."""
    timed_out: bool = False
    output: str = ""
    """The last 16 KiB of what it wrote, standard output and error together."""
    exceptions: tuple[str, ...] = ()
    """Of a Python callable: the qualified names of the exception's class and its bases, most derived first."""
    unset_variable: str | None = None
    """Of a Python callable: the name that `os.environ` did not know."""
    unfit_input: str | None = None
    """What is wrong with an input: `its input build/x is not there`."""
    missing_outputs: tuple[str, ...] = ()
    stray_outputs: tuple[str, ...] = ()
    """Those that it made links of which lead out of the project."""


@dataclass(frozen=True, slots=True)
class Classified:
    """The class of a failure, and what it rests on."""

    error_class: ErrorClass
    because: str
    """Which rule matched, for people: `exit code 75 (built in)`."""
    sign: str = ""
    """The few words to show while waiting, on one line: `Connection reset`, `HTTP 503`. At most 60 characters."""
    by_rule: bool = True
    """Did something say so? False where it is permanent for want of a sign to the contrary."""


def classify(facts: Facts, rules: Sequence[ErrorRule]) -> Classified:
    """The class of the failure. `rules` are the user's, in the order written: the first that matches wins, and wins
    over every built-in rule. Never raises, whatever the output is; the rules' expressions must be valid."""
    return _certain(facts) or _by_rules(facts, rules) or _built_in(facts) or _unknown(facts)


def _certain(facts: Facts) -> Classified | None:
    """What needs no rule: it ran out of time, lost what it reads, or never started."""
    if facts.timed_out:
        return Classified(ErrorClass.TIMEOUT, "ran longer than its timeout", "timeout", by_rule=False)
    if facts.unfit_input:
        return Classified(ErrorClass.DEPENDENCY, facts.unfit_input, _line(facts.unfit_input), by_rule=False)
    if facts.start_error is not None:
        return Classified(ErrorClass.CONFIG, "it never started", _line(facts.start_error))
    return None


def _by_rules(facts: Facts, rules: Sequence[ErrorRule]) -> Classified | None:
    text = _plain(facts.output)
    for rule in rules:
        # their expressions see what was written, byte for byte, as the log shows it
        sign = _sign(facts, rule.sign, rule.value, facts.output if rule.sign == "output" else text)
        if sign is not None:
            return Classified(rule.error_class, f"{_told(rule)} ({rule.place})", _line(sign) or _line(str(rule.value)))
    return None


def _told(rule: ErrorRule) -> str:
    if rule.sign == "output":
        return f"output matches '{rule.value}'"
    return f"{rule.sign.replace('_', ' ')} {rule.value}"


def _built_in(facts: Facts) -> Classified | None:
    text = _plain(facts.output)
    # Optional modules and variables are missed all day by programs that then go on: only the last traceback can tell
    # what ended this one.
    end = text[max(text.rfind(_TRACEBACK), 0) :]
    for rule in BUILT_IN:
        seen = end if rule.error_class is ErrorClass.CONFIG else text
        sign = _sign(facts, rule.sign, rule.value, seen, rule.show)
        if sign is not None:
            return Classified(rule.error_class, f"{rule.name} (built in)", _line(sign))
    return None


def _unknown(facts: Facts) -> Classified:
    if facts.missing_outputs:
        because = f"exit code 0, but outputs are missing: {', '.join(facts.missing_outputs)}"
        return Classified(ErrorClass.PERMANENT, because, _line(f"{facts.missing_outputs[0]} is missing"), by_rule=False)
    sign = ""
    if facts.stray_outputs:
        sign = f"{facts.stray_outputs[0]} leaves the project"
    elif facts.exceptions:
        sign = facts.exceptions[0]
    elif facts.signal is not None:
        sign = f"signal {facts.signal}"
    elif facts.exit_code is not None:
        sign = f"exit code {facts.exit_code}"
    return Classified(ErrorClass.PERMANENT, "no rule matches", _line(sign), by_rule=False)


def _sign(facts: Facts, kind: str, value: int | str, text: str, show: str = r"\g<0>") -> str | None:
    """What of the failure a rule recognizes; None where it does not match. `show` is what to show of what an
    expression matched, as `re.Match.expand` takes it."""
    if kind == "exit_code" and facts.exit_code == value:
        return f"exit code {value}"
    if kind == "signal" and _signal(facts, int(value)):
        return f"signal {value}"
    if kind == "unset_variable" and facts.unset_variable is not None:
        return f"{facts.unset_variable} is not set"
    if kind == "exception":
        return next((family[0] for family in _raised(facts, text) if _names(family, str(value))), None)
    if kind == "output" and (match := _expression(str(value)).search(text)):
        return match.expand(show)
    return None


def _signal(facts: Facts, number: int) -> bool:
    """Did it end by this signal, or say so as a shell does whose command did?"""
    return facts.signal == number or facts.exit_code == 128 + number


def _raised(facts: Facts, text: str) -> Iterator[tuple[str, ...]]:
    """The exceptions that are known, each with its bases as far as these are: of a callable the one that ended it, of a
    command every one that ends a traceback in its output."""
    if facts.exceptions:
        yield facts.exceptions
    else:
        yield from ((match["name"],) for match in _expression(_RAISED).finditer(text))


def _names(family: Sequence[str], name: str) -> bool:
    return any(name in (each, each.rpartition(".")[2]) for each in family)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def _plain(output: str) -> str:
    """The output without colours and without the margins of exception groups: both hide where a line starts."""
    return _expression(_HIDES).sub("", output)


def _line(text: str) -> str:
    """The text as one short line that can do nothing to a terminal."""
    text = _expression(_COLOUR).sub("", text[: 20 * _SIGN_LENGTH])
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _SIGN_LENGTH else line[: _SIGN_LENGTH - 1].rstrip() + "…"
