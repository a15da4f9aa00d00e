"""Phase 7: the forecast to beat: the mean delay of the carrier in that hour of the day, a lookup table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phases.flights.artifacts import Table, connect, read_table, write_json

TRAIN = "build/split/train.parquet"
# fewer flights than this make no mean worth the name; their carrier's mean stands in
FEWEST = 5


def fit(path: str) -> dict[str, Any]:
    with connect() as db:
        overall = db.execute(f"select avg(arr_delay) from '{path}'").fetchone()
        carriers = db.execute(f"select carrier, avg(arr_delay) from '{path}' group by all order by all").fetchall()
        hours = db.execute(
            f"select carrier || ' ' || hour::int, avg(arr_delay) from '{path}' "
            f"group by carrier, hour having count(*) >= {FEWEST} order by all"
        ).fetchall()
    assert overall is not None
    return {
        "mean": round(overall[0], 6),
        "carriers": {carrier: round(mean, 6) for carrier, mean in carriers},
        "carrier_hours": {key: round(mean, 6) for key, mean in hours},
    }


def predict(table: dict[str, Any], flights: Table) -> NDArray[np.float64]:
    def one(carrier: str, hour: float) -> float:
        of_carrier = table["carriers"].get(carrier, table["mean"])
        return float(table["carrier_hours"].get(f"{carrier} {hour:.0f}", of_carrier))

    return np.array([one(carrier, hour) for carrier, hour in zip(flights["carrier"], flights["hour"], strict=True)])


def main() -> None:
    table = fit(TRAIN)
    flights = read_table(f"from '{TRAIN}'")
    mae = float(np.abs(flights["arr_delay"] - predict(table, flights)).mean())
    write_json("build/baseline.json", {**table, "train": {"rows": len(flights["hour"]), "mae": round(mae, 6)}})
    print(f"{len(table['carrier_hours'])} means of carrier and hour; error on the training days {mae:.2f} min")


if __name__ == "__main__":
    main()
