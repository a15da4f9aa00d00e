"""`metric:` a number from a file, held against a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from criteria import sources, thresholds
from criteria.fields import Fields
from criteria.figures import Number, flaw, shown
from criteria.model import Criterion, CriterionError, Finding, Result, Scene, Trouble

_REMEDY = 'write ">= 0.95", "<= 1.02 * approved" or ">= approved - 0.01"'


@dataclass(frozen=True, slots=True)
class MetricCriterion(Criterion):
    kind: ClassVar[str] = "metric"
    path: str
    at: str
    pass_: thresholds.Threshold
    review: thresholds.Threshold | None

    @classmethod
    def parse(cls, fields: Fields) -> MetricCriterion:
        name, path, at = fields.text("metric"), fields.text("from"), fields.text("at")
        try:
            sources.check(path, at)
        except ValueError as error:
            remedy = "JMESPath for JSON, YAML, TOML and XML; column:function for CSV; a regular expression for text"
            raise CriterionError("at", f"'at': {error}", remedy) from None
        if "pass" not in fields:
            raise CriterionError("pass", f"metric {name} has no 'pass'", _REMEDY)
        pass_ = fields.read("pass", thresholds.parse, _REMEDY)
        review = fields.read("review", thresholds.parse, _REMEDY) if "review" in fields else None
        if review and not thresholds.looser(review, pass_):
            message = f"pass {pass_} can be met where review {review} is not"
            if thresholds.unreachable(review, pass_):
                message = f"review {review} can never be met where pass {pass_} is not"
            raise CriterionError("review", message, "make review the looser one, or leave it out")
        return cls(name, fields.choice("severity", "fail", "warn"), path, at, pass_, review)

    @property
    def files(self) -> tuple[str, ...]:
        return (self.path,)

    @property
    def source(self) -> str:
        return f"{self.path}: {self.at}"

    def look(self, scene: Scene) -> Finding:
        try:
            value = sources.value(scene.root, self.path, self.at)
        except Trouble as trouble:
            return Finding(Result.FAIL, f"{self.name}: {trouble}", bound=str(self.pass_))
        if isinstance(value, (int, float)) and not flaw(value):
            return self._judged(value, scene.approved.get(self.name))
        read = value if isinstance(value, (str, bool)) else None
        return Finding(Result.FAIL, f"{self.name} {flaw(value)} ({self.source})", read, str(self.pass_))

    def _judged(self, value: Number, approved: Number | None) -> Finding:
        result = thresholds.judge(value, self.pass_, self.review, approved)
        pass_ = self.pass_.describe(value, approved)
        review = f"review {self.review.describe(value, approved)}" if self.review else ""
        bounds = [each.shown_bound(value, approved) for each in (self.pass_, self.review) if each]
        number = shown(value, *(bound for bound in bounds if bound is not None))
        if result is Result.PASS and self.pass_.bound(approved) is None:
            fact = f" {number}: no approved value yet; {number} becomes the baseline"
        elif result is Result.PASS:
            fact = f" {number} {pass_}"
        elif result is Result.REVIEW:
            fact = f" {number}: a person decides, pass is {pass_}, {review}"
        else:
            fact = f" {number}, must be {pass_}" + (f", {review}" if review else "")
        bound = f"{pass_}, {review}" if review else pass_
        return Finding(result, f"{self.name}{fact} ({self.source})", value, bound)
