"""Phase 0: is everything here that the plan needs, and is the data the data that was committed?"""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version

from phases.flights.artifacts import broken_files, read_sums, write_json

RAW = "data/raw"
LIBRARIES = ("duckdb", "matplotlib", "numpy")


def main() -> None:
    broken = broken_files(RAW)
    if broken:
        details = ", ".join(f"{name} ({what})" for name, what in sorted(broken.items()))
        sys.exit(f"{RAW} differs from its SHA256SUMS: {details}; restore it with: git checkout -- {RAW}")
    write_json(
        "build/preflight.json",
        {
            "files": sorted(read_sums(f"{RAW}/SHA256SUMS")),
            "libraries": {name: version(name) for name in LIBRARIES},
            # without the patch level: a security release of Python is no reason to ask for approvals again
            "python": ".".join(platform.python_version_tuple()[:2]),
        },
    )
    print(f"{RAW}: all checksums hold")


if __name__ == "__main__":
    main()
