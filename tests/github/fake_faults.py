"""What goes wrong with GitHub, played on request, before or after what was asked for was done."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field, replace

SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
PRIMARY = "API rate limit exceeded for user ID 1001."
UNICORN = "<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body><p>Sorry.</p></body></html>"
DOCS = "https://docs.github.com/rest"


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    `kind` is `answer` (another answer than the right one), `reset` (the connection is reset), `hang` (no answer, then
    a reset), `truncated` (half of the right body, then the end), or `slow` (the right answer, late). `seconds` bounds
    the hang or the delay, which `Faults.release` ends at once. `reset_in` is x-ratelimit-reset, in seconds from now.
    """

    name: str
    kind: str = "answer"
    status: int = 0
    message: str = ""
    html: bool = False
    retry_after: int | None = None
    reset_in: int | None = None
    seconds: float = 60.0

    def response(self, now: float) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of a fault that answers."""
        headers = {"Content-Type": "text/html; charset=utf-8" if self.html else "application/json; charset=utf-8"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.reset_in is not None:
            headers |= {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Used": "5000"}
            headers |= {"X-RateLimit-Reset": str(int(now) + self.reset_in), "X-RateLimit-Resource": "core"}
        said = {"message": self.message, "documentation_url": DOCS, "status": str(self.status)}
        return self.status, headers, (UNICORN if self.html else json.dumps(said)).encode()


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("500", status=500, message="Server Error"),
        Fault("502", status=502, html=True),
        Fault("503", status=503, message="Service unavailable"),
        Fault("reset", "reset"),
        Fault("hang", "hang"),
        Fault("truncated", "truncated"),
        Fault("html", status=200, html=True),
        Fault("403 retry-after", status=403, message=SECONDARY, retry_after=2),
        Fault("403 remaining 0", status=403, message=PRIMARY, reset_in=2),
        Fault("403 secondary", status=403, message=SECONDARY),
        Fault("429", status=429, message=SECONDARY),
        Fault("429 retry-after", status=429, message=SECONDARY, retry_after=2),
        Fault("429 remaining 0", status=429, message=PRIMARY, reset_in=2),
        Fault("401", status=401, message="Bad credentials"),
        Fault("404", status=404, message="Not Found"),
        Fault("410", status=410, message="Issues has been disabled in this repository."),
        Fault("slow", "slow", seconds=1.0),
    )
}
"""By name. A stale list is no fault of one answer: `FakeGitHub.stale_lists`."""


@dataclass(eq=False)
class Rule:
    """A fault for some requests; `fired` counts how often it was played."""

    method: str
    path: str
    fault: Fault
    when: str
    times: int | None
    skip: int
    fired: int = field(default=0)


class Faults:
    """The rules in force. The first that fits a request is played; each counts for itself."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._release = threading.Event()

    def add(
        self,
        method: str,
        path: str,
        fault: str | Fault,
        when: str = "before",
        times: int | None = 1,
        skip: int = 0,
        **changes: object,
    ) -> Rule:
        """Play a fault on requests of this method ("*" is any) whose path the regular expression finds.

        `when` is `before` (nothing is done) or `after` (all is done, but nobody hears of it). `times=None` is for
        ever; `skip` lets that many pass first. `changes` are fields of the fault, such as `retry_after=5`.
        """
        assert when in ("before", "after"), when
        chosen = replace(FAULTS[fault] if isinstance(fault, str) else fault, **changes)  # type: ignore[arg-type]
        rule = Rule(method, path, chosen, when, times, skip)
        with self._lock:
            self._rules.append(rule)
        return rule

    def take(self, method: str, path: str) -> Rule | None:
        """The rule for a request, which has then fired once more."""
        with self._lock:
            for rule in self._rules:
                if rule.method not in ("*", method) or not re.search(rule.path, path) or rule.times == 0:
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                rule.times = None if rule.times is None else rule.times - 1
                rule.fired += 1
                return rule
        return None

    def wait(self, seconds: float) -> None:
        """Hold a request, until `release` at the latest."""
        self._release.wait(seconds)

    def release(self) -> None:
        """Let go of all that hang, now and from now on."""
        self._release.set()

    def clear(self) -> None:
        """No rules any more, and nothing hangs."""
        with self._lock:
            self._rules.clear()
        self._release.set()
        self._release = threading.Event()
