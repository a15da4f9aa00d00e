"""Phase 9: both forecasts for the held-out days, and how far off they are."""

from __future__ import annotations

from phases.flights import baseline, model
from phases.flights.artifacts import connect, read_json, read_table, write_json, write_parquet, write_text
from phases.flights.scores import LATE, errors

HELD_OUT = "from 'build/split/held_out.parquet' order by scheduled, carrier, flight, origin"
PREDICTIONS = f"""
create table predictions as
select date, carrier, flight, origin, hour, arr_delay, round(model, 3) as model, round(baseline, 3) as baseline
from ({HELD_OUT})
positional join (select unnest($model::double[]) as model, unnest($baseline::double[]) as baseline)
"""


def main() -> None:
    flights = read_table(HELD_OUT)
    forecasts = {
        "model": model.predict(read_json("build/model.json"), flights),
        "baseline": baseline.predict(read_json("build/baseline.json"), flights),
    }
    actual = flights["arr_delay"]
    metrics = {name: errors(predicted, actual) for name, predicted in forecasts.items()}
    write_json("build/metrics.json", {**metrics, "rows": len(actual), "late": round(float((actual >= LATE).mean()), 6)})

    with connect() as db:
        db.execute(PREDICTIONS, {name: values.tolist() for name, values in forecasts.items()})
        write_parquet(db, "from predictions", "build/predictions.parquet")
        days = db.execute(
            "select date, count(*), avg(abs(model - arr_delay)), avg(abs(baseline - arr_delay)) "
            "from predictions group by all order by all"
        ).fetchall()
    lines = [f"{date},{count},{of_model:.4f},{of_baseline:.4f}\n" for date, count, of_model, of_baseline in days]
    write_text("build/daily.csv", "".join(["date,flights,mae_model,mae_baseline\n", *lines]))
    for name, values in metrics.items():
        print(f"{name}: {values}")


if __name__ == "__main__":
    main()
