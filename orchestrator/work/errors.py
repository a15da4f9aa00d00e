"""What class of failure an attempt ended with: what is certain, then the user's rules, then the built-in ones. Pure.

The built-in rules prefer a miss to a false hit: an error that they miss is permanent, as it would be without them, and
a line under `errors` in orchestrator.yaml teaches it; a false hit runs hours of work again for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..plan import ErrorClass, ErrorRule

_SIGN_LENGTH = 60


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
    missing_inputs: tuple[str, ...] = ()
    missing_outputs: tuple[str, ...] = ()


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
    if facts.missing_inputs:
        gone = facts.missing_inputs[0]
        return Classified(ErrorClass.DEPENDENCY, f"its input {gone} is not there", _line(f"{gone} is not there"))
    if facts.start_error is not None:
        return Classified(ErrorClass.CONFIG, f"could not be started: {facts.start_error}", _line(facts.start_error))
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
    if facts.exceptions:
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


# The expressions. Each repetition ends where what follows it begins, so that none is tried twice on the same text.

_COLOUR = r"\x1b\[[0-9;]*m"
_HIDES = rf"{_COLOUR}|^ +[|+] "
_TRACEBACK = "Traceback (most recent call last):"
_RAISED = rf"{re.escape(_TRACEBACK)}[ \r]*\n(?:[ \t][^\n]*\n)*(?P<name>[^\W\d][\w.<>]*)(?=:|[ \r]*$)"


def _any(*alternatives: str) -> str:
    """One expression for all of these, in capitals or small letters."""
    return f"(?i)(?:{'|'.join(alternatives)})"


_MODULE = (
    # at the start of a line, behind pytest's and pip's margins: in a line of a log it is what a program lives with
    r"^(?:(?:E )?[ \t]*ModuleNotFoundError|[^\s:]*python[0-9.]*): "
    r"(?P<what>No module named [^\s;]+|Error while finding module specification for [^\s;]+)"
)
_SHELL_VARIABLE = (
    r"(?P<variable>(?<!\w)\$?\w+): (?:unbound variable|parameter not set(?: or null)?|parameter null or not set)[ \r]*$"
)
_ENVIRON = (
    # Python 3.10 names os.py and shows its line, later ones say <frozen os> and show none
    r'^ *File "(?:<frozen os>|[^"\n]*/os\.py)", line \d+, in __getitem__[ \r]*\n'
    r"(?: {4}[^\n]*\n)*"
    r"KeyError: b?'(?P<variable>[^'\n]*)'"
)
_CONNECTION = _any(
    r"\bconnection (?:was |has been )?(?:refused|reset|aborted|timed out|timeout after)\b",
    r"\bconnection (?:was |has been )?closed by (?:the )?(?:peer|remote|foreign|\S+ port \d+)",
    r"\bconnection to \S+ (?:port \d+ )?(?:timed out|closed by remote)\b",
    r"\bsoftware caused connection abort\b",
    r"\bremote end closed connection\b",
    r"\bremote end hung up unexpectedly\b",
    r"\bserver closed the connection unexpectedly\b",
    r"\blost connection to (?:MySQL )?server\b",
    r"\bfailed to connect to \S+ port \d+",
    r"\bcouldn't connect to server\b",
    r"\bfailed to establish a new connection\b",
    r"\bempty reply from server\b",
    r"\btransfer closed with \S+ (?:bytes|outstanding)",
    r"\bIncompleteRead\(",
    r"\bsocket hang up\b",
    r"\bno route to host\b",
    r"\bnetwork is unreachable\b",
    r"\b(?:connect|read|write|operation|handshake|resolving|urlopen error|recv|send) timed out\b",
    r"\bSSL connection timeout\b",
    r"\btimeout was reached\b",
    r"\bTLS handshake timeout\b",
    r"\bdial tcp \S+ i/o timeout\b",
    r"\b(?:ECONN(?:REFUSED|RESET|ABORTED)|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\b",
    # Only where a network is named: `yes | head` breaks a pipe as well, and will the next time.
    r"\b(?:send disconnect|send failure|write failed|port \d+): broken pipe\b",
)
_DNS = _any(
    r"\btemporary failure (?:in name resolution\b|resolving\b)",
    r"\bname or service not known\b",
    r"\bname does not resolve\b",
    r"\bno address associated with hostname\b",
    r"\bnodename nor servname\b",
    r"\b(?:could not|couldn't|unable to) resolve (?:host|hostname|proxy|host address)\b",
    r"\bcould not translate host name\b",
    # with what it says: configure looks for a function of this name
    r"\bgetaddrinfo(?:\(\))?(?: failed\b|: | E(?:NOTFOUND|AI_AGAIN)\b)",
    r"\bgaierror\b",
    r"\bdial tcp: lookup \S+(?: on \S+)? no such host\b",
)
_PHRASE = (
    r"(?:Too Many Requests|Service (?:Temporarily )?Unavailable|Bad Gateway|Gateway Time-?out|Internal Server Error)"
)
_STATUS = r"(?P<status>429|5\d\d)(?!\w)"
"""Never alone: 503 is as good a number of rows, lines and seconds as any."""
_HTTP_BEFORE = (
    _any(
        r"\brequested URL returned error: ",
        r"\bawaiting response\.\.\. ",
        r"\bHTTP/\d(?:\.\d)? ",
        r"\bHTTP (?:(?:error|status|response|code)[ :=]+){0,3}",
        r"""\bstatus[ _]code['"]?[ :=]{1,3}""",
        r"\btoo many (?=\d+ error responses)",
    )
    + _STATUS
)
_HTTP_BEHIND = rf"(?i)\b{_STATUS}(?: (?:Server|Client) Error\b|, message=|:? (?:{_PHRASE}\b|\(no description\)))"
_LOCKED = _any(
    r"\bdatabase (?:table |schema )?is locked\b",
    r"\bconflicting lock is held\b",  # DuckDB
)
_DEADLOCK = _any(
    r"\bdeadlock detected\b",
    r"\bdeadlock found when trying to get lock\b",
    r"\block wait timeout exceeded\b",
    r"\bcould not serialize access\b",
)
_EXCEPTIONS = (
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "ConnectionAbortedError",
    "TimeoutError",
    "gaierror",
)
"""With the subclasses by name, since a traceback shows no bases, but without BrokenPipeError: in a traceback of a
command that is mostly its standard output, which went to `| head`. A callable has no such pipe, and tells its bases."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A rule that holds where the user's say nothing."""

    name: str
    """What it recognizes, for people."""
    sign: str
    """As in `ErrorRule`, or `unset_variable`."""
    value: int | str
    error_class: ErrorClass
    show: str = r"\g<0>"
    """What to show of what an expression matched."""


BUILT_IN = (
    BuiltIn("exit code 127", "exit_code", 127, ErrorClass.CONFIG),  # a shell: command not found
    BuiltIn("exit code 126", "exit_code", 126, ErrorClass.CONFIG),  # a shell: cannot be executed
    BuiltIn("missing Python module in the output", "output", _MODULE, ErrorClass.CONFIG, r"\g<what>"),
    BuiltIn("missing Python module", "exception", "ModuleNotFoundError", ErrorClass.CONFIG),
    BuiltIn("unset environment variable", "unset_variable", "", ErrorClass.CONFIG),
    BuiltIn(
        "unset environment variable in the output",
        "output",
        _SHELL_VARIABLE,
        ErrorClass.CONFIG,
        r"\g<variable> is not set",
    ),
    BuiltIn(
        "unset environment variable in the output", "output", _ENVIRON, ErrorClass.CONFIG, r"\g<variable> is not set"
    ),
    BuiltIn("exit code 75", "exit_code", 75, ErrorClass.TRANSIENT),  # sysexits.h: EX_TEMPFAIL
    BuiltIn("connection problem in the output", "output", _CONNECTION, ErrorClass.TRANSIENT),
    BuiltIn("DNS failure in the output", "output", _DNS, ErrorClass.TRANSIENT),
    BuiltIn("HTTP 429 or 5xx in the output", "output", _HTTP_BEFORE, ErrorClass.TRANSIENT, r"HTTP \g<status>"),
    BuiltIn("HTTP 429 or 5xx in the output", "output", _HTTP_BEHIND, ErrorClass.TRANSIENT, r"HTTP \g<status>"),
    BuiltIn("HTTP 429 or 5xx in the output", "output", rf"(?i)\b{_PHRASE}\b", ErrorClass.TRANSIENT),
    BuiltIn("locked database in the output", "output", _LOCKED, ErrorClass.TRANSIENT),
    BuiltIn("deadlock in the output", "output", _DEADLOCK, ErrorClass.TRANSIENT),
    *(BuiltIn("exception of a connection", "exception", name, ErrorClass.TRANSIENT) for name in _EXCEPTIONS),
)
"""In the order tried."""
