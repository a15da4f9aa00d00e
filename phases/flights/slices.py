"""Phase 11: the errors for one carrier. The plan runs it once for each carrier of its matrix."""

from __future__ import annotations

import argparse

from phases.flights.artifacts import read_table, write_json
from phases.flights.scores import errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--carrier", required=True, help="the airline's code, such as UA")
    carrier: str = parser.parse_args().carrier
    flights = read_table("from 'build/predictions.parquet'")
    its = flights["carrier"] == carrier
    if not its.any():
        parser.error(f"no flight of {carrier} on the held-out days")
    slices = {name: errors(flights[name][its], flights["arr_delay"][its]) for name in ("model", "baseline")}
    improvement = 1 - slices["model"]["mae"] / slices["baseline"]["mae"]
    rows = int(its.sum())
    write_json(
        f"build/slices/{carrier}.json",
        {"carrier": carrier, "rows": rows, "improvement": round(improvement, 6), **slices},
    )
    print(f"{carrier}: {rows} flights, error {slices['model']['mae']:.1f} min, {improvement:.1%} below the baseline's")


if __name__ == "__main__":
    main()
