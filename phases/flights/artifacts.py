"""How the phases write their outputs: whole or not at all, and with the same bytes whenever the inputs are the same.

An approval holds for exactly one digest: a timestamp or an unstable order in an output would ask people again
for nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

Table = dict[str, NDArray[Any]]

SQL = Path(__file__).parent / "sql"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to; it takes the place of `path` when the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def fresh_folder(path: str | Path) -> Path:
    """An empty folder: what an earlier attempt left there is not part of this one."""
    shutil.rmtree(path, ignore_errors=True)
    Path(path).mkdir(parents=True)
    return Path(path)


def write_text(path: str | Path, text: str) -> None:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, value: object) -> None:
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def connect() -> duckdb.DuckDBPyConnection:
    """An empty database. With one thread: sums of floats and the bytes of a Parquet file depend on the order."""
    return duckdb.connect(config={"threads": 1})


def write_parquet(db: duckdb.DuckDBPyConnection, query: str, path: str | Path) -> int:
    """Write the query's rows, in the query's order, and say how many there are."""
    with replacing(path) as part:
        db.execute(f"copy ({query}) to '{part}' (format parquet, compression zstd)")
        return int(scalar(db, f"select count(*) from read_parquet('{part}')"))


def scalar(db: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = db.execute(query).fetchone()
    assert row is not None, f"no row: {query}"
    return row[0]


def read_table(query: str) -> Table:
    """The columns of a query as arrays; in numeric columns a missing value is NaN."""
    with connect() as db:
        columns = db.execute(query).fetchnumpy()
    return {
        name: np.ma.filled(np.ma.asarray(values).astype(float), np.nan)
        if values.dtype.kind in "iuf"
        else np.asarray(values)
        for name, values in columns.items()
    }


def sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def read_sums(path: str | Path) -> dict[str, str]:
    """File name → checksum, from a file as `sha256sum` writes it."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines if line)}


def broken_files(folder: str | Path) -> dict[str, str]:
    """What is wrong with the files that the folder's SHA256SUMS lists: name → `missing` or `changed`."""
    folder = Path(folder)
    broken = {}
    for name, digest in read_sums(folder / "SHA256SUMS").items():
        if not (folder / name).is_file():
            broken[name] = "missing"
        elif sha256(folder / name) != digest:
            broken[name] = "changed"
    return broken


def param(name: str, default: float) -> float:
    """A number from the phase's `params`, which the engine hands over as PARAM_NAME."""
    return float(os.environ.get(f"PARAM_{name.upper()}", default))
