"""Creating something exactly once, where the answer to a request may be lost with the thing made.

The intent is recorded before the request and the number after it. Whoever finds an intent without a number looks first,
by the hidden mark and the author, and more than once over time, because GitHub's lists may lag behind what they list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..clock import now
from ..state.projections import Projections
from .trouble import Kind, Trouble

LOOKS = (0.0, 2.0, 4.0)
"""Seconds before each look for what may have been created."""
SETTLED = 60.0
"""Seconds after an intent from which on one look is enough."""
TRIES = 3
INTENT = "intent"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that should exist once."""

    key: str
    create: Callable[[], int]
    """Its number, once it is made. Its trouble is `LATER` where it may have been made all the same."""
    find: Callable[[], list[int]]
    """The numbers of what there is of it, the oldest first."""
    take_away: Callable[[int], None]
    """End one that is there twice."""
    by_others: bool = False
    """It may be there although this state knows nothing of it: another clone's, or a lost state's."""


class Creation:
    """Creates things, and remembers their numbers. For one thread.

    Args:
        wait: waits so many seconds, or raises what ends the waiting.
    """

    def __init__(self, known: Projections, wait: Callable[[float], None], clock: Callable[[], float] = now) -> None:
        self._known = known
        self._wait = wait
        self._clock = clock

    def once(self, thing: Thing) -> tuple[int, bool]:
        """Its number, and whether it was made just now.

        Raises:
            Trouble: it is not known to be there.
        """
        there = self._known.get(thing.key)
        if there is not None and there.number is not None:
            return there.number, False
        kept = {} if there is None else {key: value for key, value in there.data.items() if key != INTENT}
        intent = None if there is None else there.data.get(INTENT)
        found = self._found(thing, (0.0,)) if intent is None and thing.by_others else []
        trouble = None
        for _ in range(TRIES):
            if intent is not None:
                found = self._found(thing, LOOKS if self._clock() - intent < SETTLED else LOOKS[:1])
            if found:
                self._known.put(thing.key, found[0], data=kept)
                return found[0], False
            intent = self._clock()
            self._known.put(thing.key, None, data={**kept, INTENT: intent})
            try:
                number = thing.create()
            except Trouble as error:
                trouble = error
                if error.kind is Kind.LATER:
                    continue
                # hardly a doubt, but a proxy may refuse what was made: one look before the next try
                self._known.put(thing.key, None, data={**kept, INTENT: 0.0})
                raise
            self._known.put(thing.key, number, data=kept)
            return number, True
        assert trouble is not None
        raise trouble

    def _found(self, thing: Thing, looks: tuple[float, ...]) -> list[int]:
        """What is there of it; of several only the oldest stays."""
        for seconds in looks:
            if seconds:
                self._wait(seconds)
            if found := thing.find():
                for double in found[1:]:
                    thing.take_away(double)
                return found[:1]
        return []
