"""Objects by key behind a URL, with time limits, one kind of error, and no password in its text.

An object is there whole, or it is not there (stores.py).
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from .masking import Masker
from .stores import Store, open_store
from .stores import scheme_of as scheme_of

TIMEOUT = 30.0
"""Seconds that an operation may take, and one more for each LEAST_RATE bytes that it moves."""
LEAST_RATE = 100_000
"""Bytes a second; what is slower than that is taken to hang."""
SMALL = 8 << 20
"""Bytes that `read` takes at most where its caller names no other number."""
HEED = 0.2
"""Seconds after which it is noticed that nobody waits any more."""
_KEY = re.compile(r"(?!\.)[A-Za-z0-9._=@-]+(?:/(?!\.)[A-Za-z0-9._=@-]+)*")
_Result = TypeVar("_Result")


class StorageError(Exception):
    """Something did not work there; the text says what, without credentials."""


class Absent(StorageError):
    """There is no object with this key."""


class OtherSize(StorageError):
    """There is an object, and it has another size than it should have."""


class _NoObject(Exception):
    """Told inside a thread, which does not know the whole message."""


class _Abandoned(Exception):
    """Nobody waits for it any more."""


class Unusable(StorageError):
    """The URL cannot be opened on this machine; the text says what to install or write."""


class Storage:
    """What stands behind a URL. It may be used by several threads at once, and pickled.

    Args:
        url: `s3://bucket/prefix`, `file:///folder`, or the path of a folder.
        options: what fsspec's class for the protocol takes, such as `key`, `secret` and `endpoint_url` of s3fs.
        timeout: seconds; see TIMEOUT.
        secrets: is taken out of every message.

    Every method raises StorageError where it cannot do what it says.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, Any] | None = None,
        timeout: float = TIMEOUT,
        secrets: Masker | None = None,
    ) -> None:
        self._given = (url, dict(options or {}), timeout, secrets)
        self._url, self._options, self._timeout, self._secrets = self._given
        self._guard = threading.Lock()
        self._opened: Store | None = None
        self._abandoned = threading.Event()

    def __reduce__(self) -> Any:
        return Storage, self._given

    def __str__(self) -> str:
        """The URL as people may see it: without a password."""
        shown = re.sub(r"://[^/]*@", "://", self._url, count=1)
        return self._secrets.text(shown) if self._secrets else shown

    def open(self) -> None:
        """Find out whether the URL can be opened on this machine. Nothing is asked of the other side.

        Raises:
            Unusable: it cannot.
        """
        self._store()

    def abandon(self) -> None:
        """Let everything that goes on here, and all that would begin, end with an error now."""
        self._abandoned.set()

    def exists(self, key: str) -> bool:
        """Is there an object with this key?"""
        return self._do(key, lambda store, name: store.size(name) is not None)

    def size(self, key: str) -> int | None:
        """Its bytes; None where there is no object with this key."""
        return self._do(key, lambda store, name: store.size(name))

    def read(self, key: str, most: int = SMALL) -> bytes:
        """The content of a small object.

        Raises:
            Absent: there is none.
            OtherSize: it has more than `most` bytes.
        """

        def read(store: Store, name: str) -> bytes:
            _hold_to(most, store.size(name), exactly=False)
            return store.read(name)

        return self._do(key, read)

    def write(self, key: str, content: bytes) -> None:
        """Put a small object there, in the place of the one with this key."""
        self._do(key, lambda store, name: store.write(name, content), len(content))

    def get(self, key: str, path: Path, size: int) -> None:
        """Bring an object of exactly this many bytes to a file, which may be left half-written by a failure.

        Raises:
            Absent: there is none.
            OtherSize: it has another size; nothing is brought then.
        """

        def get(store: Store, name: str) -> None:
            _hold_to(size, store.size(name), exactly=True)
            store.get(name, path)

        self._do(key, get, size)

    def put(self, path: Path, key: str) -> None:
        """Put a file there, in the place of the object with this key."""
        self._do(key, lambda store, name: store.put(path, name), _size(path))

    def names(self, folder: str) -> list[str]:
        """The last parts of the keys right below `folder/`, sorted; none where nothing is."""
        return sorted(self._do(folder, lambda store, name: store.names(name)))

    def remove(self, key: str) -> None:
        """Take an object away, if it is there."""

        def remove(store: Store, name: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                store.remove(name)

        self._do(key, remove)

    def _do(self, key: str, what: Callable[[Store, str], _Result], size: int = 0) -> _Result:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key")
        store, seconds = self._store(), self._timeout + size / LEAST_RATE
        try:
            return _within(seconds, lambda: what(store, key), self._abandoned)
        except OtherSize as error:
            raise OtherSize(f"{self}, {key}: {error}") from None
        except StorageError:
            raise
        except _NoObject:
            raise Absent(f"{self}: there is no {key}") from None
        except _Abandoned:
            raise StorageError(f"{self} was given up, because the run was stopped") from None
        except TimeoutError:
            raise StorageError(f"{self} did not answer within {seconds:.0f} s") from None
        except Exception as error:  # each protocol has exceptions of its own
            raise self._error(error) from None

    def _error(self, error: Exception) -> StorageError:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        line = " ".join(str(said).split())[:300]
        return StorageError(f"{self}: {self._secrets.text(line) if self._secrets else line}")

    def _store(self) -> Store:
        with self._guard:
            if self._opened is None:
                try:
                    self._opened = open_store(self._url, self._options)
                except ImportError as error:
                    raise Unusable(f"{self}: {error}") from None
                except Exception as error:  # options that the protocol's class does not take, or not so
                    raise Unusable(str(self._error(error))) from None
            return self._opened


def _within(seconds: float, do: Callable[[], _Result], abandoned: threading.Event) -> _Result:
    """What `do` gives, or raises; TimeoutError when it takes longer. Then it goes on, on a thread that nobody waits
    for: a file system that hangs cannot be told to stop."""
    found: list[_Result] = []
    raised: list[BaseException] = []
    over = threading.Event()

    def run() -> None:
        try:
            found.append(do())
        except BaseException as error:
            raised.append(error)
        over.set()

    threading.Thread(target=run, daemon=True).start()
    until = time.monotonic() + seconds
    while not over.wait(min(HEED, max(0.0, until - time.monotonic()))):
        if abandoned.is_set():
            raise _Abandoned
        if time.monotonic() >= until:
            raise TimeoutError
    if raised:
        raise raised[0]
    return found[0]


def _hold_to(wanted: int, size: int | None, *, exactly: bool) -> None:
    if size is None:
        raise _NoObject
    if size > wanted or (exactly and size != wanted):
        raise OtherSize(f"it has {size} bytes, and should have {'' if exactly else 'at most '}{wanted}")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from None
