"""Phase 15: take the release as its receiver would, check it, and see whether it keeps what the report promises."""

from __future__ import annotations

import json
import sys
import tarfile
from typing import Any

import numpy as np

from phases.flights import model
from phases.flights.artifacts import broken_files, read_table, sha256, write_json

RELEASE = "build/release"
ARCHIVE = f"{RELEASE}/flights-model.tar.gz"


def unpack(path: str) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar.getmembers()}
        return {name.removeprefix("flights-model/"): file.read() for name, file in files.items() if file is not None}


def main() -> None:
    broken = broken_files(RELEASE)
    if broken:
        sys.exit(f"{RELEASE} differs from its SHA256SUMS: {broken}; pack it again")
    files = unpack(ARCHIVE)
    released: dict[str, Any] = json.loads(files["model.json"])
    promised: float = json.loads(files["metrics.json"])["model"]["mae"]
    flights = read_table("from 'build/split/held_out.parquet'")
    measured = float(np.abs(model.predict(released, flights) - flights["arr_delay"]).mean())
    write_json(
        "build/signoff.json",
        {
            "sha256": sha256(ARCHIVE),
            "files": sorted(files),
            "mae": {
                "promised": promised,
                "measured": round(measured, 6),
                "difference": round(abs(measured - promised), 6),
            },
        },
    )
    print(f"{len(files)} files; error promised {promised:.4f}, measured {measured:.4f} min")


if __name__ == "__main__":
    main()
