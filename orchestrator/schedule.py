"""What may start now: jobs and pools, who waits for them, and who waits for a time. Pure: the time is given.

What is most urgent starts first, and what is as urgent in the order in which it came. One that waits for a pool lets
others pass, but none that is less urgent and would take of the same pool: else small takers could keep a large one
waiting for ever.
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


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item]):
    item: Item
    takes: Mapping[str, int]
    urgency: float


_Queue = list[tuple[float, int, _Waiting[Item]]]
"""A heap: the most urgent first, and of those the one that came first. No two have the same number."""


@dataclass(slots=True)
class Schedule(Generic[Item]):
    """Items that want to start, each with what it takes of the pools and how urgent it is: the larger, the more."""

    slots: Slots
    ready: int = 0
    """How many may start as soon as there is room for them."""
    _queues: dict[tuple[tuple[str, int], ...], _Queue[Item]] = field(default_factory=dict)
    """By what they take: whether the first of one may start is true of all in it."""
    _later: list[tuple[float, int, _Waiting[Item]]] = field(default_factory=list)
    _count: int = 0

    def add(self, item: Item, takes: Mapping[str, int], urgency: float = 0.0) -> None:
        """An item that wants to start."""
        self._count += 1
        self._make_ready(_Waiting(item, takes, urgency))

    def add_later(self, item: Item, takes: Mapping[str, int], due: float, urgency: float = 0.0) -> None:
        """An item that wants to start at a time. Until then it takes nothing."""
        self._count += 1
        heapq.heappush(self._later, (due, self._count, _Waiting(item, takes, urgency)))

    def start(self, now: float) -> Item | None:
        """The next item that may start now, its slots taken; None when none may."""
        while self._later and self._later[0][0] <= now:
            self._make_ready(heapq.heappop(self._later)[2])
        kept: set[str] = set()
        for queue in sorted(filter(None, self._queues.values())) if self.slots.jobs > 0 else ():
            waiting = queue[0][2]
            if self.slots.fit(waiting.takes) and kept.isdisjoint(waiting.takes):
                heapq.heappop(queue)
                self.ready -= 1
                self.slots.take(waiting.takes)
                return waiting.item
            kept.update(waiting.takes)
        return None

    def _make_ready(self, waiting: _Waiting[Item]) -> None:
        queue = self._queues.setdefault(tuple(sorted(waiting.takes.items())), [])
        self._count += 1
        self.ready += 1
        heapq.heappush(queue, (-waiting.urgency, self._count, waiting))

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
        return bool(self.ready or self._later)
