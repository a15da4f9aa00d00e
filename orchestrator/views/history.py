"""The history of a plan: the journal's entries as lines and as data, and the values of a metric over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

from criteria.words import one_line

from ..gate.digest import SHORT
from ..state.chain import Break
from ..state.journal import Entry, Event
from .words import figure, made_by, seconds

BARS = "▁▂▃▄▅▆▇█"
OF_VERDICT = ("value", "bound", "result")


def history_data(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The entries in JSON's types (docs/json.md)."""
    return [
        {
            "seq": entry.seq,
            "at": entry.at,
            "run": entry.run or None,
            "phase": entry.phase,
            "task": entry.task,
            "event": entry.event.value,
            "data": dict(entry.data),
        }
        for entry in entries
    ]


def history_lines(entries: Sequence[Entry]) -> Iterator[str]:
    """A line an entry: when, what, of which phase or work, and the little that matters most of the rest."""
    names = max((len(_name(entry)) for entry in entries), default=0)
    for entry in entries:
        yield f"{_local(entry.at)}  {entry.event.value:16}  {_name(entry):{names}}  {one_line(_told(entry))}".rstrip()


def metric_data(entries: Iterable[Entry], metric: str) -> list[dict[str, Any]]:
    """The values of a metric, each time that its gate was judged."""
    return [
        {"seq": entry.seq, "at": entry.at, "run": entry.run or None, **{key: verdict[key] for key in OF_VERDICT}}
        for entry in entries
        if entry.event is Event.JUDGED
        for verdict in entry.data["verdicts"]
        if verdict["name"] == metric
    ]


def metric_lines(values: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line a value, with the difference to the one before, and at last all of them as a line of bars."""
    before: float | None = None
    for value in values:
        number = value["value"] if _is_number(value["value"]) else None
        step = "" if number is None or before is None else f"{number - before:+.6g}"
        shown = f"{figure(value['value']):>12}  {step:>12}  {value['bound']}"
        yield f"{_local(value['at'])}  {value['result']:6}  {shown}".rstrip()
        before = before if number is None else number
    numbers = [value["value"] for value in values if _is_number(value["value"])]
    if len(numbers) > 1:
        yield bars(numbers)


def bars(numbers: Sequence[float], width: int = 60) -> str:
    """The last numbers as bars between the least and the greatest of them."""
    shown = numbers[-width:]
    low, high = min(shown), max(shown)
    if low == high:
        return BARS[len(BARS) // 2] * len(shown)
    return "".join(BARS[round((number - low) / (high - low) * (len(BARS) - 1))] for number in shown)


def verdict_on(breaks: Sequence[Break], count: int, newest: str) -> Iterator[str]:
    """What was found when the chain was checked."""
    for found in breaks:
        yield f"entry {found.seq} {found.what}: {found.detail}"
    if not breaks:
        yield f"{count} entries, none edited, removed or moved; the newest hash is {newest or 'none'}"


def _told(entry: Entry) -> str:
    data = entry.data
    if entry.event is Event.ATTEMPT_STARTED:
        return f"attempt {data['attempt']}, pid {data['pid']}"
    if entry.event is Event.ATTEMPT_ENDED:
        took = "" if data.get("duration") is None else f" after {seconds(data['duration'])}"
        why = f": {data['problem']}" if data.get("problem") else ""
        return f"attempt {data['attempt']} {data['outcome']}{took}{why}"
    if entry.event is Event.ATTEMPT_RESTORED:
        return f"{made_by(data['made'])}, from {data['cache']}"
    if entry.event is Event.ATTEMPT_WAITING:
        return f"attempt {data['attempt'] + 1} in {seconds(data['wait'])}"
    if entry.event is Event.JUDGED:
        values = ", ".join(f"{v['name']} {figure(v['value'])}" for v in data["verdicts"] if v["kind"] == "metric")
        return " ".join(filter(None, (data["outcome"], data["digest"][:SHORT], values)))
    if "by" in data and "digest" in data:
        what = f"{data['criterion']} for " if "criterion" in data else ""
        reason = f": {data['reason']}" if data["reason"] else ""
        return f"{what}{data['digest'][:SHORT]} by {data['by']}{reason}"
    if entry.event is Event.RUN_ENDED:
        return ", ".join(f"{count} {end}" for end, count in data.get("ends", {}).items()) or "killed"
    return data["digest"][:SHORT] if "digest" in data else ""


def _name(entry: Entry) -> str:
    return entry.task or entry.phase or "plan"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _local(at: float) -> str:
    return f"{datetime.fromtimestamp(at, timezone.utc).astimezone():%Y-%m-%d %H:%M:%S}"
