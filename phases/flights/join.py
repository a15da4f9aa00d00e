"""Phase 4: put weather, plane, airports and airline beside each flight, and measure how well they match."""

from __future__ import annotations

from phases.flights.artifacts import SQL, connect, scalar, write_json, write_parquet

MATCHES = """
select
    avg(has_weather::int) as weather, avg(has_plane::int) as planes,
    avg(has_airport::int) as airports, avg(has_airline::int) as airlines,
    median(abs(great_circle - distance)) as distance_gap
from read_parquet('build/joined.parquet')
"""


def main() -> None:
    with connect() as db:
        rows_in = scalar(db, "select count(*) from read_parquet('build/clean.parquet')")
        query = (SQL / "joined.sql").read_text(encoding="utf-8")
        rows_out = write_parquet(db, query, "build/joined.parquet")
        found = db.execute(MATCHES).fetchone()
    assert found is not None
    *rates, gap = found
    matched = {
        name: round(rate, 6) for name, rate in zip(("weather", "planes", "airports", "airlines"), rates, strict=True)
    }
    write_json(
        "build/join.json",
        {
            "rows": {"in": rows_in, "out": rows_out, "gained": rows_out - rows_in},
            "matched": matched,
            "distance_gap_miles": round(gap, 3),
        },
    )
    print(f"{rows_in} flights in, {rows_out} out; matched {matched}; median gap {gap:.1f} miles")


if __name__ == "__main__":
    main()
