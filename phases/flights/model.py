"""Phase 8: ridge regression of the arrival delay, solved in closed form: no seed and no iterations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from phases.flights.artifacts import Table, param, read_table, write_json

TRAIN = "build/split/train.parquet"
NUMERIC = (
    "hour", "distance", "plane_age", "seats",
    "temp", "dew_gap", "wind_speed", "wind_gust", "wet", "fog",
    "recent_departures", "recent_airport_delay", "recent_carrier_delay", "plane_delay", "evening_delay",
)  # fmt: skip
CATEGORIES = ("carrier", "origin")


def fit(flights: Table, penalty: float, longest: float) -> dict[str, Any]:
    """Learn from delays cut off at `longest` minutes: a handful of flights half a day late would pull every weight."""
    terms: list[dict[str, Any]] = []
    for name in NUMERIC:
        mean, scale = float(np.nanmean(flights[name])), float(np.nanstd(flights[name]))
        terms.append({"column": name, "mean": round(mean, 9), "scale": round(scale, 9) or 1.0})
    for name in CATEGORIES:
        terms.extend({"column": name, "level": level} for level in sorted(set(flights[name].tolist())))
    design = np.column_stack([_value(term, flights) for term in terms])
    target = np.minimum(flights["arr_delay"], longest)
    # centred, so that the penalty leaves the intercept alone
    centre = design.mean(axis=0)
    moved = design - centre
    weights = np.linalg.solve(moved.T @ moved + penalty * np.eye(len(terms)), moved.T @ (target - target.mean()))
    for term, weight in zip(terms, weights, strict=True):
        term["weight"] = round(float(weight), 9)
    return {"terms": terms, "intercept": round(float(target.mean() - centre @ weights), 9)}


def predict(model: dict[str, Any], flights: Table) -> NDArray[np.float64]:
    predicted = np.full(len(flights["carrier"]), float(model["intercept"]))
    for term in model["terms"]:
        predicted += term["weight"] * _value(term, flights)
    return predicted


def _value(term: dict[str, Any], flights: Table) -> NDArray[np.float64]:
    column = flights[term["column"]]
    if "level" in term:
        return np.asarray(column == term["level"], dtype=float)
    # a missing value counts as the training mean, that is 0 after scaling
    scaled: NDArray[np.float64] = np.nan_to_num((column - term["mean"]) / term["scale"])
    return scaled


def main() -> None:
    flights = read_table(f"from '{TRAIN}' order by scheduled, carrier, flight, origin")
    model = fit(flights, penalty=param("penalty", 100), longest=param("longest", 180))
    mae = float(np.abs(flights["arr_delay"] - predict(model, flights)).mean())
    write_json("build/model.json", {**model, "train": {"rows": len(flights["hour"]), "mae": round(mae, 6)}})
    print(
        f"{len(model['terms'])} weights from {len(flights['hour'])} flights; error on the training days {mae:.2f} min"
    )


if __name__ == "__main__":
    main()
