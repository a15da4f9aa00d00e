"""How often GitHub may be written to: 80 times a minute, 500 times an hour, and not in bursts (GitHub's documentation,
Rate limits for the REST API, Secondary rate limits). Pure but for the clock that is given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOWS = ((60.0, 80), (3600.0, 500))
"""Seconds, and how many writes fit into them."""
BURST = (20.0, 10)
"""So many go out at once, as at the end of a run; beyond that one a second."""
SPACING = 1.0
"""Seconds."""


class Governor:
    """Says when the next write may be sent. For one thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sent: deque[float] = deque(maxlen=max(most for _, most in WINDOWS))
        self._not_before = 0.0

    def wait(self) -> float:
        """Seconds until a write may be sent; 0 when it may be now."""
        now = self._clock()
        free = [self._not_before, *(self._free(seconds, most) for seconds, most in WINDOWS)]
        if self._free(*BURST) > now:
            free.append(self._sent[-1] + SPACING)
        return max(0.0, max(free) - now)

    def rest(self) -> float:
        """Seconds until anything may be sent, reads too."""
        return max(0.0, self._not_before - self._clock())

    def wrote(self) -> None:
        """One was sent."""
        self._sent.append(self._clock())

    def pause(self, seconds: float) -> None:
        """GitHub asked for a pause of so many seconds from now."""
        self._not_before = max(self._not_before, self._clock() + seconds)

    def _free(self, seconds: float, most: int) -> float:
        """When the window has room again."""
        return self._sent[-most] + seconds if len(self._sent) >= most else 0.0
