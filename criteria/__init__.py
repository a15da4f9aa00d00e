"""What 'done' means: the criteria behind a gate, and the verdicts they give. Knows nothing else of phasegate."""

from criteria.durations import duration
from criteria.model import Criterion, CriterionError, Result, Scene, Verdict
from criteria.parse import KEYS, parse

__all__ = ["KEYS", "Criterion", "CriterionError", "Result", "Scene", "Verdict", "duration", "parse"]
