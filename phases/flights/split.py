"""Phase 6: the first days of the month to learn from, the last ones to be judged by.

By whole days and in order of time: flights of one day share its weather and its jams, so a random split would let the
model look at the answer.
"""

from __future__ import annotations

from typing import Any

from phases.flights.artifacts import connect, write_json, write_parquet


def main(train_days: int) -> None:
    with connect() as db:
        dates = [
            str(date)
            for (date,) in db.execute("select distinct date from 'build/features.parquet' order by 1").fetchall()
        ]
        if not 0 < train_days < len(dates):
            raise ValueError(
                f"train_days is {train_days}, but the data has {len(dates)} days: leave some on both sides"
            )
        parts = {"train": dates[:train_days], "held_out": dates[train_days:]}
        summary: dict[str, dict[str, Any]] = {}
        for name, days in parts.items():
            rows = write_parquet(
                db,
                f"from 'build/features.parquet' where date between date '{days[0]}' and date '{days[-1]}' "
                "order by scheduled, carrier, flight, origin",
                f"build/split/{name}.parquet",
            )
            summary[name] = {"first": days[0], "last": days[-1], "days": len(days), "rows": rows}
    total = sum(part["rows"] for part in summary.values())
    write_json("build/split/split.json", {**summary, "held_out_share": round(summary["held_out"]["rows"] / total, 6)})
    for name, part in summary.items():
        print(f"{name}: {part['rows']} flights from {part['first']} to {part['last']}")
