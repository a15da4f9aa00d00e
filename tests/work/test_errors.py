"""What class a failure is of: real messages of real programs, and innocent text that looks like them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.plan import ErrorClass, ErrorRule
from orchestrator.work.errors import BUILT_IN, Classified, Facts, classify

TRANSIENT, PERMANENT, CONFIG = ErrorClass.TRANSIENT, ErrorClass.PERMANENT, ErrorClass.CONFIG
DEPENDENCY, TIMEOUT = ErrorClass.DEPENDENCY, ErrorClass.TIMEOUT
PLACE = "config/orchestrator.yaml:5:5"


def rule(error_class=TRANSIENT, place=PLACE, **sign) -> ErrorRule:
    """`rule(CONFIG, exit_code=3)`"""
    [(name, value)] = sign.items()
    return ErrorRule(name, value, error_class, place)


def failed(output="", exit_code=1) -> Facts:
    return Facts(exit_code=exit_code, output=output)


def traceback(*ending, frame="load") -> str:
    """What Python writes for an exception that nobody caught."""
    head = f'Traceback (most recent call last):\n  File "fetch.py", line 3, in {frame}\n    {frame}()\n'
    return head + "\n".join(ending) + "\n"


# what is certain before any rule


EVERYTHING = [rule(PERMANENT, output=""), rule(PERMANENT, exit_code=127)]


UNFIT = "its input data/in.csv is not there"


def test_a_timeout_is_a_timeout_whatever_else_is_known() -> None:
    facts = Facts(
        exit_code=127, timed_out=True, unfit_input="its input in.csv is not there", start_error="no", output="x"
    )
    assert classify(facts, EVERYTHING) == Classified(TIMEOUT, "ran longer than its timeout", "timeout", by_rule=False)


def test_an_input_that_is_gone_is_a_dependency() -> None:
    facts = Facts(exit_code=127, unfit_input=UNFIT, start_error="no", output="x")
    expected = Classified(DEPENDENCY, UNFIT, UNFIT, by_rule=False)
    assert classify(facts, EVERYTHING) == expected


def test_what_could_not_be_started_is_a_matter_of_configuration() -> None:
    facts = Facts(start_error="command not found: fetsh")
    expected = Classified(CONFIG, "it never started", "command not found: fetsh")
    assert classify(facts, EVERYTHING) == expected


# the user's rules


def test_the_first_rule_that_matches_wins() -> None:
    rules = [
        rule(CONFIG, "a:1:1", exit_code=3),
        rule(TRANSIENT, "a:2:1", output="quota"),
        rule(DEPENDENCY, "a:3:1", exit_code=4),
    ]
    assert classify(failed("over quota", 4), rules) == Classified(TRANSIENT, "output matches 'quota' (a:2:1)", "quota")
    assert classify(failed("over quota", 3), rules).error_class is CONFIG
    assert classify(failed("", 4), rules).error_class is DEPENDENCY
    assert classify(failed("", 5), rules).error_class is PERMANENT


def test_a_rule_tells_itself_and_what_it_saw() -> None:
    assert classify(failed("", 75), [rule(PERMANENT, exit_code=75)]) == Classified(
        PERMANENT, f"exit code 75 ({PLACE})", "exit code 75"
    )
    assert classify(failed("Connection\treset\nby peer"), [rule(output=r"(?i)connection\s+reset\s+by")]) == Classified(
        TRANSIENT, rf"output matches '(?i)connection\s+reset\s+by' ({PLACE})", "Connection reset by"
    )


def test_an_expression_is_searched_in_every_line() -> None:
    assert classify(failed("a\nlicense server busy\nb"), [rule(output="^license .* busy$")]).error_class is TRANSIENT
    assert classify(failed("no license server busy"), [rule(output="^license .* busy$")]).error_class is PERMANENT


def test_an_expression_sees_the_output_as_the_log_shows_it() -> None:
    assert classify(failed("\x1b[31mred\x1b[0m alert"), [rule(output=r"\x1b\[31mred")]) == Classified(
        TRANSIENT, rf"output matches '\x1b\[31mred' ({PLACE})", "red"
    )


@pytest.mark.parametrize(
    ("facts", "matches"),
    [
        (Facts(signal=9), True),
        (Facts(exit_code=137), True),  # a shell whose command was killed
        (Facts(exit_code=9), False),
        (Facts(signal=15), False),
        (Facts(), False),
    ],
)
def test_a_signal_is_known_from_the_process_or_from_its_shell(facts: Facts, matches: bool) -> None:
    found = classify(facts, [rule(signal=9)])
    assert (found == Classified(TRANSIENT, f"signal 9 ({PLACE})", "signal 9")) is matches


FAMILY = ("requests.exceptions.ConnectTimeout", "requests.exceptions.ConnectionError", "OSError", "Exception")


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("ConnectTimeout", True),
        ("requests.exceptions.ConnectTimeout", True),
        ("requests.exceptions.ConnectionError", True),
        ("OSError", True),
        ("Timeout", False),
        ("exceptions.ConnectTimeout", False),
        ("ValueError", False),
    ],
)
def test_an_exception_is_known_by_its_last_or_whole_name_and_by_its_bases(name: str, matches: bool) -> None:
    found = classify(Facts(exit_code=1, exceptions=FAMILY), [rule(CONFIG, exception=name)])
    expected = Classified(CONFIG, f"exception {name} ({PLACE})", "requests.exceptions.ConnectTimeout")
    assert (found == expected) is matches


@pytest.mark.parametrize(
    ("output", "matches"),
    [
        (traceback("shop.errors.QuotaError: 3 of 3"), True),
        (traceback("QuotaError: 3 of 3"), True),
        (traceback("QuotaError"), True),
        (traceback("__main__.f.<locals>.QuotaError: 3"), True),
        (traceback("QuotaError: 3 of 3", "and a second line", "make: *** [fetch] Error 1"), True),
        ("50% |#####     |" + traceback("QuotaError: x"), True),  # a progress bar had not ended its line
        (traceback("QuotaError: 3").replace("\n", "\r\n"), True),
        (traceback("QuotaError: 3", "", "The above exception was the direct cause:", "") + traceback("OSError"), True),
        ("\x1b[1;35mTraceback (most recent call last):\x1b[0m\n  a\n\x1b[1;35mQuotaError\x1b[0m: 3", True),
        ("QuotaError: 3 of 3", False),
        (traceback("ValueError: QuotaError: 3"), False),
        (traceback("ValueError: 3", "QuotaError: 3"), False),
        (traceback("QuotaErrors: 3"), False),
        (traceback("NoQuotaError: 3"), False),
        (traceback("    raise QuotaError: 3", "ValueError: 3"), False),
        (traceback("QuotaError, they say"), False),
    ],
)
def test_an_exception_of_a_command_ends_a_traceback_in_its_output(output: str, matches: bool) -> None:
    found = classify(failed(output), [rule(CONFIG, exception="QuotaError")])
    assert found.error_class is (CONFIG if matches else PERMANENT)


def test_the_whole_name_of_an_exception_of_a_command_is_compared() -> None:
    output = traceback("shop.errors.QuotaError: 3 of 3")
    assert classify(failed(output), [rule(exception="shop.errors.QuotaError")]).sign == "shop.errors.QuotaError"
    assert classify(failed(output), [rule(exception="errors.QuotaError")]).because == "no rule matches"


def test_an_exception_in_a_group_is_found() -> None:
    output = (
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "a.py", line 1, in <module>\n'
        "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
        "  +-+---------------- 1 ----------------\n"
        "    | Traceback (most recent call last):\n"
        '    |   File "a.py", line 9, in fetch\n'
        "    | QuotaError: 3\n"
        "    +------------------------------------\n"
    )
    for name in ("QuotaError", "ExceptionGroup"):
        assert classify(failed(output), [rule(exception=name)]).sign == name


def test_the_exception_of_a_callable_is_its_own_and_not_one_that_it_printed() -> None:
    facts = Facts(exit_code=1, exceptions=("ValueError", "Exception"), output=traceback("QuotaError: 3"))
    assert classify(facts, [rule(exception="QuotaError")]).because == "no rule matches"


# the built-in rules

NO_CONNECTION = [
    "curl: (7) Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server",
    "curl: (7) Failed to connect to localhost port 81: Connection refused",
    "curl: (18) transfer closed with 1024 bytes remaining to read",
    "curl: (28) Connection timed out after 1001 milliseconds",
    "curl: (28) Connection timeout after 1001 ms",
    "curl: (28) Operation timed out after 30001 milliseconds with 0 bytes received",
    "curl: (28) Failed to connect to 10.255.255.1 port 80 after 1001 ms: Timeout was reached",
    "curl: (28) Resolving timed out after 5000 milliseconds",
    "curl: (28) SSL connection timeout",
    "curl: (52) Empty reply from server",
    "curl: (55) Send failure: Broken pipe",
    "curl: (56) Recv failure: Connection reset by peer",
    "curl: (56) OpenSSL SSL_read: Connection reset by peer, errno 104",
    "Connecting to 127.0.0.1:1... failed: Connection refused.",
    "HTTP request sent, awaiting response... Read error (Connection reset by peer) in headers.",
    "Connecting to 10.255.255.1:80... failed: Connection timed out.",
    "connect: Network is unreachable",
    "fatal: unable to access 'http://127.0.0.1:1/a/': Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect",
    "fatal: unable to access 'https://github.com/a/b/': Empty reply from server",
    "fatal: the remote end hung up unexpectedly",
    "ssh: connect to host 127.0.0.1 port 1: Connection refused",
    "ssh: connect to host example.org port 22: Operation timed out",
    "ssh: connect to host 10.1.2.3 port 22: No route to host",
    "Connection timed out during banner exchange",
    "Connection to 10.255.255.1 port 22 timed out",
    "kex_exchange_identification: Connection closed by remote host",
    "kex_exchange_identification: read: Connection reset by peer",
    "Connection closed by 10.0.0.7 port 22",
    "Connection reset by 10.0.0.7 port 22",
    "Connection to bastion closed by remote host.",
    "client_loop: send disconnect: Broken pipe",
    "packet_write_wait: Connection to 10.0.0.7 port 22: Broken pipe",
    "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>",
    "urllib.error.URLError: <urlopen error timed out>",
    "http.client.RemoteDisconnected: Remote end closed connection without response",
    "http.client.IncompleteRead: IncompleteRead(100 bytes read, 50 more expected)",
    "ConnectionResetError: [Errno 104] Connection reset by peer",
    "requests.exceptions.ConnectionError: ('Connection aborted.', RemoteDisconnected('Remote end closed connection'))",
    "requests.exceptions.ConnectionError: HTTPConnectionPool(host='x', port=80): (Caused by NewConnectionError('<urllib3 object>: Failed to establish a new connection: [Errno 111] Connection refused'))",
    "requests.exceptions.ConnectTimeout: (Caused by ConnectTimeoutError(<o>, 'Connection to 10.0.0.1 timed out. (connect timeout=1)'))",
    "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='x', port=443): Read timed out. (read timeout=1)",
    "WARNING: Retrying (Retry(total=4)) after connection broken by 'ReadTimeoutError(\"HTTPSConnectionPool(host='pypi.org', port=443): Read timed out. (read timeout=15)\")': /simple/numpy/",
    'psycopg.OperationalError: connection failed: connection to server at "127.0.0.1", port 5432 failed: Connection refused',
    "psycopg2.OperationalError: server closed the connection unexpectedly",
    "ERROR 2013 (HY000): Lost connection to MySQL server during query",
    "Error: connect ECONNREFUSED 127.0.0.1:5432",
    "Error: socket hang up",
    'Get "https://x/": net/http: TLS handshake timeout',
    'Get "https://x/": dial tcp 10.0.0.1:443: i/o timeout',
]
NO_NAME = [
    "curl: (6) Could not resolve host: nope.invalid",
    "fatal: unable to access 'http://nope.invalid/a/': Could not resolve host: nope.invalid",
    "ssh: Could not resolve hostname nope.invalid: Name or service not known",
    "ssh: Could not resolve hostname nope: nodename nor servname provided, or not known",
    "Resolving nope.invalid (nope.invalid)... failed: Name or service not known.",
    "wget: unable to resolve host address ‘nope.invalid’",
    "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
    "urllib.error.URLError: <urlopen error [Errno 11001] getaddrinfo failed>",
    "urllib.error.URLError: <urlopen error [Errno -5] No address associated with hostname>",
    "socket.gaierror: [Errno -2] Name does not resolve",
    'psycopg.OperationalError: could not translate host name "db" to address',
    "Err:1 http://deb.debian.org stable InRelease  Temporary failure resolving 'deb.debian.org'",
    "Error: getaddrinfo ENOTFOUND nope.invalid",
    "dial tcp: lookup nope.invalid on 127.0.0.11:53: no such host",
]
HTTP = [
    ("curl: (22) The requested URL returned error: 503", 503),
    ("curl: (22) The requested URL returned error: 429 Too Many Requests", 429),
    ("HTTP request sent, awaiting response... 502 Bad Gateway", 502),
    ("2026-11-24 16:28:48 ERROR 503: Service Unavailable.", 503),
    ("2026-11-24 16:28:48 ERROR 520: (no description).", 520),
    ("fatal: unable to access 'https://h/a/': The requested URL returned error: 502", 502),
    ("error: RPC failed; HTTP 500 curl 22 The requested URL returned error: 500", 500),
    ("urllib.error.HTTPError: HTTP Error 503: Service Unavailable", 503),
    ("requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: http://x/", 503),
    ("requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: http://x/", 429),
    ("requests.exceptions.RetryError: (Caused by ResponseError('too many 500 error responses'))", 500),
    ("httpx.HTTPStatusError: Server error '504 Gateway Timeout' for url 'http://x/'", 504),
    ("aiohttp.client_exceptions.ClientResponseError: 503, message='Service Unavailable', url='http://x/'", 503),
    ("ERROR: HTTP error 502 while getting https://files.pythonhosted.org/x.whl", 502),
    ("HTTP/1.1 503 Service Unavailable", 503),
    ("< HTTP/2 500", 500),
    ("upload failed, status code: 502", 502),
    ("Request failed with status code 503", 503),
    ('{"status_code": 503}', 503),
    ("received unexpected HTTP status: 503 Service Unavailable", 503),
    ("java.io.IOException: Server returned HTTP response code: 503 for URL: http://x/", 503),
    ("Error response from daemon: toomanyrequests: 429 Too Many Requests", 429),
]
PHRASES = ["Too Many Requests", "Service Unavailable", "Bad Gateway", "Gateway Time-out"]
DATABASES = [
    ("sqlite3.OperationalError: database is locked", "database is locked"),
    ("Error: in prepare, database is locked (5)", "database is locked"),
    ("sqlite3.OperationalError: database table is locked: flights", "database table is locked"),
    (
        'IO Error: Could not set lock on file "/d.db": Conflicting lock is held in /bin/x (PID 1)',
        "Conflicting lock is held",
    ),
    ("psycopg.errors.DeadlockDetected: deadlock detected", "deadlock detected"),
    ("ERROR:  deadlock detected\nDETAIL:  Process 1 waits for ShareLock", "deadlock detected"),
    (
        "psycopg2.errors.SerializationFailure: could not serialize access due to concurrent update",
        "could not serialize access",
    ),
    (
        "ERROR 1213 (40001): Deadlock found when trying to get lock; try restarting transaction",
        "Deadlock found when trying to get lock",
    ),
    ("ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction", "Lock wait timeout exceeded"),
]


@pytest.mark.parametrize("output", NO_CONNECTION)
def test_a_connection_that_fails_may_work_next_time(output: str) -> None:
    found = classify(failed(f"fetching\n{output}\nmake: *** [fetch] Error 1\n"), [])
    assert (found.error_class, found.because) == (TRANSIENT, "connection problem in the output (built in)")
    assert found.sign.strip("…") in output


@pytest.mark.parametrize("output", NO_NAME)
def test_a_name_that_does_not_resolve_may_do_so_next_time(output: str) -> None:
    found = classify(failed(output), [])
    assert (found.error_class, found.because) == (TRANSIENT, "DNS failure in the output (built in)")


@pytest.mark.parametrize(("output", "status"), HTTP)
def test_a_server_that_is_busy_or_broken_may_recover(output: str, status: int) -> None:
    expected = Classified(TRANSIENT, "HTTP 429 or 5xx in the output (built in)", f"HTTP {status}")
    assert classify(failed(output), []) == expected


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_server_may_say_so_without_a_number(phrase: str) -> None:
    found = classify(failed(f"<title>{phrase}</title>"), [])
    assert found == Classified(TRANSIENT, "HTTP 429 or 5xx in the output (built in)", phrase)


@pytest.mark.parametrize(("output", "sign"), DATABASES)
def test_a_database_that_is_busy_may_be_free_next_time(output: str, sign: str) -> None:
    found = classify(failed(output), [])
    assert (found.error_class, found.sign) == (TRANSIENT, sign)


def test_exit_code_75_asks_to_be_tried_again() -> None:
    assert classify(failed("", 75), []) == Classified(TRANSIENT, "exit code 75 (built in)", "exit code 75")


@pytest.mark.parametrize(
    "exceptions",
    [
        ("ConnectionResetError", "ConnectionError", "OSError", "Exception"),
        ("BrokenPipeError", "ConnectionError", "OSError", "Exception"),  # a callable has no pipe but a connection
        ("requests.exceptions.ProxyError", "requests.exceptions.ConnectionError", "OSError", "Exception"),
        ("TimeoutError", "OSError", "Exception"),
        ("asyncio.exceptions.TimeoutError", "Exception"),
        ("socket.gaierror", "OSError", "Exception"),
    ],
)
def test_an_exception_of_a_connection_is_transient(exceptions: tuple[str, ...]) -> None:
    found = classify(Facts(exit_code=1, exceptions=exceptions), [])
    assert (found.error_class, found.sign) == (TRANSIENT, exceptions[0])


def test_an_exception_of_a_connection_is_known_in_the_output_of_a_command() -> None:
    assert classify(failed(traceback("redis.exceptions.ConnectionError: Error 32")), []) == Classified(
        TRANSIENT, "exception of a connection (built in)", "redis.exceptions.ConnectionError"
    )
    assert classify(failed(traceback("TimeoutError")), []).error_class is TRANSIENT


@pytest.mark.parametrize("code", [126, 127])
def test_a_shell_that_cannot_run_a_command_is_a_matter_of_configuration(code: int) -> None:
    found = classify(failed("sh: 1: fetsh: not found", code), [])
    assert found == Classified(CONFIG, f"exit code {code} (built in)", f"exit code {code}")


@pytest.mark.parametrize(
    ("output", "sign"),
    [
        (traceback("ModuleNotFoundError: No module named 'numpy'"), "No module named 'numpy'"),
        ("/usr/bin/python3.11: No module named pytest", "No module named pytest"),
        (
            "/v/bin/python: Error while finding module specification for 'a.b' (ModuleNotFoundError: No module named 'a')",
            "Error while finding module specification for 'a.b'",
        ),
        ("E   ModuleNotFoundError: No module named 'numpy'", "No module named 'numpy'"),
        ("      ModuleNotFoundError: No module named 'numpy'", "No module named 'numpy'"),
    ],
)
def test_a_missing_module_is_a_matter_of_configuration(output: str, sign: str) -> None:
    assert classify(failed(output), []) == Classified(CONFIG, "missing Python module in the output (built in)", sign)


def test_a_missing_module_of_a_callable_is_a_matter_of_configuration() -> None:
    found = classify(Facts(exit_code=1, exceptions=("ModuleNotFoundError", "ImportError", "Exception")), [])
    assert found == Classified(CONFIG, "missing Python module (built in)", "ModuleNotFoundError")


@pytest.mark.parametrize(
    ("output", "sign"),
    [
        ("sh: 1: NOPE: parameter not set", "NOPE is not set"),
        ("x.sh: 2: NOPE: parameter not set or null\n", "NOPE is not set"),
        ("zsh:1: NOPE: parameter not set", "NOPE is not set"),
        ("bash: NOPE: parameter null or not set", "NOPE is not set"),
        ("bash: NOPE: unbound variable", "NOPE is not set"),
        ("./x.sh: line 2: NOPE: unbound variable\nmake: *** [x] Error 1", "NOPE is not set"),
        ("bash: $1: unbound variable", "$1 is not set"),
    ],
)
def test_a_variable_that_a_shell_misses_is_a_matter_of_configuration(output: str, sign: str) -> None:
    found = classify(failed(output), [])
    assert found == Classified(CONFIG, "unset environment variable in the output (built in)", sign)


ENVIRON = {
    "3.10": (
        '  File "/usr/lib/python3.10/os.py", line 680, in __getitem__\n'
        "    raise KeyError(key) from None\n"
        "KeyError: 'API_KEY'\n"
    ),
    "3.11": "    ~~~~~~~~~~^^^^^^^^^^\n  File \"<frozen os>\", line 679, in __getitem__\nKeyError: 'API_KEY'\n",
    "environb": "  File \"<frozen os>\", line 716, in __getitem__\nKeyError: b'API_KEY'\n",
    "pop": (
        '  File "<frozen _collections_abc>", line 950, in pop\n'
        '  File "<frozen os>", line 716, in __getitem__\n'
        "KeyError: 'API_KEY'\n"
    ),
}


@pytest.mark.parametrize("version", ENVIRON)
def test_a_variable_that_python_misses_is_a_matter_of_configuration(version: str) -> None:
    output = f'Traceback (most recent call last):\n  File "a.py", line 3, in main\n    x()\n{ENVIRON[version]}'
    expected = Classified(CONFIG, "unset environment variable in the output (built in)", "API_KEY is not set")
    assert classify(failed(output), []) == expected


@pytest.mark.parametrize("colour", [{}, {"FORCE_COLOR": "1"}])
def test_this_python_says_what_we_take_it_to_say(colour: dict[str, str]) -> None:
    def says(program: str) -> str:
        command = [sys.executable, "-c", program]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **colour}).stderr

    assert classify(failed(says("import os; os.environ['NOPE_X']")), []).sign == "NOPE_X is not set"
    assert classify(failed(says("import nope_x")), []).sign == "No module named 'nope_x'"
    assert classify(failed(says("raise TimeoutError")), []).sign == "TimeoutError"
    assert classify(failed(says("{}['NOPE_X']")), []).because == "no rule matches"


def test_a_variable_that_a_callable_misses_is_a_matter_of_configuration() -> None:
    facts = Facts(exit_code=1, exceptions=("KeyError", "LookupError", "Exception"), unset_variable="API_KEY")
    assert classify(facts, []) == Classified(CONFIG, "unset environment variable (built in)", "API_KEY is not set")


@pytest.mark.parametrize(
    "handled",
    [
        traceback("ModuleNotFoundError: No module named 'ujson'"),
        'Traceback (most recent call last):\n  File "a.py", line 3, in main\n' + ENVIRON["3.11"],
    ],
)
def test_a_module_or_variable_that_a_program_can_live_without_did_not_end_it(handled: str) -> None:
    output = f"{handled}\nDuring handling of the above exception, another exception occurred:\n\n"
    assert classify(failed(output + traceback("ConnectionResetError: lost")), []).error_class is TRANSIENT
    assert classify(failed(output + traceback("ValueError: lost")), []).because == "no rule matches"


INNOCENT = [
    "wrote 512 rows",
    "line 503",
    "error: 520 rows differ",
    "ERROR 512: rows differ",
    "Error 520",
    "503 passed, 429 skipped in 5.02s",
    "exit status 500",
    "status: 512 rows",
    "too many 512 rows",
    "1503 Server Error",
    "HTTP 5000 requests",
    "HTTP/1.1 200 OK",
    "HTTP/1.1 404 Not Found",
    "curl: (22) The requested URL returned error: 404",
    "requests.exceptions.HTTPError: 404 Client Error: Not Found for url: http://x/503",
    "HTTP request sent, awaiting response... 404 Not Found",
    "2026-11-24 16:28:48 ERROR 404: Not Found.",
    "urllib.error.HTTPError: HTTP Error 401: Unauthorized",
    "gateway timeout_s = 5",
    "tests/test_net.py::test_connection_reset PASSED",
    "0 connections refused",
    "connection timeout: 30 s",
    "closed connection pool",
    "checking for getaddrinfo... yes",
    "yes: standard output: Broken pipe",
    "seq: write error: Broken pipe",
    traceback("BrokenPipeError: [Errno 32] Broken pipe"),
    "created database, table is locked down",
    "no deadlocks detected",
    "alpha: parameter not set, using 0.5",
    "plot: backend off (ModuleNotFoundError: No module named 'seaborn'), going on",
    "TimeoutError is documented here",
    traceback("KeyError: 'API_KEY'"),
    traceback("AssertionError: 503 != 200"),
    traceback("ValueError: status 503"),
    traceback('  File "conf/os.py", line 3, in load', "    a[b]", '  File "c.py", line 1, in f', "KeyError: 'A'"),
    "fatal: repository 'http://127.0.0.1/a/' not found",
    "git@github.com: Permission denied (publickey).",
    "sqlite3.OperationalError: no such table: flights",
    'psycopg.errors.UndefinedTable: relation "flights" does not exist',
    "ERROR: Could not find a version that satisfies the requirement nope",
]


@pytest.mark.parametrize("output", INNOCENT)
def test_innocent_text_is_no_sign(output: str) -> None:
    assert classify(failed(output), []) == Classified(PERMANENT, "no rule matches", "exit code 1", by_rule=False)


def test_configuration_comes_before_what_may_pass() -> None:
    assert classify(failed("Connection refused", 127), []).error_class is CONFIG
    assert classify(failed("Connection refused\nsh: 1: NOPE: parameter not set", 75), []).error_class is CONFIG
    assert classify(failed("Connection refused\n503 Service Unavailable", 75), []).sign == "exit code 75"


# what no rule knows


@pytest.mark.parametrize(
    ("facts", "sign"),
    [
        (Facts(exit_code=2), "exit code 2"),
        (Facts(signal=11), "signal 11"),
        (Facts(exit_code=1, exceptions=("shop.Oops", "Exception")), "shop.Oops"),
        (Facts(), ""),
    ],
)
def test_the_rest_is_permanent(facts: Facts, sign: str) -> None:
    assert classify(facts, []) == Classified(PERMANENT, "no rule matches", sign, by_rule=False)


def test_outputs_that_are_missing_are_told() -> None:
    found = classify(Facts(exit_code=0, missing_outputs=("out/a.csv", "out/b.csv")), [])
    because = "exit code 0, but outputs are missing: out/a.csv, out/b.csv"
    assert found == Classified(PERMANENT, because, "out/a.csv is missing", by_rule=False)


def test_a_command_that_hides_its_exit_code_is_judged_by_its_output() -> None:
    facts = Facts(exit_code=0, output="curl: (52) Empty reply from server", missing_outputs=("out/a.csv",))
    assert classify(facts, []).error_class is TRANSIENT


# what is shown


@pytest.mark.parametrize(
    ("output", "sign"),
    [
        ("a" * 60, "a" * 60),
        ("a" * 61, "a" * 59 + "…"),
        ("a\n\tb \x1b[31mc\x1b[0m\x07", "a b c"),
        ("", ".*"),  # nothing to show but the rule
    ],
)
def test_a_sign_is_one_short_clean_line(output: str, sign: str) -> None:
    pattern = "(?s)^.*" if output else ".*"
    assert classify(failed(output), [rule(output=pattern)]).sign == sign


# whatever is written

FRAGMENTS = [
    "Traceback (most recent call last):\n",
    '  File "<frozen os>", line 1, in __getitem__\n',
    "KeyError: 'A'\n",
]
FRAGMENTS += [
    "ModuleNotFoundError: ",
    "HTTP ",
    "503",
    "connection to ",
    "port 1",
    "\x1b[0m",
    " | ",
    "\n",
    "E ",
    "\\g<0>",
]
texts = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=3))).map("".join))
names = st.lists(st.text(min_size=1), max_size=3).map(tuple)
facts_of_all_kinds = st.builds(
    Facts,
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(1, 64),
    start_error=st.none() | texts,
    timed_out=st.booleans(),
    output=texts,
    exceptions=names,
    unset_variable=st.none() | texts,
    unfit_input=st.none() | st.text(max_size=20),
    missing_outputs=names,
)
rules_of_all_kinds = st.lists(
    st.one_of(
        st.builds(ErrorRule, st.just("exit_code"), st.integers(0, 255), st.sampled_from(ErrorClass), st.just(PLACE)),
        st.builds(ErrorRule, st.just("signal"), st.integers(1, 64), st.sampled_from(ErrorClass), st.just(PLACE)),
        st.builds(ErrorRule, st.just("exception"), texts, st.sampled_from(ErrorClass), st.just(PLACE)),
        st.builds(
            ErrorRule,
            st.just("output"),
            st.sampled_from(["", "^$", r"\d+", "(?P<status>.)", "(?s).*"]),
            st.sampled_from(ErrorClass),
            st.just(PLACE),
        ),
    ),
    max_size=4,
)


@given(facts_of_all_kinds, rules_of_all_kinds)
def test_every_failure_has_a_class_a_reason_and_a_short_sign(facts: Facts, rules: list[ErrorRule]) -> None:
    found = classify(facts, rules)
    assert isinstance(found.error_class, ErrorClass)
    assert found.because
    assert len(found.sign) <= 60
    assert found.sign.isprintable()


@given(
    st.sampled_from([text for text, *_ in (*HTTP, *DATABASES)] + NO_CONNECTION + NO_NAME + INNOCENT) | texts,
    st.integers(0, 255),
    names,
    st.sampled_from(ErrorClass),
)
def test_a_rule_of_the_user_wins_over_every_built_in_one(
    output: str, code: int, exceptions: tuple[str, ...], error_class: ErrorClass
) -> None:
    facts = Facts(exit_code=code, output=output, exceptions=exceptions, unset_variable="A")
    for own in (rule(error_class, exit_code=code), rule(error_class, output=r"\A")):
        found = classify(facts, [own])
        assert found.error_class is error_class
        assert found.because.endswith(f"({PLACE})")


@pytest.mark.parametrize(
    "piece",
    [
        "connection ",
        "connection to ",
        "connection to x port 1 ",
        "connection closed by ",
        "5",
        "503 ",
        "HTTP ",
        "HTTP error : ",
        "HTTP error",
        "status code ",
        "a",
        "a: ",
        "$",
        " ",
        "\t",
        "\n",
        " \n",
        "  | ",
        "\x1b[",
        "\x1b[0;",
        "E ",
        "python",
        "python3.",
        "python: No module named\n",
        "ModuleNotFoundError\t: \n",
        "Traceback (most recent call last):\n",
        " Traceback (most recent call last):\n",
        "Traceback (most recent call last):\n a\n",
        "Traceback (most recent call last):\nA.",
        '  File "',
        '  File "/os.py", line 1, in __getitem__\n    a\n',
        '  File "<frozen os>", line 1, in __getitem__\n',
        "dial tcp: lookup on ",
        "transfer closed with ",
        "NOPE: parameter not set  ",
    ],
)
def test_no_text_is_looked_at_for_ever(piece: str) -> None:
    text = (piece * (16 * 1024 // len(piece) + 1))[: 16 * 1024]
    for output in (text, "\n    " + text, text + "!", 'Traceback (most recent call last):\n  File "' + text):
        assert classify(failed(output), [rule(exception="Nope")]).error_class is PERMANENT


def test_each_built_in_rule_has_a_name_and_never_the_class_of_a_certain_fact() -> None:
    assert all(built_in.name for built_in in BUILT_IN)
    assert {built_in.error_class for built_in in BUILT_IN} == {TRANSIENT, CONFIG}
