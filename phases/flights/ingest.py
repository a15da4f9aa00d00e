"""Phase 1: the CSV files become typed Parquet tables, one for each query in sql/tables."""

from __future__ import annotations

from phases.flights.artifacts import SQL, connect, fresh_folder, write_parquet


def main() -> None:
    folder = fresh_folder("build/raw")
    with connect() as db:
        for query in sorted((SQL / "tables").glob("*.sql")):
            rows = write_parquet(db, query.read_text(encoding="utf-8"), folder / f"{query.stem}.parquet")
            print(f"{query.stem}: {rows} rows")


if __name__ == "__main__":
    main()
