"""`command:` exits with 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from criteria import durations
from criteria.fields import Fields
from criteria.model import Criterion, Finding, Result, Scene
from criteria.words import one_line

TIMEOUT = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class CommandCriterion(Criterion):
    kind: ClassVar[str] = "command"
    only_reads: ClassVar[bool] = False
    text: str
    argv: tuple[str, ...]
    timeout: float  # seconds

    @classmethod
    def parse(cls, fields: Fields) -> CommandCriterion:
        if isinstance(fields.raw["command"], (list, tuple)) and fields.raw["command"]:
            from shlex import join

            argv = fields.texts("command")
            text = join(argv)
        else:
            text = fields.text("command").strip()
            argv = ("sh", "-e", "-c", text)
        return cls(
            name=fields.text("name") if "name" in fields else text,
            severity=fields.choice("severity", "fail", "warn"),
            text=text,
            argv=argv,
            timeout=fields.positive_duration("timeout") or TIMEOUT,
        )

    @property
    def source(self) -> str:
        return self.text

    def look(self, scene: Scene) -> Finding:
        from criteria import children

        ended = children.run(self.argv, scene.root, scene.env, self.timeout)
        said = f": {ended.last_line}" if ended.last_line else ""
        title = one_line(self.text, 100)
        if ended.code == 0:
            return Finding(Result.PASS, f"{title} {ended}{said}", 0, "exit code 0")
        must = f"must end within {durations.show(self.timeout)}" if ended.code is None else "must exit with 0"
        return Finding(Result.FAIL, f"{title} {ended}, {must}{said}", ended.code, "exit code 0")
