"""Which workers can take a work, and which of them seem to be frozen. Pure: the time is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as the scheduler knows it."""

    resources: Mapping[str, float]
    last_seen: float
    """When it last told the scheduler of itself, by the scheduler's clock."""


def impossible(wanted: Mapping[str, float], workers: Mapping[str, Worker]) -> str | None:
    """Why none of the workers can ever take a work that wants these resources; None when one can, or there are none."""
    if not workers or any(_has(worker, wanted) for worker in workers.values()):
        return None
    count = "the 1 worker has" if len(workers) == 1 else f"the {len(workers)} workers have"
    offers = sorted({_told(worker.resources) for worker in workers.values()})
    return f"{_told(wanted)} is asked for, and {count} {' or '.join(offers)}"


def _has(worker: Worker, wanted: Mapping[str, float]) -> bool:
    return all(worker.resources.get(name, 0) >= amount for name, amount in wanted.items())


def _told(resources: Mapping[str, float]) -> str:
    return ", ".join(f"{name}: {amount:g}" for name, amount in sorted(resources.items())) or "no resources"


@dataclass(slots=True)
class Attendance:
    """Who has been heard of. The scheduler itself gives up on a silent worker after five minutes only."""

    patience: float
    """Seconds after which a worker that told nothing of itself seems frozen."""
    _seen: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By address: when it was last seen, by the scheduler's clock, and since when we know that, by ours."""

    def look(self, workers: Mapping[str, Worker], now: float) -> frozenset[str]:
        """The addresses of those that seem frozen."""
        for address in set(self._seen) - set(workers):
            del self._seen[address]
        for address, worker in workers.items():
            before = self._seen.get(address)
            if before is None or before[0] != worker.last_seen:
                self._seen[address] = (worker.last_seen, now)
        return frozenset(address for address, (_, since) in self._seen.items() if now - since > self.patience)
