"""Phase 3: drop the flights that never arrived or cannot be true, and count what was dropped and why."""

from __future__ import annotations

from phases.flights.artifacts import SQL, connect, param, scalar, write_json, write_parquet

REASONS = ("cancelled", "diverted", "impossible", "duplicate")


def main() -> None:
    with connect() as db:
        db.execute(f"set variable min_mph = {param('min_mph', 50)}")
        db.execute(f"set variable max_mph = {param('max_mph', 700)}")
        db.execute(f"create table judged as {(SQL / 'clean.sql').read_text(encoding='utf-8')}")
        rows = scalar(db, "select count(*) from judged")
        reasons = dict(db.execute("select dropped, count(*) from judged group by all").fetchall())
        order = "scheduled, carrier, flight, origin"
        query = f"select * exclude (dropped) from judged where dropped is null order by {order}"
        kept = write_parquet(db, query, "build/clean.parquet")
    dropped = {reason: reasons.get(reason, 0) for reason in REASONS}
    write_json(
        "build/clean.json",
        {"rows": {"raw": rows, "kept": kept, "retained": round(kept / rows, 6)}, "dropped": dropped},
    )
    print(f"kept {kept} of {rows} flights; dropped {dropped}")


if __name__ == "__main__":
    main()
