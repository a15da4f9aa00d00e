"""Several at once of what mostly waits for somebody else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

AT_ONCE = 8

_Item = TypeVar("_Item")


def each(do: Callable[[_Item], None], items: Sequence[_Item]) -> None:
    """Do it with every item, in no order. After the first failure no other one begins, and that failure is raised."""
    if len(items) < 2:
        for item in items:
            do(item)
        return
    from concurrent.futures import ThreadPoolExecutor

    failed = False

    def one(item: _Item) -> None:
        nonlocal failed
        if not failed:
            try:
                do(item)
            except BaseException:
                failed = True
                raise

    with ThreadPoolExecutor(min(AT_ONCE, len(items))) as pool:
        for done in [pool.submit(one, item) for item in items]:
            done.result()
