"""Phase 13: one HTML page with everything that a person needs for the sign-off; the pictures are inside."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from phases.flights.artifacts import read_json, write_text

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>How late do flights from New York arrive?</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; }
</style>
</head>
<body>
<h1>How late do flights from New York arrive?</h1>
<p>Learnt from $train_rows flights ($train_first to $train_last),
judged on $held_rows flights ($held_first to $held_last); $retained of the published flights were usable.</p>
<p>Improvement over the baseline: $improvement % (90 % interval $low % to $high %), better on $better of $days days.</p>
<h2>All held-out flights</h2>
$overall
<h2>By carrier</h2>
$carriers
<h2>Charts</h2>
$charts
</body>
</html>
""")


def table(header: list[str], rows: list[list[str]]) -> str:
    def line(tag: str, cells: list[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "\n".join(["<table>", line("th", header), *(line("td", row) for row in rows), "</table>"])


def picture(path: Path) -> str:
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<p><img alt="{escape(path.stem.replace("_", " "))}" src="data:image/png;base64,{content}"></p>'


def main() -> None:
    metrics, comparison, split, clean = (
        read_json(f"build/{name}.json") for name in ("metrics", "comparison", "split/split", "clean")
    )
    slices: list[dict[str, Any]] = [read_json(path) for path in sorted(Path("build/slices").glob("*.json"))]
    charts = sorted(Path("build/charts").glob("*.png"))
    page = PAGE.substitute(
        train_rows=split["train"]["rows"],
        train_first=split["train"]["first"],
        train_last=split["train"]["last"],
        held_rows=split["held_out"]["rows"],
        held_first=split["held_out"]["first"],
        held_last=split["held_out"]["last"],
        retained=f"{clean['rows']['retained']:.1%}",
        improvement=f"{100 * comparison['improvement']:.2f}",
        low=f"{100 * comparison['interval']['low']:.2f}",
        high=f"{100 * comparison['interval']['high']:.2f}",
        better=comparison["days"]["better"],
        days=comparison["days"]["total"],
        overall=table(
            ["forecast", "mean absolute error", "root mean square", "bias", "AUC, late by 15 min"],
            [
                [name, *(f"{metrics[name][key]:.2f}" for key in ("mae", "rmse", "bias", "auc_late"))]
                for name in ("baseline", "model")
            ],
        ),
        carriers=table(
            ["carrier", "flights", "baseline", "model", "improvement"],
            [
                [
                    one["carrier"],
                    str(one["rows"]),
                    f"{one['baseline']['mae']:.1f}",
                    f"{one['model']['mae']:.1f}",
                    f"{one['improvement']:.1%}",
                ]
                for one in slices
            ],
        ),
        charts="\n".join(picture(path) for path in charts),
    )
    write_text("build/report.html", page)
    print(f"build/report.html: {len(slices)} carriers, {len(charts)} charts")


if __name__ == "__main__":
    main()
