"""From one item of config/criteria.yaml to its criterion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from criteria.model import Criterion, CriterionError
from criteria.words import did_you_mean, listed

if TYPE_CHECKING:
    from criteria.fields import Fields

# the keys each kind may have; the kind itself is one of them
KEYS: Mapping[str, frozenset[str]] = {
    "file": frozenset({"file", "min_size", "max_age", "sha256", "name", "severity"}),
    "json": frozenset({"json", "schema", "has", "name", "severity"}),
    "metric": frozenset({"metric", "from", "at", "pass", "review", "severity"}),
    "command": frozenset({"command", "timeout", "name", "severity"}),
    "check": frozenset({"check", "args", "timeout", "name", "severity"}),
}


def parse(raw: Mapping[str, Any]) -> Criterion:
    """The criterion that the item describes. Raises CriterionError, and nothing else, where it describes none."""
    if not isinstance(raw, Mapping):
        raise CriterionError("", f"a criterion is a mapping, not {raw!r:.60}", f"start it with {_kinds()}")
    kind = _kind(raw)
    for key in raw:
        if key not in KEYS[kind]:
            guess = did_you_mean(str(key), KEYS[kind])
            message = f"a {kind} criterion has no key '{key}'{guess}"
            raise CriterionError(str(key), message, f"its keys are {listed(sorted(KEYS[kind]))}")
    from criteria.fields import Fields

    return _parser(kind)(Fields(raw))


def _parser(kind: str) -> Callable[[Fields], Criterion]:
    # a plan has few of the kinds, and commands that only read the journal have none
    if kind == "file":
        from criteria.kinds.file import FileCriterion

        return FileCriterion.parse
    if kind == "json":
        from criteria.kinds.json import JsonCriterion

        return JsonCriterion.parse
    if kind == "metric":
        from criteria.kinds.metric import MetricCriterion

        return MetricCriterion.parse
    if kind == "command":
        from criteria.kinds.command import CommandCriterion

        return CommandCriterion.parse
    from criteria.kinds.check import CheckCriterion

    return CheckCriterion.parse


def _kind(raw: Mapping[str, Any]) -> str:
    kinds = [key for key in raw if isinstance(key, str) and key in KEYS]
    if not kinds:
        key = next((key for key in raw if isinstance(key, str)), "")
        guess = did_you_mean(key, KEYS)
        raise CriterionError(key if guess else "", f"a criterion of no kind{guess}", f"give it one of {_kinds()}")
    if len(kinds) > 1:
        raise CriterionError(kinds[1], f"a criterion of two kinds, {listed(kinds)}", "make it one criterion each")
    return kinds[0]


def _kinds() -> str:
    return ", ".join(f"{kind}:" for kind in KEYS)
