"""Phase 5: what can be known about a flight at its scheduled departure (see sql/features.sql)."""

from __future__ import annotations

import numpy as np

from phases.flights.artifacts import SQL, connect, param, read_table, write_json, write_parquet

TARGET = "arr_delay"
FEATURES = "build/features.parquet"
# what names a flight; the flight number is a number, but not a quantity
KEYS = ("date", "scheduled", "carrier", "flight", "origin", "dest")


def main() -> None:
    with connect() as db:
        db.execute(f"set variable window_hours = {param('window_hours', 2):.0f}")
        write_parquet(db, (SQL / "features.sql").read_text(encoding="utf-8"), FEATURES)
    table = read_table(f"from read_parquet('{FEATURES}')")
    target = table.pop(TARGET)
    numeric = {name: values for name, values in table.items() if name not in KEYS}
    described = {}
    for name, values in numeric.items():
        known = ~np.isnan(values)
        described[name] = {
            "missing": round(1 - float(known.mean()), 6),
            "correlation": round(float(np.corrcoef(values[known], target[known])[0, 1]), 6),
        }
    strongest = max(described, key=lambda name: abs(described[name]["correlation"]))
    write_json(
        "build/features.json",
        {
            "rows": len(target),
            "columns": sorted(table),
            "features": described,
            # a feature that says nearly all about the target was most likely measured after the fact
            "strongest": {"name": strongest, "correlation": abs(described[strongest]["correlation"])},
        },
    )
    print(f"{len(target)} flights, {len(numeric)} numeric features; strongest: {strongest} {described[strongest]}")


if __name__ == "__main__":
    main()
