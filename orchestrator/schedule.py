"""What may start now: jobs and pools, who waits for them, and who waits for a time. Pure: the time is given.

Tasks start in the order in which they came. One that waits for a pool lets others pass, but none that would take of the
same pool: else small takers could keep a large one waiting for ever.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class Slots:
    """How much is free."""

    jobs: int
    """Of the things that may happen at the same time."""
    pools: dict[str, int] = field(default_factory=dict)

    def fit(self, takes: Mapping[str, int]) -> bool:
        """Is there a job, and enough of each pool?"""
        return self.jobs > 0 and all(self.pools[pool] >= count for pool, count in takes.items())

    def take(self, takes: Mapping[str, int]) -> None:
        self.jobs -= 1
        for pool, count in takes.items():
            self.pools[pool] -= count

    def give(self, takes: Mapping[str, int]) -> None:
        self.jobs += 1
        for pool, count in takes.items():
            self.pools[pool] += count


@dataclass(slots=True)
class Schedule(Generic[Item]):
    """Items that want to start, each with what it takes of the pools."""

    slots: Slots
    _ready: list[tuple[Item, Mapping[str, int]]] = field(default_factory=list)
    _later: list[tuple[float, int, Item, Mapping[str, int]]] = field(default_factory=list)
    _count: int = 0

    def add(self, item: Item, takes: Mapping[str, int]) -> None:
        """An item that wants to start."""
        self._ready.append((item, takes))

    def add_later(self, item: Item, takes: Mapping[str, int], due: float) -> None:
        """An item that wants to start at a time. Until then it takes nothing."""
        self._count += 1
        heapq.heappush(self._later, (due, self._count, item, takes))

    def start(self, now: float) -> Item | None:
        """The next item that may start now, its slots taken; None when none may."""
        while self._later and self._later[0][0] <= now:
            _, _, item, takes = heapq.heappop(self._later)
            self._ready.append((item, takes))
        kept: set[str] = set()
        for index, (item, takes) in enumerate(self._ready):
            if self.slots.fit(takes) and kept.isdisjoint(takes):
                del self._ready[index]
                self.slots.take(takes)
                return item
            kept.update(takes)
        return None

    @property
    def has_room(self) -> bool:
        """Would another item that takes of no pool start at once?"""
        return self.slots.jobs > 0

    @property
    def next_due(self) -> float | None:
        """When the first item that waits for a time may start."""
        return self._later[0][0] if self._later else None

    @property
    def waits(self) -> bool:
        """Is there an item that has not started?"""
        return bool(self._ready or self._later)
