"""Dependency order, and the cycles that make one impossible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def dependency_order(needs: Mapping[str, Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Every name after the ones that it needs, otherwise in the order given; and each cycle found, closed: `a → b → a`.

    Written with a stack of its own: a chain of 10,000 phases is deeper than Python's.
    """
    order: list[str] = []
    cycles: list[list[str]] = []
    done: set[str] = set()
    stack: list[tuple[str, Iterator[str]]] = []
    on_stack: dict[str, None] = {}

    def enter(name: str) -> None:
        on_stack[name] = None
        stack.append((name, iter(needs[name])))

    for start in needs:
        if start not in done:
            enter(start)
        while stack:
            name, left = stack[-1]
            need = next(left, None)
            if need is None:
                stack.pop()
                del on_stack[name]
                done.add(name)
                order.append(name)
            elif need in on_stack:
                path = list(on_stack)
                cycles.append([*path[path.index(need) :], need])
            elif need not in done and need in needs:
                enter(need)
    return order, cycles
