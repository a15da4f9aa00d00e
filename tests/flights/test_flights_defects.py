"""The thresholds of the example plan mean something: defects that really happen shut a gate."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
from flights_project import Project

Spoil = Callable[[], Project]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def rewrite(path: Path, query: str) -> None:
    """Put the query's rows in the place of the Parquet file; the query calls it `it`."""
    with duckdb.connect() as db:
        db.execute(f"create table it as from read_parquet('{path}')")
        db.execute(f"copy ({query}) to '{path}' (format parquet)")


def test_preflight_stops_at_a_changed_file(project: Project) -> None:
    path = project.root / "data/raw/flights.csv.gz"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    ended = project.run(0, check=False)
    assert ended.returncode == 1
    assert "flights.csv.gz (changed)" in ended.stderr
    assert "git checkout -- data/raw" in ended.stderr
    assert not (project.root / "build/preflight.json").exists()


def test_preflight_stops_at_a_missing_file(project: Project) -> None:
    (project.root / "data/raw/planes.csv.gz").unlink()
    assert "planes.csv.gz (missing)" in project.run(0, check=False).stderr


def test_ingest_does_not_guess_a_type(project: Project) -> None:
    path = project.root / "data/raw/flights.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode().replace(",UA,1545,", ",UA,1545A,")
    path.write_bytes(gzip.compress(text.encode()))
    ended = project.run(1, check=False)
    assert ended.returncode != 0
    assert "1545A" in ended.stderr
    assert not (project.root / "build/raw/flights.parquet").exists()


def test_a_lost_week_shuts_the_profile(spoil: Spoil) -> None:
    project = spoil()
    rewrite(project.root / "build/raw/flights.parquet", "from it where day <= 24")
    project.run(2)
    assert project.judge(2)["flights"] == "fail"


def test_three_lost_days_ask_a_person(spoil: Spoil) -> None:
    project = spoil()
    rewrite(project.root / "build/raw/flights.parquet", "from it where day not in (8, 9, 10)")
    project.run(2)
    assert project.judge(2)["flights"] == "review"


def test_distances_in_kilometres_shut_the_cleaning(spoil: Spoil) -> None:
    project = spoil()
    query = "select * replace ((distance * 1.609)::smallint as distance) from it"
    rewrite(project.root / "build/raw/flights.parquet", query)
    project.run(3)
    results = project.judge(3)
    assert results["impossible"] == "fail"


def test_a_shuffled_airport_shuts_the_join(spoil: Spoil) -> None:
    """All keys still match: only the great circle against the reported distance tells."""
    project = spoil()
    query = "select * replace (lead(faa, 1, 'ZZZ') over (order by lat) as faa) from it"
    rewrite(project.root / "build/raw/airports.parquet", query)
    project.run(4)
    results = project.judge(4)
    assert results["distance_gap"] == "fail"
    assert results["gained"] == "pass"


def test_a_doubled_weather_station_shuts_the_join(spoil: Spoil) -> None:
    project = spoil()
    rewrite(project.root / "build/raw/weather.parquet", "from it union all from it where origin = 'EWR'")
    project.run(4)
    assert project.judge(4)["gained"] == "fail"


def test_a_feature_measured_too_late_shuts_the_features(spoil: Spoil) -> None:
    project = spoil()
    query = project.root / "phases/flights/sql/features.sql"
    edit(query, "    temp,\n", "    temp,\n    dep_delay::double as dep_delay,\n")
    project.run(5)
    results = project.judge(5)
    assert results["known_at_departure"] == "fail"
    assert results["strongest"] == "fail"


def test_the_same_leak_under_another_name_shuts_the_features_too(spoil: Spoil) -> None:
    project = spoil()
    edit(
        project.root / "phases/flights/sql/features.sql", "    temp,\n", "    temp,\n    dep_delay::double as slack,\n"
    )
    project.run(5)
    results = project.judge(5)
    assert results["known_at_departure"] == "pass"
    assert results["strongest"] == "fail"


def test_a_day_on_both_sides_shuts_the_split(spoil: Spoil) -> None:
    project = spoil()
    held_out = project.root / "build/split/held_out.parquet"
    train = project.root / "build/split/train.parquet"
    rewrite(held_out, f"from it union all from '{train}' where date = date '2013-01-23'")
    assert project.judge(6)["no_overlap"] == "fail"


def test_weights_on_the_wrong_columns_shut_the_comparison(spoil: Spoil) -> None:
    """It happened while this plan was written: JSON with sorted keys put the weights into another order."""
    project = spoil()
    model = project.read("model.json")
    weights = [term["weight"] for term in model["terms"]]
    for term, weight in zip(model["terms"], weights[1:] + weights[:1], strict=True):
        term["weight"] = weight
    (project.root / "build/model.json").write_text(json.dumps(model), encoding="utf-8")
    approved = project.read("metrics.json")["model"]["mae"]
    project.run(9)
    project.run(10)
    assert project.judge(9, mae=approved)["mae"] == "fail"
    assert project.judge(10)["improvement"] == "fail"


def test_a_carrier_missing_from_the_matrix_is_noticed(finished: Project) -> None:
    """The fixture runs two carriers of nine."""
    assert finished.judge(11)["slices_cover"] == "fail"


def test_a_changed_release_is_not_signed_off(spoil: Spoil) -> None:
    project = spoil()
    archive = project.root / "build/release/flights-model.tar.gz"
    archive.write_bytes(archive.read_bytes() + b"\0")
    assert "fail" in project.judge(14).values()
    ended = project.run(15, check=False)
    assert ended.returncode == 1
    assert "pack it again" in ended.stderr
