"""What the phases of the example plan compute, on tables small enough to check by hand."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import duckdb
import numpy as np
import pytest
from flights_project import Project

from phases.flights import baseline, model, pack, scores
from phases.flights.artifacts import Table, broken_files, read_table, replacing


def test_auc_of_a_perfect_an_inverted_and_a_constant_ranking() -> None:
    late = np.array([False, False, True, True])
    assert scores.auc(np.array([1.0, 2.0, 3.0, 4.0]), late) == 1.0
    assert scores.auc(np.array([4.0, 3.0, 2.0, 1.0]), late) == 0.0
    assert scores.auc(np.zeros(4), late) == 0.5
    with pytest.raises(ValueError, match="of 2 flights 2 are late"):
        scores.auc(np.zeros(2), late[2:])


def test_errors_by_hand() -> None:
    found = scores.errors(np.array([0.0, 10.0]), np.array([3.0, 50.0]))
    assert found == {"mae": 21.5, "rmse": pytest.approx(28.363709), "bias": -21.5, "auc_late": 1.0}


def test_the_baseline_falls_back_to_the_carrier_and_then_to_all() -> None:
    table = {"mean": 1.0, "carriers": {"UA": 2.0}, "carrier_hours": {"UA 8": 3.0}}
    flights = {"carrier": np.array(["UA", "UA", "XX"], dtype=object), "hour": np.array([8.0, 9.0, 8.0])}
    assert baseline.predict(table, flights).tolist() == [3.0, 2.0, 1.0]


@pytest.fixture
def flights() -> Table:
    """Flights whose delay is twice the delay at the airport, five minutes more for UA."""
    draw = np.random.default_rng(7)
    table: Table = {name: draw.normal(size=400) for name in model.NUMERIC}
    table["carrier"] = draw.choice(np.array(["AA", "UA"], dtype=object), size=400)
    table["origin"] = draw.choice(np.array(["EWR", "JFK"], dtype=object), size=400)
    table["arr_delay"] = 2 * table["recent_airport_delay"] + 5 * (table["carrier"] == "UA")
    return table


def test_the_model_finds_a_linear_rule(flights: Table) -> None:
    fitted = model.fit(flights, penalty=0.001, longest=180)
    assert np.abs(model.predict(fitted, flights) - flights["arr_delay"]).max() < 0.001


def test_the_model_predicts_the_same_after_a_trip_through_json(flights: Table) -> None:
    fitted = model.fit(flights, penalty=1, longest=180)
    again = json.loads(json.dumps(fitted, sort_keys=True))
    assert model.predict(again, flights).tolist() == model.predict(fitted, flights).tolist()


def test_a_missing_value_counts_as_the_mean_and_a_new_carrier_as_none(flights: Table) -> None:
    fitted = model.fit(flights, penalty=1, longest=180)
    mean = next(term["mean"] for term in fitted["terms"] if term["column"] == "seats")
    one = {name: values[:1].copy() for name, values in flights.items()}
    one["seats"][0] = mean
    unknown = {**one, "seats": np.array([np.nan])}
    assert model.predict(fitted, unknown) == pytest.approx(model.predict(fitted, one))
    assert np.isfinite(model.predict(fitted, {**one, "carrier": np.array(["ZZ"], dtype=object)})).all()


def test_one_wild_delay_does_not_pull_the_weights(flights: Table) -> None:
    calm = model.fit(flights, penalty=1, longest=180)
    flights["arr_delay"][0] = 180
    at_limit = model.fit(flights, penalty=1, longest=180)
    flights["arr_delay"][0] = 100_000
    assert model.fit(flights, penalty=1, longest=180) == at_limit != calm


def test_recent_delays_count_only_planes_that_had_left(finished: Project) -> None:
    """Take the flight with most departures before it and count again in Python."""
    with duckdb.connect() as db:
        db.execute("set timezone = 'UTC'")
        joined = db.execute(
            "select origin, scheduled, scheduled + to_minutes(dep_delay) as departed, dep_delay "
            f"from '{finished.root}/build/joined.parquet'"
        ).fetchall()
        origin, scheduled, count, mean = db.execute(
            "select origin, scheduled, recent_departures, recent_airport_delay "
            f"from '{finished.root}/build/features.parquet' order by 3 desc, 2 limit 1"
        ).fetchone() or pytest.fail("no features")
    before = [
        delay
        for place, _, departed, delay in joined
        if place == origin and departed < scheduled and (scheduled - departed).total_seconds() <= 2 * 3600
    ]
    assert len(before) == count
    assert sum(before) / len(before) == pytest.approx(mean)


def test_the_bootstrap_holds_the_improvement_and_moves_with_its_seed(finished: Project, project: Project) -> None:
    (project.root / "build").mkdir()
    (project.root / "build/daily.csv").write_bytes((finished.root / "build/daily.csv").read_bytes())
    project.run(10, seed=1)
    other, first = project.read("comparison.json"), finished.read("comparison.json")
    assert other["improvement"] == first["improvement"]
    assert other["interval"] != first["interval"]
    assert first["interval"]["low"] < first["improvement"] < first["interval"]["high"]


def test_an_archive_says_nothing_about_who_packed_it_and_when(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("{}", encoding="utf-8")
    (tmp_path / "a.json").write_text("[]", encoding="utf-8")
    packed = pack.archive(tmp_path, ("b.json", "a.json"))
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        entries = tar.getmembers()
    assert [entry.name for entry in entries] == ["flights-model/a.json", "flights-model/b.json"]
    assert {(entry.uid, entry.gid, entry.uname, entry.mtime, entry.mode) for entry in entries} == {(0, 0, "", 0, 0o644)}
    assert pack.archive(tmp_path, ("a.json", "b.json")) == packed


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old", encoding="utf-8")

    def stop() -> None:
        with replacing(path) as part:
            part.write_text("ne", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert [(file.name, file.read_text(encoding="utf-8")) for file in tmp_path.iterdir()] == [("out.json", "old")]


def test_broken_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"x")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  here\n{'0' * 64}  gone\n", encoding="utf-8")
    assert broken_files(tmp_path) == {"here": "changed", "gone": "missing"}


def test_missing_numbers_are_read_as_nan_and_texts_stay_texts() -> None:
    table = read_table("select * from (values (1, 'a'), (null, 'b')) as t(number, text)")
    assert np.isnan(table["number"]).tolist() == [False, True]
    assert table["text"].tolist() == ["a", "b"]
