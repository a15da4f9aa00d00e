"""How much GitHub takes from one token: 5,000 requests an hour, and, when asked to, 80 writes a minute, 500 an hour."""

from __future__ import annotations

from collections import defaultdict, deque

from fake_faults import PRIMARY, SECONDARY
from fake_state import Refused

HOUR, MINUTE = 3600, 60


class Limits:
    """Counts by token. `writes` turns the secondary limits on: GitHub's own numbers, by the server's clock."""

    def __init__(self) -> None:
        self.limit, self.writes = 5000, False
        self._used: dict[str, list[float]] = {}
        self._written: dict[str, deque[float]] = defaultdict(deque)

    def rate(self, secret: str | None, now: float) -> dict[str, int]:
        """limit, used, remaining, and when it starts anew (seconds since the epoch)."""
        used, start = self._used.get(secret or "", (0.0, now))
        used, start = (0.0, now) if now >= start + HOUR else (used, start)
        left = max(self.limit - int(used), 0)
        return {"limit": self.limit, "remaining": left, "reset": int(start) + HOUR, "used": self.limit - left}

    def allow(self, method: str, secret: str | None, now: float) -> None:
        """Raises: Refused: too much."""
        rate = self.rate(secret, now)
        if not rate["remaining"]:
            raise Refused(403, PRIMARY)
        if self.writes and method != "GET":
            written = self._written[secret or ""]
            while written and written[0] <= now - HOUR:
                written.popleft()
            if sum(at > now - MINUTE for at in written) >= 80 or len(written) >= 500:
                raise Refused(403, SECONDARY, **{"Retry-After": "60"})
            written.append(now)

    def count(self, secret: str | None, now: float, free: bool = False) -> dict[str, str]:
        """One request more, and the headers that tell how many are left."""
        rate = self.rate(secret, now)
        if not free:
            self._used[secret or ""] = [rate["used"] + 1, rate["reset"] - HOUR]
            rate = self.rate(secret, now)
        return {f"X-RateLimit-{name.title()}": str(value) for name, value in rate.items()} | {
            "X-RateLimit-Resource": "core"
        }
