"""What is written under a phase → its works: one, or one for each combination of its matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from criteria import duration

from ..plan import Input, Work, canonical
from .failures import retry_values
from .findings import At, Desk
from .matrix import Combination, as_text, combinations, fill, fill_text, fill_texts, task_suffix
from .paths import normal
from .problems import did_you_mean

DASK = "dask"
LONGEST_VALUE = 100
"""Characters of a matrix value: it becomes part of a task's and of a log's name."""

LONGEST_NAME = 240
"""Characters of a phase's name and of matrix values behind it, quoted: a file's name has 255, and that of a log ends
with the attempt's number and `.log`."""
MOST_WORKS = 1_000_000
"""Of one phase. Each takes memory from the first moment on: more of them end a machine, and not in an error."""


def too_many(name: str, raw: Mapping[str, Any], desk: Desk) -> bool:
    """Does the matrix of a phase have more combinations than anybody can go through? Then it is told."""
    lengths = {axis: len(values) for axis, values in (raw.get("matrix") or {}).items()}
    count = math.prod(lengths.values())
    if count <= MOST_WORKS:
        return False
    axes = " × ".join(f"{length:,} of {axis}" for axis, length in lengths.items())
    message = f"the matrix of {name} has {count:,} combinations ({axes}), and {MOST_WORKS:,} at most are allowed"
    remedy = "shorten the axes, or let each work go through the values of one of them"
    desk.found.add(desk.phases, ["phases", name, "matrix"], message, remedy, key=True)
    return True


def works_of(name: str, raw: Mapping[str, Any], desk: Desk) -> tuple[Work, ...]:
    """The works of a phase; what is wrong with them goes to the findings."""
    matrix: Mapping[str, Sequence[Any]] = raw.get("matrix") or {}
    _check_values(name, matrix, desk)
    _check_length(name, matrix, desk)
    _check_timeout(name, raw, desk)
    _check_params(name, raw, matrix, desk)
    _check_pools(name, raw, desk)
    _check_cache(name, raw, desk)
    _check_resources(name, raw, desk)
    return tuple(_work(name, raw, combination, desk) for combination in combinations(matrix))


def _work(name: str, raw: Mapping[str, Any], combination: Combination, desk: Desk) -> Work:
    outputs = (_normal_or_as_it_is(fill_text(output, combination)) for output in raw.get("outputs") or [])
    return Work(
        task=f"{name}:run{task_suffix(combination)}",
        phase=name,
        definition_text=canonical(_definition(name, raw, combination, desk)),
        inputs=_inputs(name, raw, combination, desk),
        outputs=tuple(dict.fromkeys(outputs)),
        timeout=duration(raw["timeout"]) if raw.get("timeout") is not None else None,
        always=bool(raw.get("always", False)),
        retry=retry_values(raw.get("retry") or {}),
        pools={pool: int(count) for pool, count in (raw.get("pools") or {}).items()},
        clean_on_failure=bool(raw.get("clean_on_failure", False)),
        cached=bool(raw.get("cache", bool(raw.get("outputs")) and not raw.get("always"))),
        executor=executor_of(raw, desk),
        resources={resource: float(amount) for resource, amount in (raw.get("resources") or {}).items()},
    )


def _inputs(name: str, raw: Mapping[str, Any], combination: Combination, desk: Desk) -> tuple[Input, ...]:
    """The inputs as written, and the module of a `call`, which is one by itself."""
    inputs: dict[str, Input] = {}

    def take(path: str, at: At) -> None:
        makers = desk.outputs.makers_of(path)
        if name in makers:
            message = f"{name} reads {path!r} and makes it, or part of it"
            desk.found.add(desk.phases, at, message, "leave its own outputs out of its inputs")
        inputs[path] = Input(path, tuple(makers), desk.phases.place(at))

    for index, text in enumerate(raw.get("inputs") or []):
        at: At = ["phases", name, "inputs", index]
        path = desk.found.path(desk.phases, at, fill_text(text, combination))
        if path is not None:
            take(path, at)
    if "call" in raw:
        module = desk.find_module(raw["call"].partition(":")[0])
        if module is not None and module not in inputs:
            take(module, ["phases", name, "call"])
    return tuple(inputs.values())


def _definition(name: str, raw: Mapping[str, Any], combination: Combination, desk: Desk) -> dict[str, Any]:
    cwd = raw.get("cwd", ".")
    if cwd not in (".", "./"):
        cwd = desk.found.path(desk.phases, ["phases", name, "cwd"], fill_text(cwd, combination))
    definition = {
        "run": fill_texts(raw.get("run"), combination),
        "call": raw.get("call"),
        "args": fill(raw.get("args"), combination),
        "cwd": None if cwd in (".", "./") else cwd,
        "env": fill_texts(raw.get("env"), combination),
        "params": {**fill(raw.get("params") or {}, combination), **combination},
    }
    return {key: value for key, value in definition.items() if value not in (None, {})}


def _check_values(name: str, matrix: Mapping[str, Sequence[Any]], desk: Desk) -> None:
    """Two values that are the same text would be two tasks with one name; a long one would be no name for a log."""
    for axis, values in matrix.items():
        seen: set[str] = set()
        for index, text in enumerate(map(as_text, values)):
            at: At = ["phases", name, "matrix", axis, index]
            if text in seen:
                desk.found.add(desk.phases, at, f"{axis} has the value {text!r} already", "name each value once")
            if len(text) > LONGEST_VALUE:
                message = f"this value of {axis} has {len(text)} characters"
                desk.found.add(desk.phases, at, message, f"names of tasks and logs hold {LONGEST_VALUE} of it")
            seen.add(text)


def _check_length(name: str, matrix: Mapping[str, Sequence[Any]], desk: Desk) -> None:
    """A name that no log can have would fail the work when it starts."""
    longest = {axis: max(values, key=lambda value: len(task_suffix({"": value}))) for axis, values in matrix.items()}
    length = len(name) + len(task_suffix(longest))
    if length > LONGEST_NAME:
        behind = ", with its longest values behind it, quoted as in a URL," if matrix else ""
        message = f"the name of this phase{behind} has {length} characters"
        remedy = f"the name of a log holds {LONGEST_NAME} of it"
        desk.found.add(desk.phases, ["phases", name], message, remedy, key=True)


def _check_timeout(name: str, raw: Mapping[str, Any], desk: Desk) -> None:
    """Whether a work is done in no time is a race, and says nothing about the work."""
    if "timeout" in raw and not duration(raw["timeout"]):
        at: At = ["phases", name, "timeout"]
        desk.found.add(desk.phases, at, "in no time no work is done", "allow it some seconds, or leave it out")


def _check_pools(name: str, raw: Mapping[str, Any], desk: Desk) -> None:
    """A pool that is not there, or is too small, would be waited for without end."""
    for pool, count in (raw.get("pools") or {}).items():
        at: At = ["phases", name, "pools", pool]
        if pool not in desk.pools:
            message = f"{name} takes of a pool {pool!r} that {desk.orchestrator.file} does not have"
            remedy = did_you_mean(pool, desk.pools) or f"add pools: {{{pool}: {count}}} there"
            desk.found.add(desk.phases, at, message, remedy, key=True)
        elif count > desk.pools[pool]:
            message = f"{name} takes {count} of the pool {pool!r}, which has {desk.pools[pool]}"
            desk.found.add(desk.phases, at, message, f"take fewer, or give {pool} more in {desk.orchestrator.file}")


def _check_cache(name: str, raw: Mapping[str, Any], desk: Desk) -> None:
    """Whoever says both does not get both."""
    if raw.get("cache") and raw.get("always"):
        message = f"{name} says cache: true, and always: true, after which it would run each time"
        desk.found.add(desk.phases, ["phases", name, "cache"], message, "take one of them out", key=True)


def _check_resources(name: str, raw: Mapping[str, Any], desk: Desk) -> None:
    """What only a cluster heeds would be a silent key on this machine; and a cluster that lacks it is known to, where
    doit itself starts it."""
    wanted: Mapping[str, float] = raw.get("resources") or {}
    if wanted and executor_of(raw, desk) != DASK:
        at: At = ["phases", name, "resources"]
        message = f"{name} runs on this machine, where no resources are counted"
        desk.found.add(desk.phases, at, message, "use pools, or executor: dask", key=True)
        return
    settings = (desk.orchestrator.data.get("executors") or {}).get(DASK) or {}
    has: Mapping[str, float] = settings.get("resources") or {}
    for resource, amount in wanted.items() if "address" not in settings else ():
        if amount > has.get(resource, 0):
            at = ["phases", name, "resources", resource]
            message = f"{name} takes {amount:g} of {resource!r}, of which a worker has {has.get(resource, 0):g}"
            remedy = f"take less, or give workers more under executors.dask in {desk.orchestrator.file}"
            desk.found.add(desk.phases, at, message, remedy, key=True)


def _check_params(name: str, raw: Mapping[str, Any], matrix: Mapping[str, Any], desk: Desk) -> None:
    """Parameters and axes arrive as PARAM_NAME, in capitals: two that differ in case alone would be one."""
    seen: dict[str, str] = {}
    for key, param in [("matrix", axis) for axis in matrix] + [("params", param) for param in raw.get("params") or {}]:
        twin = seen.setdefault(param.upper(), param)
        if twin is not param:
            message = f"{param!r} and {twin!r} are both PARAM_{param.upper()} in the environment"
            desk.found.add(desk.phases, ["phases", name, key, param], message, "rename one of them", key=True)


def executor_of(raw: Mapping[str, Any], desk: Desk) -> str:
    """Where the works of a phase run."""
    return str(raw.get("executor") or desk.orchestrator.data.get("executor") or "local")


def _normal_or_as_it_is(path: str) -> str:
    """For a second look at a path whose problem was already reported."""
    try:
        return normal(path)
    except ValueError:
        return path
