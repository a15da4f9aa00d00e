"""The triggers of a run: told at once, delivered in order by one thread behind the run, which never waits for them."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from phases.masking import Masker

from ..clock import now
from ..plan import RetryPolicy
from ..work.retry import retry_after
from .model import Happening, Trigger, matches

if TYPE_CHECKING:
    from .deliver import Means, Tried

POLICY = RetryPolicy(attempts=3, wait=1.0, factor=2.0, max_wait=10.0)
"""How often and when a delivery is tried again."""
LAST_WORDS = 30.0
"""Seconds that the thread gets to end what goes on, and to note that it was. Who looks for the processes of a command
looks at all of the machine, which takes its time where there is much else to do; with less they outlive the run."""
LONGEST_WHAT = 100
"""Characters of a command that a line of the log shows."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One trigger that has to learn of one happening."""

    trigger: Trigger
    happening: Happening
    tried: int = 0
    """How many tries failed."""
    outcome: str = ""
    """Of the last of these tries, or of the one that was ended with the run."""


class Triggers:
    """Tells the triggers of a run what happens. No method raises, whatever becomes of the deliveries; what a signal
    raises passes through, and keeps `close` from nothing but waiting.

    Args:
        root: the project's folder, in which commands run.
        environment: the whole environment of commands; the event is added to it.
        fill: replaces each `${NAME}` in a webhook's URL and secret (`Variables.fill`).
        masker: masks the log, and the texts in what is sent.
        log: the file that gets a line for each try, and below it what a command printed.
        clock: seconds since the epoch.
        monotonic: seconds; what timeouts of commands go by.
        wait: until an event is set, or so many seconds have passed.
    """

    def __init__(
        self,
        triggers: Iterable[Trigger],
        root: Path,
        environment: Mapping[str, str],
        fill: Callable[[str], str],
        masker: Masker,
        log: Path,
        *,
        clock: Callable[[], float] = now,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._triggers = tuple(triggers)
        self._root, self._environment, self._fill, self._masker = root, environment, fill, masker
        self._log, self._clock, self._monotonic, self._wait = log, clock, monotonic, wait
        self._guard = threading.Condition()
        self._left: deque[Delivery] = deque()
        """What has to be delivered; the first one is being delivered."""
        self._lost: list[Delivery] = []
        self._closed = False
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._means: Means | None = None
        self._log_error = ""

    def tell(self, happening: Happening) -> None:
        """Something happened. Returns at once. After `close` nobody learns of it."""
        concerned = [Delivery(trigger, happening) for trigger in self._triggers if matches(trigger, happening)]
        if not concerned:
            return
        with self._guard:
            if self._closed:
                return
            self._left.extend(concerned)
            self._guard.notify_all()
            if self._thread is None:
                # known before it starts: a signal that interrupts the start must not lead to a second one
                self._thread = threading.Thread(target=self._work, name="phasegate-triggers", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # there can be no more threads now: the next happening tries again
                    self._thread = None

    def close(self, deadline: float) -> list[str]:
        """Wait for the deliveries, at most `deadline` seconds, and end what goes on then: nothing of it is left.

        Returns:
            What could not be delivered and why, for people; the same at every further call.
        """
        try:
            with self._guard:
                self._closed = True
                self._guard.notify_all()
                if self._working():
                    self._guard.wait_for(lambda: not self._left, min(max(0.0, deadline), threading.TIMEOUT_MAX))
        finally:  # whoever interrupts the wait leaves nothing running either
            self._end()
        with self._guard:
            told = [*sentences([*self._lost, *self._left]), *filter(None, [self._log_error])]
        return [self._masker.text(line) for line in told]

    def _working(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _end(self) -> None:
        with self._guard:
            self._over.set()
            means = self._means
        if means is not None:
            means.stop()
        if self._thread is not None and self._working():
            self._thread.join(LAST_WORDS)

    def _work(self) -> None:
        """What the thread does until everything is delivered and nothing more comes, or time is up."""
        while True:
            with self._guard:
                self._guard.wait_for(lambda: bool(self._left) or self._closed)
                if not self._left or self._over.is_set():
                    return
                delivery = self._left[0]
            lost = self._deliver(delivery)
            with self._guard:
                if lost is not None:
                    self._lost.append(lost)
                self._left.popleft()
                self._guard.notify_all()

    def _deliver(self, delivery: Delivery) -> Delivery | None:
        """Try until it succeeds, or is not tried again; in the latter case what became of it."""
        while True:
            tried = self._try(delivery)
            self._note(delivery, tried)
            if tried.succeeded:
                return None
            if tried.stopped:
                return replace(delivery, outcome=delivery.outcome or tried.outcome)
            delivery = replace(delivery, tried=delivery.tried + 1, outcome=tried.outcome)
            retry = retry_after(POLICY, delivery.tried)
            if retry is None:
                return delivery
            self._wait(self._over, retry.wait)
            if self._over.is_set():
                return delivery

    def _try(self, delivery: Delivery) -> Tried:
        from .deliver import Tried, deliver

        try:
            return deliver(delivery.trigger, delivery.happening, self._with())
        except Exception as error:  # whatever it is, it is no reason for the run, nor for the next delivery
            return Tried(False, f"{type(error).__name__}: {error}")

    def _with(self) -> Means:
        from phases.local import LocalExecutor

        from .deliver import Means, Webhooks

        if self._means is None:
            executor = LocalExecutor(self._monotonic)  # not the run's: that one ends with the works
            means = Means(self._root, self._environment, self._fill, self._masker, executor, Webhooks())
            with self._guard:
                self._means = means
                if self._over.is_set():  # whoever set it found nothing to stop
                    means.stop()
        return self._means

    def _note(self, delivery: Delivery, tried: Tried) -> None:
        text = entry(self._clock(), delivery, tried, self._masker.text)
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError as error:
            self._log_error = f"the triggers' log {self._log} cannot be written: {error.strerror or error}"


def entry(now: float, delivery: Delivery, tried: Tried, mask: Callable[[str], str]) -> str:
    """What the log says of a try: a line, and below it, indented, what a command printed."""
    from .deliver import what_of

    trigger, happening = delivery.trigger, delivery.happening
    moment = f"{datetime.fromtimestamp(now, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    what = _one_line(mask(what_of(trigger)))  # masked first: half a secret would not be found any more
    if len(what) > LONGEST_WHAT:
        what = f"{what[: LONGEST_WHAT - 1]}…"
    outcome = _one_line(mask(tried.outcome))
    count = f"try {delivery.tried + 1} of {POLICY.attempts}"
    head = f"{moment} {happening.event} {happening.phase or '-'} {trigger.place} {what}: {outcome} ({count})"
    return "".join(f"{line}\n" for line in [head, *(f"    {line}" for line in mask(tried.output).splitlines())])


def sentences(lost: Iterable[Delivery]) -> list[str]:
    """What could not be delivered, and why; alike ones once, with their number."""
    alike = Counter(
        f"trigger {delivery.trigger.place} on {delivery.happening.event}: {_why(delivery)}" for delivery in lost
    )
    return [line if count == 1 else f"{line} ({count} events)" for line, count in alike.items()]


def _why(delivery: Delivery) -> str:
    if not delivery.tried:
        return delivery.outcome or "the run ended before it was tried"
    return f"{delivery.outcome}, tried {'once' if delivery.tried == 1 else f'{delivery.tried} times'}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
