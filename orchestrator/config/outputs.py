"""Who makes what: the index of all outputs, asked by inputs, criteria and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .paths import fixed_part, glob_expression, is_glob, lineage


@dataclass(frozen=True, slots=True)
class Maker:
    """An output with the phase and the task that make it."""

    path: str
    phase: str
    task: str


@dataclass(slots=True)
class Outputs:
    """Outputs by path, and by every folder above them."""

    _by_path: dict[str, Maker] = field(default_factory=dict)
    _below: dict[str, list[Maker]] = field(default_factory=dict)

    def add(self, path: str, phase: str, task: str) -> Maker | None:
        """Take in an output. When another task makes the same path, a folder above it or something inside it,
        that maker is returned and nothing is taken in."""
        clash = next(
            (maker for maker in self._around(path) if maker.task != task),
            None,
        )
        if clash is not None:
            return clash
        maker = Maker(path, phase, task)
        self._by_path[path] = maker
        for folder in list(lineage(path))[1:]:
            self._below.setdefault(folder, []).append(maker)
        return None

    def makers(self) -> dict[str, str]:
        """Output → phase."""
        return {path: maker.phase for path, maker in self._by_path.items()}

    def makers_of(self, path: str) -> list[str]:
        """The phases that make `path`, something inside it, a folder that holds it, or what its pattern matches."""
        return list(dict.fromkeys(maker.phase for maker in self.met_by(path)))

    def met_by(self, path: str) -> Iterable[Maker]:
        """The outputs that are `path`, inside it, a folder that holds it, or what its pattern matches."""
        return self._matching(path) if is_glob(path) else self._around(path)

    def _around(self, path: str) -> Iterable[Maker]:
        above = (self._by_path[folder] for folder in lineage(path) if folder in self._by_path)
        return [*above, *self._below.get(path, ())]

    def _matching(self, pattern: str) -> Iterable[Maker]:
        fixed = fixed_part(pattern)
        above = [self._by_path[folder] for folder in lineage(fixed) if folder in self._by_path]
        below = self._below.get(fixed, ()) if fixed else self._by_path.values()
        return [*above, *(maker for maker in below if _may_match(pattern, maker.path))]


def _may_match(pattern: str, output: str) -> bool:
    """Does the pattern match this output, or could it match something inside it if it is a folder?"""
    parts, names = pattern.split("/"), output.split("/")
    depth = min([len(names), *(index for index, part in enumerate(parts) if part == "**")])
    begin, above = "/".join(parts[:depth]), "/".join(names[:depth])
    return bool(glob_expression(begin).match(above))
