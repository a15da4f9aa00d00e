"""Where objects lie: in a folder, or behind a protocol that fsspec speaks. Each is there whole, or it is not there.

The only home of fsspec, which is imported when a URL asks for it: a folder needs nothing that is not installed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

UNFINISHED = ".new"
"""Ends the names of objects that are being written. A process that was killed leaves some; nothing reads them."""

ATOMIC = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "memory"})
"""Protocols of object stores: what is written there gets its name when it is complete. Elsewhere we see to that."""

PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "adlfs"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "smb": "smbprotocol",
    "oss": "ossfs",
    "webdav": "webdav4",
}
"""The package of PyPI's that speaks a protocol, as far as fsspec itself does not."""


class Store(Protocol):
    """Raises FileNotFoundError where there is no object, and whatever it likes where something else is wrong."""

    def size(self, key: str) -> int | None:
        """Bytes; None where there is no object, or nobody says how large it is."""

    def read(self, key: str) -> bytes: ...
    def write(self, key: str, content: bytes) -> None: ...
    def get(self, key: str, path: Path) -> None: ...
    def put(self, path: Path, key: str) -> None: ...
    def names(self, folder: str) -> list[str]: ...
    def remove(self, key: str) -> None: ...


def scheme_of(url: str) -> str:
    """`s3` of `s3://bucket/prefix`; `file` for a folder, however it is written."""
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator else "file"


def open_store(url: str, options: Mapping[str, Any]) -> Store:
    """What stands behind a URL. Nothing is asked of the other side.

    Raises:
        ImportError: a package is not installed; the text says which, and the command that installs it.
        Exception: whatever the protocol's class says against the URL or the options.
    """
    scheme = scheme_of(url)
    if scheme == "file":
        return Folder(Path(unquote(url.partition("://")[2]) if "://" in url else url))
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise ImportError("fsspec is not installed; pip install 'phasegate[cache]'") from None
    try:
        system, path = url_to_fs(url, skip_instance_cache=True, **options)
    except ImportError as error:
        package = PACKAGES.get(scheme)
        raise ImportError(
            f"what speaks {scheme} is not installed; pip install {package}" if package else str(error)
        ) from None
    return Remote(system, path.rstrip("/"), atomic=scheme in ATOMIC)


class Folder:
    """A folder of this machine, or of a network file system."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def size(self, key: str) -> int | None:
        try:
            status = (self._root / key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def read(self, key: str) -> bytes:
        return (self._root / key).read_bytes()

    def write(self, key: str, content: bytes) -> None:
        with self._unfinished(key) as new:
            new.write_bytes(content)

    def get(self, key: str, path: Path) -> None:
        shutil.copyfile(self._root / key, path)

    def put(self, path: Path, key: str) -> None:
        with self._unfinished(key) as new:
            shutil.copyfile(path, new)

    def names(self, folder: str) -> list[str]:
        try:
            return [name for name in os.listdir(self._root / folder) if not name.endswith(UNFINISHED)]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def remove(self, key: str) -> None:
        (self._root / key).unlink()

    @contextlib.contextmanager
    def _unfinished(self, key: str) -> Iterator[Path]:
        """A file beside the object, which becomes it. Not waited for until it is on the disk: whoever reads an object
        must hold it against a hash anyway, and takes what a power cut left for damaged."""
        place = self._root / key
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_name(f"{place.name}.{secrets.token_hex(8)}{UNFINISHED}")
        try:
            yield new
            new.replace(place)
        finally:
            new.unlink(missing_ok=True)


class Remote:
    """A file system of fsspec's. What it remembers of listings is forgotten before each look: others write too."""

    def __init__(self, system: Any, root: str, *, atomic: bool) -> None:
        self._system = system
        self._root = root
        self._atomic = atomic

    def size(self, key: str) -> int | None:
        self._system.invalidate_cache()
        try:
            info = self._system.info(self._name(key))
        except FileNotFoundError:
            return None
        return None if info.get("type") == "directory" else info.get("size")

    def read(self, key: str) -> bytes:
        return bytes(self._system.cat_file(self._name(key)))

    def write(self, key: str, content: bytes) -> None:
        with self._unfinished(key) as new:
            self._system.pipe_file(new, content)

    def get(self, key: str, path: Path) -> None:
        self._system.get_file(self._name(key), str(path))

    def put(self, path: Path, key: str) -> None:
        with self._unfinished(key) as new:
            self._system.put_file(str(path), new)

    def names(self, folder: str) -> list[str]:
        self._system.invalidate_cache()
        try:
            found = self._system.ls(self._name(folder), detail=False)
        except FileNotFoundError:
            return []
        names = (str(path).rstrip("/").rpartition("/")[2] for path in found)
        return [name for name in names if not name.endswith(UNFINISHED)]

    def remove(self, key: str) -> None:
        self._system.rm_file(self._name(key))

    def _name(self, key: str) -> str:
        return f"{self._root}/{key}"

    @contextlib.contextmanager
    def _unfinished(self, key: str) -> Iterator[str]:
        name = self._name(key)
        if self._atomic:
            yield name
            return
        self._system.makedirs(name.rpartition("/")[0], exist_ok=True)
        new = f"{name}.{secrets.token_hex(8)}{UNFINISHED}"
        try:
            yield new
            self._system.mv(new, name)
        except BaseException:
            with contextlib.suppress(Exception):  # the first error is the one to tell
                self._system.rm_file(new)
            raise
