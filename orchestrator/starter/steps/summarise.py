"""build/readings.json → build/summary.json."""

import json
from statistics import mean


def main(warm: float) -> None:
    """Write the mean, and how many days were at least `warm` degrees."""
    with open("build/readings.json") as file:
        celsius = [reading["celsius"] for reading in json.load(file)["readings"]]
    summary = {"mean": round(mean(celsius), 2), "warm_days": sum(value >= warm for value in celsius)}
    with open("build/summary.json", "w") as file:
        json.dump(summary, file, indent=2)
    print(summary)
