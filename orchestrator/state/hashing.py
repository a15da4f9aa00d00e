"""One file read once, from its beginning to its end, as SHA-256, and by what it is seen that it was one content.

The chunk is large because of the other threads: after each one the interpreter's lock is taken again, and beside one
that computes in Python that can take 5 ms. Measured so: 31 MB/s with chunks of 256 KB, 96 with 1 MB, 330 with 4 MB;
alone all three are as fast as the hash. A second thread that reads ahead was no faster than the kernel is, once that
was told that the file is read in order.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from .listing import Signature, is_settled, signature

CHUNK = 4 << 20
"""Bytes that are read in one go, and that one thread holds."""

LARGE = 1 << 20
"""Bytes from which on a file is worth a wait, or a system call, rather than a second reading."""

GivesUp = Callable[[], bool]
"""Is whoever wants the digest about to end, so that it is wanted no more? Asked after each chunk."""


class GivenUp(Exception):
    """A file was not read to its end, because nobody wants the digest any more."""


def never() -> bool:
    """Nobody gives up, but for the whole process."""
    return False


class Reading(NamedTuple):
    """What came of reading a file."""

    signature: Signature
    """Before it was opened."""
    settled: bool
    """Would a change since then be seen in the signature?"""
    steady: bool
    """Was the signature the same at the end: is it one content that was read? Looked for with large files: of a small
    one a signature that is gone by then is never met again."""
    digest: str


def read(path: str, status: os.stat_result, buffers: list[bytearray], gives_up: GivesUp = never) -> Reading:
    """Read a file.

    Args:
        status: what it had just now.
        buffers: of CHUNK bytes, for any thread to take one out for a large file and to put it back.

    Raises:
        GivenUp: before its end.
        OSError: it cannot be read.
    """
    settled = is_settled(status, time.time_ns())
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe that came in its place blocks nobody
    try:
        if status.st_size < LARGE:
            return Reading(signature(status), settled, True, _small(file, status.st_size, gives_up))
        before = os.fstat(file)
        digest = _large(file, buffers, gives_up)
        steady = signature(status) == signature(before) == signature(os.fstat(file))
        return Reading(signature(status), settled, steady, digest)
    finally:
        os.close(file)


def _small(file: int, size: int, gives_up: GivesUp) -> str:
    """One call reads all of it, and one more sees the end; it may have grown meanwhile."""
    digest = hashlib.sha256()
    while content := os.read(file, size + 1):
        digest.update(content)
        if gives_up():
            raise GivenUp
    return digest.hexdigest()


def _large(file: int, buffers: list[bytearray], gives_up: GivesUp) -> str:
    """Into one buffer, which was used before: the system clears memory that is new."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    try:
        buffer = buffers.pop()
    except IndexError:
        buffer = bytearray(CHUNK)
    view, digest = memoryview(buffer), hashlib.sha256()
    try:
        while length := os.readv(file, [view]):
            digest.update(view[:length])
            if gives_up():
                raise GivenUp
    finally:
        buffers.append(buffer)
    return digest.hexdigest()
