"""Phase 2: what is in the tables? Rows, and for each column its type, its missing values and its range."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from phases.flights.artifacts import connect, write_json


def profile(path: Path) -> dict[str, Any]:
    with connect() as db:
        db.execute(f"create view it as from read_parquet('{path}')")
        columns = [(name, kind) for name, kind, *_ in db.execute("describe it").fetchall()]
        # text for the ends of the range: dates and numbers then fit in one JSON shape
        measures = ", ".join(f"count({name}), min({name})::varchar, max({name})::varchar" for name, _ in columns)
        found = db.execute(f"select count(*), {measures} from it").fetchone()
    assert found is not None
    rows, values = found[0], found[1:]
    return {
        "rows": rows,
        "columns": {
            name: {
                "type": kind,
                "missing": round(1 - values[3 * i] / rows, 6),
                "min": values[3 * i + 1],
                "max": values[3 * i + 2],
            }
            for i, (name, kind) in enumerate(columns)
        },
    }


def main() -> None:
    tables = {path.stem: profile(path) for path in sorted(Path("build/raw").glob("*.parquet"))}
    write_json("build/profile.json", {"tables": tables})
    for name, table in tables.items():
        print(f"{name}: {table['rows']} rows, {len(table['columns'])} columns")


if __name__ == "__main__":
    main()
