"""`file:` a file or folder is there and not empty; size, age and content may be held to more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from criteria import durations, files, sizes
from criteria.fields import Fields
from criteria.files import Extent
from criteria.model import Criterion, Finding, Result, Scene


@dataclass(frozen=True, slots=True)
class FileCriterion(Criterion):
    kind: ClassVar[str] = "file"
    path: str
    min_size: int | None  # bytes
    max_age: float | None  # seconds
    sha256: str | None

    @classmethod
    def parse(cls, fields: Fields) -> FileCriterion:
        path = fields.text("file")
        return cls(
            name=fields.text("name") if "name" in fields else path,
            severity=fields.choice("severity", "fail", "warn"),
            path=path,
            min_size=fields.read("min_size", sizes.size, "give bytes or a unit") if "min_size" in fields else None,
            max_age=fields.positive_duration("max_age"),
            sha256=fields.sha256("sha256"),
        )

    @property
    def files(self) -> tuple[str, ...]:
        return (self.path,)

    @property
    def source(self) -> str:
        return self.path

    def look(self, scene: Scene) -> Finding:
        extent = files.extent(scene.root, self.path)
        problems = [*self._problems(extent, scene.now)] or [*self._other_content(extent, scene)]
        if problems:
            return Finding(Result.FAIL, f"{self.path} {'; it '.join(problems)}", extent.size, self._bound())
        bound = self._bound()
        message = f"{self.path} has {sizes.show(extent.size)}" + (f" ({bound})" if bound else "")
        until = extent.modified + self.max_age if self.max_age is not None else None
        return Finding(Result.PASS, message, extent.size, bound, until)

    def _problems(self, extent: Extent, now: float) -> list[str]:
        if extent.size == 0:
            return ["holds no file that is not empty" if extent.folder else "is empty"]
        problems = []
        if self.min_size is not None and extent.size < self.min_size:
            problems.append(f"has {sizes.show(extent.size, self.min_size)}, must be >= {sizes.show(self.min_size)}")
        age = now - extent.modified
        if self.max_age is not None and age > self.max_age:
            problems.append(f"is {durations.show(age, self.max_age)} old, must be <= {durations.show(self.max_age)}")
        return problems

    def _other_content(self, extent: Extent, scene: Scene) -> list[str]:
        if self.sha256 is None:
            return []
        if extent.folder:
            return ["is a folder, which has no sha256"]
        digest = scene.digests.get(self.path) or files.sha256(scene.root, self.path)
        return [] if digest == self.sha256 else [f"has sha256 {digest}, must be {self.sha256}"]

    def _bound(self) -> str:
        parts = [
            f"min_size {sizes.show(self.min_size)}" if self.min_size is not None else "",
            f"max_age {durations.show(self.max_age)}" if self.max_age is not None else "",
            f"sha256 {self.sha256}" if self.sha256 else "",
        ]
        return ", ".join(filter(None, parts))
