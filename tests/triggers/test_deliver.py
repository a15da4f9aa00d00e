"""One delivery, to real processes and over real connections."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import sys
import threading
from dataclasses import replace

import pytest

from orchestrator import __version__
from orchestrator.triggers.deliver import LARGEST_VARIABLE, Means, Webhooks, deliver, what_of
from orchestrator.variables import Variables
from phases.local import LocalExecutor
from phases.masking import Masker


@pytest.fixture
def means(tmp_path):
    """With two variables, of which one is secret."""
    environment = {**os.environ, "HOOK_SECRET": "s3cr3t-ü", "EMPTY": "", "PHASEGATE_EVENT": "of somebody else"}
    fill = Variables(tmp_path, environment).fill
    return Means(tmp_path, environment, fill, Masker(["s3cr3t-ü"]), LocalExecutor(), Webhooks())


# commands


def test_a_script_gets_the_event_on_stdin_and_in_its_environment(trigger, happening, means):
    script = 'cat > stdin.json; printf %s "$PHASEGATE_EVENT" > variable.json; echo "told $0"'
    tried = deliver(trigger(run=script), happening(tried=2), means)
    assert (tried.succeeded, tried.outcome, tried.output) == (True, "exit code 0", "told trigger\n")
    event = happening(tried=2).as_json()
    assert (means.root / "stdin.json").read_text() == f"{event}\n"
    assert (means.root / "variable.json").read_text() == event


def test_what_stands_on_stdin_is_a_line_that_a_shell_reads(trigger, happening, means):
    tried = deliver(trigger(run='read -r line; printf "read %s" "$line"'), happening(), means)
    assert (tried.succeeded, tried.output) == (True, f"read {happening().as_json()}")


def test_two_events_in_one_file_are_two_lines(trigger, happening, means):
    told = [happening(), happening(problem="two\nlines")]
    for each in told:
        assert deliver(trigger(run="tee -a told.jsonl"), each, means).succeeded
    assert (means.root / "told.jsonl").read_text().splitlines() == [each.as_json() for each in told]


def test_a_list_is_executed_as_it_is(trigger, happening, means):
    code = "import json, sys; print(json.load(sys.stdin)['phase'], sys.argv[1])"
    tried = deliver(trigger(run=(sys.executable, "-c", code, "$HOME")), happening(), means)
    assert (tried.succeeded, tried.output) == (True, "train_a $HOME\n")


@pytest.mark.parametrize("run", ["true", "exec <&-; echo"])
def test_nobody_has_to_read_what_it_is_told(trigger, happening, means, run):
    assert deliver(trigger(run=run), happening(problem="x" * 300_000), means).succeeded


def test_a_happening_that_no_variable_holds_is_on_stdin_alone(trigger, happening, means):
    script = 'wc -c; echo "${PHASEGATE_EVENT-none}"'
    tried = deliver(trigger(run=script), happening(problem="x" * LARGEST_VARIABLE), means)
    size, variable = tried.output.split()
    assert int(size) > LARGEST_VARIABLE
    assert variable == "none"


@pytest.mark.parametrize(
    ("run", "outcome"),
    [
        ("exit 7", "exit code 7"),
        ("false; true", "exit code 1"),
        ("kill -9 $$", "ended by signal 9"),
        (("no-such-program",), "'no-such-program' was not found; is it installed, and on PATH?"),
    ],
)
def test_what_fails_says_how(trigger, happening, means, run, outcome):
    tried = deliver(trigger(run=run), happening(), means)
    assert (tried.succeeded, tried.outcome) == (False, outcome)


def test_secrets_are_masked_in_what_is_told_and_in_what_is_printed(trigger, happening, means):
    tried = deliver(trigger(run='cat; echo "$HOOK_SECRET"'), happening(problem="no s3cr3t-ü here"), means)
    told, printed = tried.output.splitlines()
    assert json.loads(told)["problem"] == "no *** here"
    assert printed == "***"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_at_its_timeout_a_command_ends_with_all_that_it_started(trigger, happening, means, gone):
    """By a clock that stands still until both are there."""
    code = "import os, time; os.setsid(); print(os.getpid(), flush=True); open('up', 'w'); time.sleep(600)"
    (means.root / "detached.py").write_text(code)
    script = f"echo $$; {sys.executable} detached.py & wait"
    up = means.root / "up"
    clocked = replace(means, executor=LocalExecutor(lambda: 1000.0 if up.exists() else 0.0))
    tried = deliver(trigger(run=script, timeout=1.0), happening(), clocked)
    assert (tried.succeeded, tried.outcome) == (False, "ran longer than its timeout of 1 s and was ended")
    assert [gone(int(pid)) for pid in tried.output.split()] == [True, True]


def test_after_a_stop_nothing_starts(trigger, happening, means, hooks):
    means.stop()
    for way in ({"run": "touch ran"}, {"webhook": hooks.url}):
        tried = deliver(trigger(**way), happening(), means)
        assert (tried.succeeded, tried.stopped) == (False, True)
    assert not (means.root / "ran").exists()
    assert hooks.got == []


# webhooks


def test_a_webhook_gets_the_json_signed(trigger, happening, means, hooks):
    tried = deliver(trigger(webhook=hooks.url, secret="${HOOK_SECRET}"), happening(), means)
    assert (tried.succeeded, tried.outcome) == (True, "HTTP 200")
    [(path, headers, body)] = hooks.got
    assert path == "/hook"
    assert body.decode() == happening().as_json()
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == f"phasegate/{__version__}"
    expected = hmac.new("s3cr3t-ü".encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Phasegate-Signature-256"] == f"sha256={expected}"


def test_without_a_secret_there_is_no_signature(trigger, happening, means, hooks):
    assert deliver(trigger(webhook=hooks.url), happening(), means).succeeded
    [(_, headers, _)] = hooks.got
    assert "X-Phasegate-Signature-256" not in headers


@pytest.mark.parametrize(
    ("secret", "outcome"),
    [
        ("${NOBODY_SET_IT}", "the variable NOBODY_SET_IT is neither set nor in .env"),
        ("${EMPTY}", "its secret is empty"),
    ],
)
def test_what_must_be_signed_and_cannot_be_is_not_sent(trigger, happening, means, hooks, secret, outcome):
    tried = deliver(trigger(webhook=hooks.url, secret=secret), happening(), means)
    assert (tried.succeeded, tried.outcome) == (False, outcome)
    assert hooks.got == []


def test_a_variable_is_filled_into_the_url(trigger, happening, means, hooks):
    assert deliver(trigger(webhook=hooks.url + "/${HOOK_SECRET}"), happening(), means).succeeded
    assert hooks.got[0][0] == "/hook/s3cr3t-%C3%BC"


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_a_success(trigger, happening, means, hooks, status):
    hooks.statuses = [status]
    assert deliver(trigger(webhook=hooks.url), happening(), means).succeeded


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_anything_else_is_a_failure(trigger, happening, means, hooks, status):
    hooks.statuses = [status]
    tried = deliver(trigger(webhook=hooks.url), happening(), means)
    assert (tried.succeeded, tried.outcome) == (False, f"HTTP {status}")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(trigger, happening, means, hooks, status):
    hooks.statuses, hooks.headers = [status], {"Location": hooks.url.replace("/hook", "/elsewhere")}
    tried = deliver(trigger(webhook=hooks.url), happening(), means)
    assert (tried.succeeded, tried.outcome) == (False, f"HTTP {status}, and redirects are not followed")
    assert [path for path, _, _ in hooks.got] == ["/hook"]


@pytest.mark.parametrize("way", ["silent", "drips"])
def test_the_timeout_is_one_over_the_whole_request(trigger, happening, means, hooks, way):
    setattr(hooks, way, True)
    tried = deliver(trigger(webhook=hooks.url, timeout=0.5), happening(), means)
    assert (tried.succeeded, tried.outcome) == (False, "no answer in 0.5 s")
    assert hooks.asked.wait(100), "also who was given up goes on to ask, when its turn comes late"


def test_a_timeout_of_centuries_is_a_timeout(trigger, happening, means, hooks):
    assert deliver(trigger(webhook=hooks.url, timeout=1e18), happening(), means).succeeded


def test_a_stop_gives_up_a_request(trigger, happening, means, hooks):
    hooks.silent = True
    found = []
    thread = threading.Thread(target=lambda: found.append(deliver(trigger(webhook=hooks.url), happening(), means)))
    thread.start()
    assert hooks.asked.wait(100)
    means.stop()
    thread.join(100)
    assert found[0].stopped


def test_a_refused_connection_is_told_without_the_url(trigger, happening, means, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/services/T0/B0/XYZ"
        tried = deliver(trigger(webhook=url), happening(), means)
    assert (tried.succeeded, tried.outcome) == (False, "no answer: Connection refused")


@pytest.mark.parametrize(
    "url", ["http://", "https://[x/y", "http://" + "a" * 70 + ".b/secret", "http://*.x:99999/secret"]
)
def test_what_is_no_url_is_a_failure(trigger, happening, means, url):
    tried = deliver(trigger(webhook=url), happening(), means)
    assert not tried.succeeded
    assert "secret" not in tried.outcome


@pytest.mark.parametrize(
    ("way", "what"),
    [
        ({"run": "notify a"}, "notify a"),
        ({"run": ("notify", "a")}, "notify a"),
        ({"webhook": "https://me:password@hooks.example:8443/services/XYZ?key=1"}, "POST https://hooks.example:8443"),
        ({"webhook": "https://[x/y"}, "POST"),
    ],
)
def test_of_a_url_only_the_host_is_shown(trigger, way, what):
    assert what_of(trigger(**way)) == what
