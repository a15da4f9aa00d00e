"""Four validated documents → one Plan, or every problem at once. Pure: what is on disk is preflight's business."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from criteria import CriterionError, duration, parse
from criteria.documents.yaml import Document

from ..plan import Input, Phase, Plan, Rule, Work
from . import order
from .matrix import Combination, as_text, axes_in, combinations, fill, fill_text, fill_texts, task_suffix
from .outputs import Outputs
from .paths import KEPT, is_glob, normal
from .problems import Problem, did_you_mean

COMMANDS = frozenset(
    """approve clean completion dumpdb forget github graph help history ignore info init list logs plan reject report
    resetdep reset-dep revoke run status strace tabcompletion waive watch""".split()  # noqa: SIM905 - a list of words
)
"""Words that `doit WORD` takes for a command, so that no phase can have them for a name."""

At = Sequence[str | int]
"""A path in a document: keys and indices from the top."""

FindModule = Callable[[str], str | None]
"""The project's file that a dotted module name stands for; None for one that is installed."""


@dataclass(frozen=True, slots=True)
class Source:
    """One configuration file that was read: its name as messages show it, and what it holds."""

    file: str
    document: Document

    @property
    def data(self) -> Mapping[str, Any]:
        """The top mapping."""
        return self.document.data  # type: ignore[no-any-return]

    def place(self, at: At) -> str:
        """`file:line:column` of the value at a path of the document."""
        place = self.document.place(at)
        return f"{self.file}:{place.line}:{place.column}"


@dataclass(slots=True)
class _Findings:
    """Problems as they are found, each with its place."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, source: Source, at: At, message: str, remedy: str = "", *, key: bool = False) -> None:
        """A problem with the value at a path of the document, or with its key."""
        place = source.document.key_place(at) if key else source.document.place(at)
        self.problems.append(Problem(source.file, place.line, place.column, message, remedy))

    def path(self, source: Source, at: At, text: str) -> str | None:
        """The path in its normal form; None and a problem when no phase may name it."""
        try:
            return normal(text)
        except ValueError as error:
            message, _, remedy = str(error).partition("; ")
            self.add(source, at, message, remedy)
            return None


def compile_plan(
    phases: Source, criteria: Source, orchestrator: Source, find_module: FindModule
) -> tuple[Plan | None, list[Problem]]:
    """The plan, and what is wrong with it; the plan is None when anything is."""
    found = _Findings()
    written: Mapping[str, Mapping[str, Any]] = phases.data["phases"]
    outputs = _outputs(phases, written, found)
    default_rule = _rule(None, orchestrator.data)

    for name in criteria.data:
        if name not in written:
            found.add(
                criteria, [name], f"there is no phase {name!r} in {phases.file}", did_you_mean(name, written), key=True
            )

    compiled: dict[str, Phase] = {}
    for name, raw in written.items():
        if name.lower() in COMMANDS:
            found.add(phases, ["phases", name], f"{name!r} is a command of doit", "choose another name", key=True)
        phase = _phase(name, raw, phases, outputs, written, found, find_module)
        rule = _rule(raw.get("approval"), orchestrator.data) if "approval" in raw else default_rule
        compiled[name] = _gate(replace(phase, rule=rule), raw, criteria, outputs, found, find_module)

    sequence, cycles = order.dependency_order({phase.name: phase.needs for phase in compiled.values()})
    for cycle in cycles:
        at = ["phases", cycle[0]]
        found.add(phases, at, f"phases need each other: {' → '.join(cycle)}", "take one of these links out", key=True)
    if found.problems:
        return None, found.problems
    return Plan(
        str(phases.data.get("plan", "plan")),
        {name: compiled[name] for name in sequence},
        int(orchestrator.data.get("jobs", 1)),
        tuple(_not_yet(phases, orchestrator)),
        outputs.makers(),
    ), []


def _outputs(source: Source, written: Mapping[str, Mapping[str, Any]], found: _Findings) -> Outputs:
    outputs = Outputs()
    for name, raw in written.items():
        for combination in combinations(raw.get("matrix") or {}):
            for index, text in enumerate(raw.get("outputs") or []):
                at: At = ["phases", name, "outputs", index]
                output = found.path(source, at, fill_text(text, combination))
                if output is None:
                    continue
                if is_glob(output):
                    found.add(
                        source, at, f"output {output!r} is a pattern", "name the files, or the folder they lie in"
                    )
                elif output.split("/", 1)[0] in KEPT:
                    found.add(
                        source,
                        at,
                        f"{output!r} belongs to the project itself",
                        "write outputs to a folder such as build/",
                    )
                elif clash := outputs.add(output, name, f"{name}:run{task_suffix(combination)}"):
                    advice = "give each output one maker"
                    if clash.phase == name and raw.get("matrix"):
                        advice = "put the axes into the name, such as {" + "}-{".join(raw["matrix"]) + "}"
                    found.add(source, at, f"{output!r} is made by {clash.phase} too ({clash.path!r})", advice)
    return outputs


def _phase(
    name: str,
    raw: Mapping[str, Any],
    source: Source,
    outputs: Outputs,
    written: Mapping[str, Any],
    found: _Findings,
    find_module: FindModule,
) -> Phase:
    base: At = ["phases", name]
    needs: list[str] = []
    for index, need in enumerate(raw.get("needs") or []):
        if need not in written:
            found.add(
                source,
                [*base, "needs", index],
                f"{name} needs {need!r}, which is no phase",
                did_you_mean(need, [other for other in written if other != name]),
            )
        elif need not in needs:
            needs.append(need)
    works = tuple(
        _work(name, raw, combination, source, outputs, found, find_module)
        for combination in combinations(raw.get("matrix") or {})
    )
    _matrix(name, raw.get("matrix") or {}, source, found)
    implied = [maker for work in works for given in work.inputs for maker in given.makers if maker != name]
    return Phase(
        name=name,
        title=str(raw.get("title") or name),
        description=str(raw.get("description") or "").strip(),
        place=source.place(base),
        needs=tuple(dict.fromkeys([*needs, *implied])),
        works=works,
        criteria=(),
        reads=(),
        rule=Rule(manual=False),
    )


def _matrix(name: str, matrix: Mapping[str, Sequence[Any]], source: Source, found: _Findings) -> None:
    """Two values that are the same text would be two tasks with one name."""
    for axis, values in matrix.items():
        texts = [as_text(value) for value in values]
        for index, text in enumerate(texts):
            if text in texts[:index]:
                at: At = ["phases", name, "matrix", axis, index]
                found.add(source, at, f"{axis} has the value {text!r} already", "name each value once")


def _work(
    name: str,
    raw: Mapping[str, Any],
    combination: Combination,
    source: Source,
    outputs: Outputs,
    found: _Findings,
    find_module: FindModule,
) -> Work:
    base: At = ["phases", name]
    inputs: dict[str, Input] = {}

    def take(path: str, at: At) -> None:
        makers = outputs.makers_of(path)
        if name in makers:
            message = f"{name} reads {path!r} and makes it, or part of it"
            found.add(source, at, message, "leave its own outputs out of its inputs")
        inputs[path] = Input(path, tuple(makers), source.place(at))

    for index, text in enumerate(raw.get("inputs") or []):
        at = [*base, "inputs", index]
        path = found.path(source, at, fill_text(text, combination))
        if path is not None:
            take(path, at)
    if "call" in raw:
        module = find_module(raw["call"].partition(":")[0])
        if module is not None and module not in inputs:
            take(module, [*base, "call"])
    if raw.get("executor", "local") != "local":
        found.add(source, [*base, "executor"], f"executor {raw['executor']!r} is not in this version", "use local")
    return Work(
        task=f"{name}:run{task_suffix(combination)}",
        phase=name,
        definition=_definition(name, raw, combination, source, found),
        inputs=tuple(inputs.values()),
        outputs=tuple(dict.fromkeys(_normal_or_nothing(fill_text(o, combination)) for o in raw.get("outputs") or [])),
        timeout=duration(raw["timeout"]) if raw.get("timeout") is not None else None,
        always=bool(raw.get("always", False)),
    )


def _definition(
    name: str, raw: Mapping[str, Any], combination: Combination, source: Source, found: _Findings
) -> dict[str, Any]:
    base: At = ["phases", name]
    cwd = raw.get("cwd", ".")
    if cwd not in (".", "./"):
        cwd = found.path(source, [*base, "cwd"], fill_text(cwd, combination))
    definition = {
        "run": fill_texts(raw.get("run"), combination),
        "call": raw.get("call"),
        "args": fill(raw.get("args"), combination),
        "cwd": None if cwd in (".", "./") else cwd,
        "env": fill_texts(raw.get("env"), combination),
        "params": {**fill(raw.get("params") or {}, combination), **combination},
    }
    return {key: value for key, value in definition.items() if value not in (None, {})}


def _gate(
    phase: Phase,
    raw: Mapping[str, Any],
    source: Source,
    outputs: Outputs,
    found: _Findings,
    find_module: FindModule,
) -> Phase:
    """The phase with its criteria, what they read, and the phases that make what they read."""
    matrix: Mapping[str, Any] = raw.get("matrix") or {}
    criteria: list[Mapping[str, Any]] = []
    names: dict[str, tuple[int, str]] = {}
    reads = dict.fromkeys(phase.outputs)
    needs = dict.fromkeys(phase.needs)
    for index, written in enumerate(source.data.get(phase.name) or []):
        at: At = [phase.name, index]
        used = axes_in(written, list(matrix))
        for combination in combinations({axis: matrix[axis] for axis in used}):
            item = {k: (fill if k == "args" else fill_texts)(value, combination) for k, value in written.items()}
            try:
                criterion = parse(item)
            except CriterionError as error:
                found.add(source, [*at, error.key], error.message, error.remedy)
                break
            first, twin = names.setdefault(criterion.name, (index, task_suffix(combination)))
            if first != index:
                other = source.document.place([phase.name, first])
                message = f"{phase.name} has a criterion {criterion.name!r} already, on line {other.line}"
                found.add(source, at, message, "give it another name")
            elif twin != task_suffix(combination):
                message = f"{phase.name} has {criterion.name!r} once for each combination, all with this name"
                found.add(source, at, message, "put the axes into its name, such as {" + "}-{".join(used) + "}")
            key_of = {item[key]: key for key in ("from", "schema", "json", "file") if key in item}
            paths = [found.path(source, [*at, key_of[file]], file) for file in criterion.files]
            if "check" in item:
                paths.append(find_module(item["check"].partition(":")[0]))
            for path in filter(None, paths):
                reads[path] = None
                needs.update(dict.fromkeys(maker for maker in outputs.makers_of(path) if maker != phase.name))
            criteria.append(item)
    return replace(phase, criteria=tuple(criteria), reads=tuple(reads), needs=tuple(needs))


def _rule(written: Any, orchestrator: Mapping[str, Any]) -> Rule:
    """A phase's own approval goes over the mode; what it leaves out comes from orchestrator.yaml."""
    common: Mapping[str, Any] = orchestrator.get("approval") or {}
    own = written if isinstance(written, Mapping) else {}
    manual = orchestrator.get("mode", "auto") == "manual" if written is None else written != "auto"

    def setting(key: str, default: Any) -> Any:
        value = own.get(key, common.get(key))
        return default if value is None else value

    expires = setting("expires", None)
    return Rule(
        manual=manual,
        by=tuple(setting("by", ())),
        quorum=int(setting("quorum", 1)),
        self_approval=bool(setting("self_approval", True)),
        expires=None if expires is None else duration(expires),
    )


def _not_yet(phases: Source, orchestrator: Source) -> Iterable[str]:
    """Keys that are checked and not acted on yet: said aloud, because a silent key is a false promise."""
    for key in ("retry", "pools", "clean_on_failure"):
        users = [name for name, raw in phases.data["phases"].items() if raw.get(key)]
        if users:
            yield f"{phases.place(['phases', users[0], key])}: {key} is checked but not acted on in this version"
    for key in ("errors", "retry", "pools", "triggers", "executors"):
        if orchestrator.data.get(key):
            yield f"{orchestrator.place([key])}: {key} is checked but not acted on in this version"


def _normal_or_nothing(path: str) -> str:
    """For a second look at a path whose problem was already reported."""
    try:
        return normal(path)
    except ValueError:
        return path
