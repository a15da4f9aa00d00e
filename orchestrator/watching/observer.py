"""Waiting for something to happen in folders."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

from .sources import Places

TICK_MS = 100
"""How long one look at what happened takes, where nothing did."""
QUIET = 0.1
"""Seconds without an event after which a burst is over."""
LONGEST = 5.0
"""Seconds after which a burst counts as over although it goes on."""


class Observer:
    """Sees all that happens in these places from its making on.

    Args:
        poll: look at the files again and again, for file systems that tell no events.

    Raises:
        OSError: the system gives no more events; polling works.
    """

    def __init__(self, places: Places, *, poll: bool) -> None:
        self._looks = [
            _looks(folders, deep=deep, poll=poll)
            for folders, deep in ((places.shallow, False), (places.deep, True))
            if folders
        ]
        self.woken()  # the first look begins the watch

    def woken(self) -> bool:
        """Did anything happen since the last time? Waits a moment for it."""
        found = [next(look) for look in self._looks]
        return any(found)

    def settled(self) -> None:
        """Return when nothing has happened for a while."""
        settle(self.woken)

    def close(self) -> None:
        """Stop."""
        for look in self._looks:
            look.close()


def settle(woken: Callable[[], bool], monotonic: Callable[[], float] = time.monotonic) -> None:
    """Return when a burst is over: `woken` said no for `QUIET` seconds, or it goes on for `LONGEST`."""
    began = last = monotonic()
    while (now := monotonic()) - last < QUIET and now - began < LONGEST:
        if woken():
            last = monotonic()


def _looks(folders: tuple[str, ...], *, deep: bool, poll: bool) -> Generator[set[Any], None, None]:
    import watchfiles  # which brings anyio along

    return watchfiles.watch(
        *folders,
        watch_filter=None,
        debounce=TICK_MS,
        step=TICK_MS // 2,
        rust_timeout=TICK_MS,
        yield_on_timeout=True,
        force_polling=poll or None,  # else by WATCHFILES_FORCE_POLLING
        recursive=deep,
        ignore_permission_denied=True,
    )
