"""Which import a file takes, and the folder around it as it lies on the disk: the thin part."""

from __future__ import annotations

import glob
import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from criteria.documents.toml import read as read_toml
from criteria.documents.yaml import Document, YamlError, read, read_json
from criteria.model import Trouble

from .dvc import from_dvc
from .model import Around, Imported, ImportRefused
from .task_files import NAMES
from .taskfile import from_taskfile

_BY_NAME: dict[str, Callable[[str, Document, Around], Imported]] = {
    "dvc.yaml": from_dvc,
    **dict.fromkeys(NAMES, from_taskfile),
}
MOST = 100_000
"""Files that one pattern is looked up to."""


def import_file(path: str, root: Path) -> Imported:
    """The plan that a file of another tool becomes, in the folder `root`; `path` is relative to it.

    Raises:
        ImportRefused: it cannot be imported; the text says why.
    """
    convert = _BY_NAME.get(PurePosixPath(path).name)
    if convert is None:
        raise ImportRefused(f"{path} is neither a dvc.yaml nor a Taskfile.yml; give the file one of these names")
    around = _around(root)
    document = around.read(path)
    if document is None:
        raise ImportRefused(f"{path}: there is no such file")
    return convert(path, document, around)


def _around(root: Path) -> Around:
    def matches(pattern: str) -> list[str]:
        found = glob.iglob(pattern, root_dir=root, recursive=True)
        return sorted(match for match, _ in zip(found, range(MOST), strict=False) if (root / match).is_file())

    def exists(path: str) -> bool:
        return next(glob.iglob(path, root_dir=root, recursive=True), None) is not None or (root / path).exists()

    return Around(lambda path: _read(root, path), exists, matches)


def _read(root: Path, path: str) -> Document | None:
    file = root / path
    if not file.is_file():
        return None
    try:
        text = file.read_text("utf-8-sig")
        if path.endswith(".json"):
            return read_json(text)
        if path.endswith(".toml"):
            return read_json(json.dumps(read_toml(text, path), default=str))
        if path.endswith(".py"):
            return None
        return read(text)
    except YamlError as error:
        raise ImportRefused(f"{path}:{error.line}:{error.column}: {error.message}") from None
    except Trouble as trouble:
        raise ImportRefused(str(trouble)) from None
    except UnicodeDecodeError as error:
        raise ImportRefused(f"{path}: is not UTF-8: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise ImportRefused(f"{path}: cannot be read: {error.strerror}") from None
