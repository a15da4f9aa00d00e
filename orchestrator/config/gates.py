"""What is written in criteria.yaml, and the approval rule → the gate of a phase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from criteria import Criterion, CriterionError, duration, parse

from ..plan import Phase, Rule, gate_text
from .findings import At, Desk
from .matrix import axes_in, combinations, fill, fill_texts, task_suffix

EVERYONE = "everyone"


def with_gate(phase: Phase, raw: Mapping[str, Any], desk: Desk) -> Phase:
    """The phase with its rule, its criteria, what they read, and the phases that make what they read."""
    criteria: list[Mapping[str, Any]] = []
    places: list[str] = []
    reads = dict.fromkeys(phase.outputs)
    needs = dict.fromkeys(phase.needs)
    for at, item, criterion in _criteria(phase.name, raw.get("matrix") or {}, desk):
        criteria.append(item)
        places.append(desk.criteria.place(at))
        for path in _files(at, item, criterion, desk):
            reads[path] = None
            needs.update(dict.fromkeys(maker for maker in desk.outputs.makers_of(path) if maker != phase.name))
    rule = _rule(phase.name, raw, desk)
    return replace(
        phase,
        reads=tuple(reads),
        needs=tuple(needs),
        rule=rule,
        gate_text=gate_text(criteria, rule),
        places=tuple(places),
    )


def _criteria(phase: str, matrix: Mapping[str, Any], desk: Desk) -> Iterator[tuple[At, Mapping[str, Any], Criterion]]:
    """Each criterion with its place and its text, once for each combination of the axes that it names."""
    names: dict[str, tuple[int, str]] = {}
    for index, written in enumerate(desk.criteria.data.get(phase) or []):
        at: At = [phase, index]
        axes = axes_in(written, list(matrix))
        for combination in combinations({axis: matrix[axis] for axis in axes}):
            item = {k: (fill if k == "args" else fill_texts)(value, combination) for k, value in written.items()}
            try:
                criterion = parse(item)
            except CriterionError as error:
                desk.found.add(desk.criteria, [*at, error.key], error.message, error.remedy)
                break
            first, twin = names.setdefault(criterion.name, (index, task_suffix(combination)))
            if first != index:
                other = desk.criteria.document.place([phase, first])
                message = f"{phase} has a criterion {criterion.name!r} already, on line {other.line}"
                desk.found.add(desk.criteria, at, message, "give it another name")
            elif twin != task_suffix(combination):
                message = f"{phase} has {criterion.name!r} once for each combination, all with this name"
                desk.found.add(
                    desk.criteria, at, message, "put the axes into its name, such as {" + "}-{".join(axes) + "}"
                )
            yield at, item, criterion


def _files(at: At, item: Mapping[str, Any], criterion: Criterion, desk: Desk) -> Iterator[str]:
    """The files that a criterion reads; the module of a check is one."""
    key_of = {item[key]: key for key in ("from", "schema", "json", "file") if key in item}
    for file in criterion.files:
        path = desk.found.path(desk.criteria, [*at, key_of[file]], file)
        if path is not None:
            yield path
    if "check" in item:
        module = desk.find_module(item["check"].partition(":")[0])
        if module is not None:
            yield module


def _rule(phase: str, raw: Mapping[str, Any], desk: Desk) -> Rule:
    """A phase's own approval goes over the mode; what it leaves out comes from orchestrator.yaml."""
    written = raw.get("approval")
    own: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    common: Mapping[str, Any] = desk.orchestrator.data.get("approval") or {}
    manual = desk.orchestrator.data.get("mode", "auto") == "manual" if written is None else written != "auto"

    def setting(key: str, default: Any) -> Any:
        value = own.get(key, common.get(key))
        return default if value is None else value

    by, expires = setting("by", EVERYONE), setting("expires", None)
    rule = Rule(
        manual=manual,
        by=() if by == EVERYONE else tuple(dict.fromkeys(by)),
        quorum=int(setting("quorum", 1)),
        self_approval=bool(setting("self_approval", True)),
        expires=None if expires is None else duration(expires),
        by_mode=written is None,
    )
    _check_rule(phase, rule, own, desk)
    return rule


def is_team(name: str) -> bool:
    """Does a name on a rule's list stand for a team on GitHub, `@octo/reviewers`?"""
    return name.startswith("@") and "/" in name


def _check_rule(phase: str, rule: Rule, own: Mapping[str, Any], desk: Desk) -> None:
    """A rule that nobody can meet is refused rather than waited for."""

    def problem(key: str, message: str, remedy: str) -> None:
        if key in own:
            desk.found.add(desk.phases, ["phases", phase, "approval", key], message, remedy)
        else:
            desk.found.add(desk.orchestrator, ["approval", key], message, remedy)

    if rule.by and rule.quorum > len(rule.by) and not any(is_team(name) for name in rule.by):
        message = f"the quorum of {phase} is {rule.quorum}, but `by` names {len(rule.by)}"
        problem("quorum" if "quorum" in own or "by" not in own else "by", message, "name more people or ask fewer")
    if rule.expires is not None and rule.expires <= 0:
        problem("expires", "an approval that expires at once would never stand", "give it some time, or leave it out")
