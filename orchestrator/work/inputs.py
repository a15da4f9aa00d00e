"""Whether a work can start on its inputs as they are: there, readable, and what their gates opened for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..config.paths import is_glob
from ..plan import Work
from ..state.digests import ABSENT, UNREADABLE
from ..state.files import State as FileState
from ..state.files import flat
from ..state.records import PATHS, Record


def unfit(work: Work, states: Mapping[str, FileState], record: Callable[[str], Record | None]) -> str | None:
    """Why it cannot: `its input build/x is not there`; None when it can.

    Between the opening of a gate and the start of what reads behind it time may pass, in which somebody writes: what
    starts on other content than was judged would carry it past the gate.

    Args:
        states: of each input.
        record: the record of a task; that of a gate says with what it opened.
    """
    for given in work.inputs:
        state = states[given.path]
        if state == ABSENT or (is_glob(given.path) and not state):
            return f"its input {given.path} is not there"
        files = flat(given.path, state)
        closed = next((file for file, digest in files.items() if digest == UNREADABLE), None)
        if closed is not None:
            return f"its input {closed} cannot be read"
        judged = {file: digest for maker in given.makers for file, digest in _opened_with(record(maker))}
        other = next((file for file, digest in files.items() if judged.get(file, digest) != digest), None)
        if other is not None:
            return f"its input {other} changed since its gate opened"
    return None


def _opened_with(record: Record | None) -> list[tuple[str, str]]:
    if record is None:
        return []
    return [pair for path in record.get(PATHS, ()) for pair in flat(path, record[path]).items()]
