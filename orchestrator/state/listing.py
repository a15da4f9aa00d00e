"""Which files stand under a path, and by what it is seen that one was written to. Nothing here reads a file."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..config.paths import is_glob

Signature = tuple[int, int, int, int]
"""Size, inode, mtime and ctime in ns: another one as soon as a file was written, even if it was put back. But for a
file that is written again within the kernel's clock tick (`CLOCK_TICK_NS`)."""

CLOCK_TICK_NS = 20_000_000
"""A file written again within the kernel's clock tick keeps its times: what was seen so early is not trusted later."""

SECOND_NS = 1_000_000_000


def signature(status: os.stat_result) -> Signature:
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def tick_ns(status: os.stat_result) -> int:
    """For how long a file written again keeps its times; on a file system that keeps whole seconds, one of those."""
    return CLOCK_TICK_NS + (0 if status.st_ctime_ns % SECOND_NS else SECOND_NS)


def is_settled(status: os.stat_result, now_ns: int) -> bool:
    """Will a later change be seen in the times?

    Told by the ctime, which the kernel sets at each change. The mtime is anyone's to set, also to the future.
    """
    return now_ns - status.st_ctime_ns >= tick_ns(status)


def files_under(root: str, path: str) -> list[str] | None:
    """The files that a glob or folder holds; None for anything else."""
    if is_glob(path):
        return sorted(matches(root, path))
    return sorted(_below(root, path)) if os.path.isdir(os.path.join(root, path)) else None


def matches(root: str, pattern: str) -> Iterator[str]:
    """The files that a glob means."""
    import glob

    for match in glob.iglob(pattern, root_dir=root, recursive=True):
        if os.path.isfile(os.path.join(root, match)):
            yield match


def stamp(root: str, path: str) -> list[tuple[str, Signature | None]]:
    """The files under a path, or the path itself, each with its signature; None for one that cannot be looked at."""
    files = files_under(root, path)
    return [(file, _signature(root, file)) for file in ([path] if files is None else files)]


def _signature(root: str, path: str) -> Signature | None:
    try:
        return signature(os.stat(os.path.join(root, path)))
    except OSError:
        return None


def _below(root: str, folder: str) -> Iterator[str]:
    project = os.stat(root)
    seen = {(project.st_dev, project.st_ino)}  # a link to the whole project would bring in our own state
    closed: list[str] = []
    walk = os.walk(
        os.path.join(root, folder), followlinks=True, onerror=lambda error: closed.append(str(error.filename))
    )
    for parent, folders, names in walk:
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in seen:  # a link that leads back up
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        inside = os.path.relpath(parent, root)
        yield from (f"{inside}/{name}" for name in names)
    yield from (os.path.relpath(path, root) for path in closed)
