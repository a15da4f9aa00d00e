"""Phase 12: three pictures for the report."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from phases.flights.artifacts import Table, fresh_folder, read_table

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = {"actual": "#555555", "baseline": "#d9822b", "model": "#2b6cb0"}


def by_day(axes: Axes, flights: Table) -> None:
    days = np.unique(flights["date"])
    for place, name in ((-0.2, "baseline"), (0.2, "model")):
        off = np.abs(flights[name] - flights["arr_delay"])
        means = [off[flights["date"] == day].mean() for day in days]
        axes.bar(np.arange(len(days)) + place, means, width=0.4, label=name, color=COLOURS[name])
    axes.set_xticks(np.arange(len(days)), [str(day.astype("datetime64[D]"))[5:] for day in days])
    axes.set(title="Mean absolute error on each held-out day", xlabel="day", ylabel="minutes")


def by_hour(axes: Axes, flights: Table) -> None:
    # before six there are only a few flights a day
    hours = [int(hour) for hour in np.unique(flights["hour"]) if hour >= 6]
    for name, column in (("actual", "arr_delay"), ("baseline", "baseline"), ("model", "model")):
        means = [flights[column][flights["hour"] == hour].mean() for hour in hours]
        axes.plot(hours, means, marker="o", label=name, color=COLOURS[name])
    axes.set_xticks(hours)
    axes.set(title="Mean arrival delay over the day", xlabel="scheduled hour of departure", ylabel="minutes")


def calibration(axes: Axes, flights: Table) -> None:
    for name in ("baseline", "model"):
        tenths = np.array_split(np.argsort(flights[name], kind="stable"), 10)
        forecast = [flights[name][tenth].mean() for tenth in tenths]
        axes.plot(
            forecast,
            [flights["arr_delay"][tenth].mean() for tenth in tenths],
            marker="o",
            label=name,
            color=COLOURS[name],
        )
    axes.axline((0, 0), slope=1, color=COLOURS["actual"], linestyle=":", linewidth=1)
    axes.set(title="Forecast and truth, in tenths of the flights", xlabel="forecast, minutes", ylabel="actual, minutes")


def main() -> None:
    flights = read_table("from 'build/predictions.parquet'")
    folder: Path = fresh_folder("build/charts")
    for draw in (by_day, by_hour, calibration):
        figure, axes = plt.subplots(figsize=(7, 3.5), dpi=100, layout="constrained")
        draw(axes, flights)
        axes.legend(frameon=False)
        # no Software entry: it names matplotlib's version, which says nothing about the picture
        figure.savefig(folder / f"{draw.__name__}.png", metadata={"Software": None})
        plt.close(figure)
        print(f"{folder}/{draw.__name__}.png")


if __name__ == "__main__":
    main()
