"""What 'done' means: the criteria behind a gate, and the verdicts they give.

The public names are loaded when they are first asked for: a run that has nothing to do judges nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from criteria.durations import duration as duration
    from criteria.items import KEYS as KEYS
    from criteria.items import parse as parse
    from criteria.model import Criterion as Criterion
    from criteria.model import CriterionError as CriterionError
    from criteria.model import Result as Result
    from criteria.model import Scene as Scene
    from criteria.model import Verdict as Verdict
    from criteria.sizes import size as size

_HOMES = {
    "duration": "durations",
    "Criterion": "model",
    "CriterionError": "model",
    "Result": "model",
    "Scene": "model",
    "Verdict": "model",
    "KEYS": "items",
    "parse": "items",
    "size": "sizes",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'criteria' has no attribute {name!r}")
    return getattr(importlib.import_module(f"criteria.{_HOMES[name]}"), name)
