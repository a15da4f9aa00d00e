"""The nouns: a criterion looks at a scene and gives a verdict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from criteria.words import one_line

Scalar = float | int | str | bool | None


class Result(str, Enum):
    PASS = "pass"
    REVIEW = "review"  # a person decides
    FAIL = "fail"
    WARN = "warn"  # told, never closes the gate


class CriterionError(Exception):
    """A criterion is written wrongly: `key` is the offending key ("" for the whole item), `remedy` what to do."""

    def __init__(self, key: str, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.key = key
        self.message = message
        self.remedy = remedy


class Trouble(Exception):
    """The outside world keeps a criterion from holding; the text becomes the message of a failed verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one criterion found.

    `value` is what was read, `bound` what it was held against ("" if nothing), `source` where it was read
    ("build/metrics.json: mae"); `message` says all three. `until` is the moment (epoch seconds) from which the
    verdict may be another one though nothing was touched, or None. `waived_by` is who said that it need not hold.
    """

    name: str
    kind: str
    result: Result
    value: Scalar
    bound: str
    source: str
    message: str
    until: float | None = None
    waived_by: str | None = None

    def as_data(self) -> dict[str, Any]:
        found = {each: getattr(self, each) for each in self.__slots__}
        return {**found, "result": self.result.value}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Verdict:
        """The inverse of `as_data`. Keys it does not know are left aside: a newer version may have written them."""
        known = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        return cls(**{**known, "result": Result(data["result"])})


@dataclass(frozen=True, slots=True)
class Scene:
    """What a criterion may look at.

    `root` is the project folder, which all paths are relative to; `now` the time in epoch seconds; `approved` the
    value of each metric at the gate's last approval; `env` the complete environment of commands and checks; `digests`
    the SHA-256 of files that were hashed already, by path.
    """

    root: Path
    now: float
    approved: Mapping[str, float] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict before the criterion's name, source and severity are put to it."""

    result: Result
    message: str
    value: Scalar = None
    bound: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Criterion(ABC):
    """A testable statement about a phase's outputs."""

    kind: ClassVar[str]
    only_reads: ClassVar[bool] = True
    """It looks at files and at nothing else: asked any time, it changes nothing."""
    name: str
    severity: str  # fail | warn

    @property
    def files(self) -> tuple[str, ...]:
        """Every file it reads, relative to the root, as far as the criterion itself tells: none for one that asks a
        process."""
        return ()

    @property
    @abstractmethod
    def source(self) -> str:
        """Where it reads its value."""

    @abstractmethod
    def look(self, scene: Scene) -> Finding:
        """What it finds, severity aside. Raises Trouble where the outside world leaves nothing to judge."""

    def judge(self, scene: Scene) -> Verdict:
        """The verdict on what is there now. Whatever is wrong with files or processes is a verdict, never raised."""
        try:
            finding = self.look(scene)
        except Trouble as trouble:
            finding = Finding(Result.FAIL, str(trouble))
        except RecursionError:
            finding = Finding(Result.FAIL, f"{self.source}: nested too deeply to be read")
        except MemoryError:
            finding = Finding(Result.FAIL, f"{self.source}: too large for the memory there is")
        except OSError as error:
            finding = Finding(Result.FAIL, f"{self.source}: {error.strerror or error}")
        return self._conclude(finding)

    def _conclude(self, finding: Finding) -> Verdict:
        told = self.severity == "warn" and finding.result is not Result.PASS
        return Verdict(
            name=self.name,
            kind=self.kind,
            result=Result.WARN if told else finding.result,
            # texts come from anywhere: unbounded, with escape sequences or half a surrogate pair that no file takes
            value=one_line(finding.value) if isinstance(finding.value, str) else finding.value,
            bound=one_line(finding.bound),
            source=one_line(self.source),
            message=one_line(finding.message),
            until=finding.until,
        )
