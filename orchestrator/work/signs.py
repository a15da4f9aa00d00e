"""The signs by which failures of common programs are told, where the user's rules say nothing: a table.

They prefer a miss to a false hit: an error that they miss is permanent and stops the phase, as it would without them,
and a line under `errors` in orchestrator.yaml teaches it; a false hit runs hours of work again for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..plan import ErrorClass

# Each repetition in an expression ends where what follows it begins, so that none is tried twice on the same text.


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
