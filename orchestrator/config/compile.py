"""Validated documents → one Plan, or every problem at once. Pure: what is on disk is preflight's business."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from criteria import duration, size

from ..plan import Logs, Phase, Plan, Rule
from . import order
from .cache import cache
from .failures import error_rules, policies
from .findings import At, Desk
from .gates import with_gate
from .github import github
from .matrix import combinations, fill_text, task_suffix
from .paths import KEPT, is_glob
from .problems import Problem, did_you_mean
from .triggers import triggers
from .works import DASK, executor_of, too_many, works_of

LEAST_LOG = 4096
"""Bytes."""
LEAST_LEASE = 2.0
"""Seconds."""

COMMANDS = frozenset(
    """approve clean completion dumpdb forget github graph help history ignore info init list logs plan reject report
    resetdep reset-dep revoke run status strace tabcompletion waive watch""".split()  # noqa: SIM905 - a list of words
)
"""Words that `doit WORD` takes for a command, so that no phase can have them for a name."""


def compile_plan(desk: Desk) -> tuple[Plan | None, list[Problem]]:
    """The plan, and what is wrong with it; the plan is None when anything is."""
    if [name for name, raw in desk.written.items() if too_many(name, raw, desk)]:
        return None, desk.found.problems  # all else goes through the combinations
    _take_outputs(desk)
    _check_names(desk)
    compiled = {name: with_gate(_phase(name, raw, desk), raw, desk) for name, raw in desk.written.items()}
    rules, logs, reactions, shown = error_rules(desk), _logs(desk), triggers(desk), github(desk)
    shared = cache(desk)
    cluster = _dask(desk)
    sequence, cycles = order.dependency_order({phase.name: phase.needs for phase in compiled.values()})
    for cycle in cycles:
        message = f"phases need each other: {' → '.join(cycle)}"
        desk.found.add(desk.phases, ["phases", cycle[0]], message, "take one of these links out", key=True)
    if desk.found.problems:
        return None, list(dict.fromkeys(desk.found.problems))
    plan = Plan(
        name=str(desk.phases.data.get("plan", "plan")),
        phases={name: compiled[name] for name in sequence},
        jobs=int(desk.orchestrator.data.get("jobs", 1)),
        makers=desk.outputs.makers(),
        pools=dict(desk.pools),
        errors=rules,
        retry=policies(desk),
        logs=logs,
        triggers=reactions,
        github=shown,
        cache=shared,
        dask=cluster,
    )
    return plan, []


def _check_names(desk: Desk) -> None:
    for name in desk.written:
        if name.lower() in COMMANDS:
            desk.found.add(
                desk.phases, ["phases", name], f"{name!r} is a command of doit", "choose another name", key=True
            )
    for name in desk.criteria.data:
        if name not in desk.written:
            message = f"there is no phase {name!r} in {desk.phases.file}"
            desk.found.add(desk.criteria, [name], message, did_you_mean(name, desk.written), key=True)


def _take_outputs(desk: Desk) -> None:
    """Who makes what, before anybody asks."""
    for name, raw in desk.written.items():
        for combination in combinations(raw.get("matrix") or {}):
            for index, text in enumerate(raw.get("outputs") or []):
                at: At = ["phases", name, "outputs", index]
                output = desk.found.path(desk.phases, at, fill_text(text, combination))
                if output is not None:
                    _take_output(output, name, f"{name}:run{task_suffix(combination)}", at, raw, desk)


def _take_output(output: str, phase: str, task: str, at: At, raw: Mapping[str, Any], desk: Desk) -> None:
    if is_glob(output):
        message, remedy = f"output {output!r} is a pattern", "name the files, or the folder they lie in"
    elif output.split("/", 1)[0] in KEPT:
        message, remedy = f"{output!r} belongs to the project itself", "write outputs to a folder such as build/"
    elif clash := desk.outputs.add(output, phase, task):
        message, remedy = f"{output!r} is made by {clash.phase} too ({clash.path!r})", "give each output one maker"
        if clash.phase == phase and raw.get("matrix"):
            remedy = "put the axes into the name, such as {" + "}-{".join(raw["matrix"]) + "}"
    else:
        return
    desk.found.add(desk.phases, at, message, remedy)


def _phase(name: str, raw: Mapping[str, Any], desk: Desk) -> Phase:
    """The phase without its gate."""
    works = works_of(name, raw, desk)
    implied = [maker for work in works for given in work.inputs for maker in given.makers if maker != name]
    return Phase(
        name=name,
        title=str(raw.get("title") or name),
        description=str(raw.get("description") or "").strip(),
        place=desk.phases.place(["phases", name]),
        needs=tuple(dict.fromkeys([*_needs(name, raw, desk), *implied])),
        works=works,
        reads=(),
        rule=Rule(manual=False),
        gate_text="",
    )


def _needs(name: str, raw: Mapping[str, Any], desk: Desk) -> Iterator[str]:
    for index, need in enumerate(raw.get("needs") or []):
        if need in desk.written:
            yield need
        else:
            others = [other for other in desk.written if other != name]
            message = f"{name} needs {need!r}, which is no phase"
            desk.found.add(desk.phases, ["phases", name, "needs", index], message, did_you_mean(need, others))


def _logs(desk: Desk) -> Logs:
    written, default = desk.orchestrator.data.get("logs") or {}, Logs()
    at: At = ["logs", "max_size"]
    try:
        largest = size(written.get("max_size", default.max_size))
    except ValueError as error:
        message, _, remedy = str(error).partition(": ")
        desk.found.add(desk.orchestrator, at, message, remedy)
        return default
    if largest < LEAST_LOG:
        desk.found.add(desk.orchestrator, at, "a log that small says nothing", f"allow it at least {LEAST_LOG} bytes")
    return Logs(largest, int(written.get("keep_runs", default.keep_runs)))


def _dask(desk: Desk) -> Mapping[str, Any] | None:
    """Where the cluster is; None where no phase is for one."""
    written = (desk.orchestrator.data.get("executors") or {}).get(DASK) or {}
    settings = dict(written)
    for key in ("lease", "wait"):
        if key in written:
            settings[key] = duration(written[key])
    if settings.get("lease", LEAST_LEASE) < LEAST_LEASE:
        at: At = ["executors", DASK, "lease"]
        message = "a lease that short ends commands whenever a machine is busy"
        desk.found.add(desk.orchestrator, at, message, f"allow at least {LEAST_LEASE:g} s")
    if settings.get("wait") == 0:
        at = ["executors", DASK, "wait"]
        desk.found.add(desk.orchestrator, at, "in no time no cluster is there", "allow it some seconds")
    return settings if any(executor_of(raw, desk) == DASK for raw in desk.written.values()) else None
