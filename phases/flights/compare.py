"""Phase 10: is the model better than the lookup table, or was it luck with the days?

Flights of one day are not independent, so whole days are drawn anew, not flights.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from phases.flights.artifacts import param, write_json


def main() -> None:
    with Path("build/daily.csv").open(encoding="utf-8", newline="") as file:
        days = list(csv.DictReader(file))
    flights, model, baseline = (
        np.array([float(day[name]) for day in days]) for name in ("flights", "mae_model", "mae_baseline")
    )
    draws = np.random.default_rng(int(param("seed", 2013))).integers(
        len(days), size=(int(param("resamples", 5000)), len(days))
    )
    error_model = (flights * model)[draws].sum(axis=1)
    error_baseline = (flights * baseline)[draws].sum(axis=1)
    low, high = np.quantile(1 - error_model / error_baseline, [0.05, 0.95])
    improvement = 1 - (flights * model).sum() / (flights * baseline).sum()
    write_json(
        "build/comparison.json",
        {
            "improvement": round(float(improvement), 6),
            "interval": {"low": round(float(low), 6), "high": round(float(high), 6), "confidence": 0.9},
            "days": {"total": len(days), "better": int((model < baseline).sum())},
        },
    )
    print(f"mean absolute error {improvement:.1%} below the baseline's (90 % of the draws: {low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main()
