"""Criteria of the plan that take more than one number: each returns a result, the value it saw, and a sentence."""

from __future__ import annotations

from pathlib import Path

from phases.flights.artifacts import connect, read_json, scalar

# measured when the plane leaves or later; whoever has them at the scheduled departure has looked ahead
MEASURED_LATER = {"dep_time", "dep_delay", "departed", "arr_time", "arr_delay", "air_time"}

Verdict = dict[str, object]


def _verdict(good: bool, value: object, message: str) -> Verdict:
    return {"result": "pass" if good else "fail", "value": value, "message": message}


def known_at_departure() -> Verdict:
    """No feature is measured after the scheduled departure."""
    later = sorted(MEASURED_LATER & set(read_json("build/features.json")["columns"]))
    return _verdict(not later, len(later), f"measured too late: {', '.join(later) or 'none'}")


def no_overlap() -> Verdict:
    """No day is on both sides of the split, and all that is judged comes after all that was learnt."""
    with connect() as db:
        last = scalar(db, "select max(date) from 'build/split/train.parquet'")
        first = scalar(db, "select min(date) from 'build/split/held_out.parquet'")
    return _verdict(last < first, (first - last).days, f"training ends {last}, judging starts {first}")


def slices_cover() -> Verdict:
    """The carriers of the matrix stand for nearly all held-out flights: a new carrier must not go unseen."""
    rows = sum(read_json(path)["rows"] for path in Path("build/slices").glob("*.json"))
    share = round(rows / read_json("build/metrics.json")["rows"], 4)
    return _verdict(share >= 0.95, share, f"the slices hold {share:.1%} of the held-out flights")


def no_carrier_worse() -> Verdict:
    """The model beats the baseline for every carrier, not only on the whole."""
    slices = [read_json(path) for path in sorted(Path("build/slices").glob("*.json"))]
    worse = [f"{one['carrier']} ({one['improvement']:.1%})" for one in slices if one["improvement"] < 0]
    return _verdict(not worse, len(worse), f"worse than the baseline: {', '.join(worse) or 'none'}")
