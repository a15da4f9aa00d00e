"""One try to deliver a happening: to a command, or to a webhook. What goes wrong with either is told, not raised."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from phases.executor import Command, Executor, Outcome
from phases.local import LONGEST
from phases.masking import Masker

from .. import __version__
from ..work.command import argv_of
from .model import Happening, Trigger

EVENT = "PHASEGATE_EVENT"
"""The variable with the happening as JSON."""
MARK = "PHASEGATE_TRIGGER"
"""The variable that tells the processes of one try from all others. By the run's own mark they would be ended with its
works when it is stopped, and nobody would learn that it was."""
SIGNATURE = "X-Phasegate-Signature-256"
"""The header with `sha256=` and the HMAC-SHA256 of the body, in hexadecimal digits."""
LARGEST_VARIABLE = 100_000
"""Bytes. Linux starts no program with a variable of 128 KiB: a larger happening is on standard input alone."""
CONNECT = 10.0
"""Seconds, at most, for a connection to one of a host's addresses, so that there is time for the next one."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one try."""

    succeeded: bool
    outcome: str
    """For people: `exit code 7`, `HTTP 500`, `no answer in 10 s`."""
    output: str = ""
    """The last of what a command printed, masked."""
    stopped: bool = False
    """It was ended with the run, and says nothing about the trigger."""


@dataclass(frozen=True, slots=True)
class Means:
    """What all deliveries of a run have in common."""

    root: Path
    """The project's folder, where commands run."""
    environment: Mapping[str, str]
    """What commands find in their environment, without the event."""
    fill: Callable[[str], str]
    """Replaces each `${NAME}` in a text; KeyError with the name of a variable that nobody set (`Variables.fill`)."""
    masker: Masker
    executor: Executor
    webhooks: Webhooks

    def stop(self) -> None:
        """End what is going on, at once; nothing more starts."""
        self.executor.kill()
        self.webhooks.stop()


def what_of(trigger: Trigger) -> str:
    """What the trigger does, for people. Of a URL the host alone: often the rest of it is the secret."""
    if trigger.webhook is not None:
        try:
            parts = urlsplit(trigger.webhook)
        except ValueError:  # it is no URL
            return "POST"
        return f"POST {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return trigger.run if isinstance(trigger.run, str) else " ".join(trigger.run or ())


def deliver(trigger: Trigger, happening: Happening, means: Means) -> Tried:
    """Try once, and take no longer than the trigger's timeout, and the grace of a command that has to end."""
    body = happening.masked(means.masker.text).as_json().encode()
    if trigger.webhook is None:
        return _command(trigger, body, means)
    try:
        url, secret = means.fill(trigger.webhook), None if trigger.secret is None else means.fill(trigger.secret)
    except KeyError as error:
        return Tried(False, f"the variable {error.args[0]} is neither set nor in .env")
    if secret == "":
        return Tried(False, "its secret is empty")  # whoever wants a signature takes no body without one
    return means.webhooks.post(url, body, headers_of(body, secret), trigger.timeout)


def headers_of(body: bytes, secret: str | None) -> dict[str, str]:
    """The headers of a webhook's request."""
    headers = {"Content-Type": "application/json", "User-Agent": f"phasegate/{__version__}"}
    if secret is not None:
        key = secret.encode("utf-8", "surrogateescape")
        headers[SIGNATURE] = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
    return headers


class Webhooks:
    """Sends requests, each with a deadline over all of it: those that `requests` knows are for its steps.

    So each request has a thread of its own. One that is given up is a daemon, and hinders nobody.
    """

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._stopped = False

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Tried:
        """Send one request. `timeout` is in seconds."""
        answers: list[Tried] = []

        def work() -> None:
            answer = _post(url, body, headers, timeout)
            with self._turn:
                answers.append(answer)
                self._turn.notify_all()

        with self._turn:
            if not self._stopped:
                threading.Thread(target=work, name="phasegate-webhook", daemon=True).start()
                self._turn.wait_for(lambda: bool(answers) or self._stopped, min(timeout, LONGEST))
            if answers:
                return answers[0]
            return Tried(False, "ended with the run", stopped=True) if self._stopped else _too_slow(timeout)

    def stop(self) -> None:
        """Give up what is going on; nothing more is sent."""
        with self._turn:
            self._stopped = True
            self._turn.notify_all()


def _command(trigger: Trigger, body: bytes, means: Means) -> Tried:
    marks = {MARK: secrets.token_hex(8)}
    environment = {name: value for name, value in means.environment.items() if name != EVENT}
    if len(body) <= LARGEST_VARIABLE:
        environment[EVENT] = body.decode()
    command = Command(
        argv=argv_of("trigger", {"run": trigger.run}, means.root),
        cwd=means.root,
        env={**environment, **marks},
        log=Path(os.devnull),  # the outcome has the end of the output, and no file but the triggers' log is needed
        log_cap=sys.maxsize,
        secrets=means.masker,
        marks=marks,
        timeout=trigger.timeout,
        stdin=body + b"\n",  # a line, so that `read` takes it, and what `cat >>` gathers has one event on each
    )
    try:
        outcome = means.executor.execute(command, lambda pid: None)
    except OSError as error:
        return Tried(False, f"this machine cannot run it: {error.strerror or error}")
    return Tried(outcome.succeeded, _ended(outcome, trigger.timeout), outcome.output, outcome.stopped)


def _ended(outcome: Outcome, timeout: float) -> str:
    if outcome.stopped:
        return "ended with the run"
    if outcome.error is not None:
        return outcome.error
    if outcome.timed_out:
        return f"ran longer than its timeout of {timeout:g} s and was ended"
    return f"exit code {outcome.exit_code}" if outcome.signal is None else f"ended by signal {outcome.signal}"


def _post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Tried:
    """One request. Of the answer nothing but the status is read."""
    import requests  # takes a tenth of a second: only a webhook pays for it

    whole = min(timeout, LONGEST)
    try:
        with requests.post(
            url, body, headers=headers, timeout=(min(whole, CONNECT), whole), allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except requests.Timeout:
        return _too_slow(timeout)
    except Exception as error:  # whatever a user's URL brings requests to: somebody waits for the answer
        return Tried(False, _reason(error))
    if 300 <= status < 400:
        return Tried(False, f"HTTP {status}, and redirects are not followed")
    return Tried(200 <= status < 300, f"HTTP {status}")


def _too_slow(timeout: float) -> Tried:
    return Tried(False, f"no answer in {timeout:g} s")


def _reason(error: BaseException) -> str:
    """Why there was no answer, in the words of the system. The words of `requests` contain the URL, which nobody who
    reads a log may know."""
    below: BaseException | None = error
    known = None
    while below is not None:
        if isinstance(below, OSError) and below.strerror:
            known = below.strerror
        below = below.__cause__ or below.__context__
    return f"no answer: {known or type(error).__name__}"
