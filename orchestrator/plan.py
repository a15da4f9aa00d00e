"""Plan, Phase, Work: what the configuration says, frozen and checked. Nothing here touches the world.

Every field is made of JSON's types and tuples, so that a compiled plan can be stored beside the state and loaded in
microseconds a phase (config/compiled.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .triggers.model import Trigger

Definition = Mapping[str, Any]


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def canonical(data: object) -> str:
    """JSON in the one form that is compared: quickly, and telling `1` from `true`, which Python's `==` does not."""
    return _CANONICAL.encode(data)


@dataclass(frozen=True, slots=True)
class Input:
    """Something a work reads: a file, a folder or a glob, relative to the project."""

    path: str
    makers: tuple[str, ...]
    """The phases whose outputs it is; none for a source."""
    place: str
    """`file:line:column` of the line that names it."""


class ErrorClass(str, Enum):
    """What kind of failure an attempt ended with; it decides how often the work is tried (work/retry.py)."""

    TRANSIENT = "transient"
    """May pass by itself."""
    PERMANENT = "permanent"
    """Will be the same next time."""
    DEPENDENCY = "dependency"
    """Something that the work reads is gone."""
    CONFIG = "config"
    """The work cannot run as it is written: no such command, module or variable."""
    TIMEOUT = "timeout"
    """It ran longer than it may."""


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """A line of `errors` in orchestrator.yaml: what has this sign is of this class."""

    sign: str
    """`exit_code`, `signal`, `output` or `exception`."""
    value: int | str
    """The exit code or signal number, the regular expression, or the exception's name."""
    error_class: ErrorClass
    place: str
    """`file:line:column` of the rule."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and when a work is tried again. Times are in seconds."""

    attempts: int
    """The first one included."""
    wait: float
    """Before the second attempt, at most: the wait is drawn evenly from 0 to this (full jitter)."""
    factor: float
    """What each wait is multiplied by."""
    max_wait: float


@dataclass(frozen=True, slots=True)
class Logs:
    """What is kept of what works print."""

    max_size: int = 50_000_000
    """Bytes of one attempt's log; of more, head and tail stay."""
    keep_runs: int = 20
    """Runs whose logs are kept."""


@dataclass(frozen=True, slots=True)
class SharedCache:
    """Where the outputs of works are kept for other clones and machines, as orchestrator.yaml has it."""

    url: str
    """As written, with its `${NAME}`."""
    read: bool
    write: bool
    approvals: bool
    """Votes are kept there and taken from there, too."""
    options: Mapping[str, Any]
    """What fsspec's class for the protocol takes, as written."""
    salt: str
    """What tells works apart beyond definition and inputs, as written."""
    timeout: float
    """Seconds that it may take to answer."""
    wait: float
    """Seconds that the end of a run waits for what is still to be put there."""
    place: str
    """`file:line:column` of the URL."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a phase runs; a matrix phase has one for each combination."""

    task: str
    """The doit task: `phase_3:run`, or `phase_11:run:AA` for a combination."""
    phase: str
    definition_text: str
    """What it is, in canonical form: compared as text, read as `definition`."""
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    timeout: float | None
    always: bool
    retry: Mapping[str, float] = field(default_factory=dict)
    """Fields of a RetryPolicy that go over the policy of the error's class."""
    pools: Mapping[str, int] = field(default_factory=dict)
    """How many of each of the plan's pools one execution takes."""
    clean_on_failure: bool = False
    """An attempt that fails leaves no outputs."""
    cached: bool = False
    """What it makes may come from a shared cache, where the plan has one."""
    executor: str = "local"
    """Where it runs: `local` or `dask`. No part of what it is: elsewhere it would make the same."""
    resources: Mapping[str, float] = field(default_factory=dict)
    """What a worker of the cluster must have, and how much of it one execution takes."""

    @property
    def definition(self) -> Definition:
        """`run` or `call` and `args`, `cwd`, `env`, `params`: those that are written."""
        return json.loads(self.definition_text)  # type: ignore[no-any-return]

    @property
    def mark(self) -> str:
        """Tells one definition of the work from another, shortly: who mends it begins a new series of tries."""
        return hashlib.sha256(self.definition_text.encode()).hexdigest()[:16]

    @property
    def env(self) -> Mapping[str, str]:
        """Its own environment variables, as they are written."""
        return self.definition.get("env", {}) if '"env":' in self.definition_text else {}


@dataclass(frozen=True, slots=True)
class Rule:
    """Who opens a gate whose criteria hold."""

    manual: bool
    """A person is asked although every criterion passes."""
    by: tuple[str, ...] = ()
    quorum: int = 1
    self_approval: bool = True
    expires: float | None = None
    """Seconds after which an approval no longer stands."""
    by_mode: bool = False
    """`manual` is the mode's, because the phase's own rule says nothing of it."""

    def as_data(self) -> dict[str, Any]:
        """The rule in JSON's types, as the digest and the gate's record hold it. The mode is no part of it: an approval
        that was given in one mode stands in the other."""
        return {
            "manual": None if self.by_mode else self.manual,
            "by": list(self.by),
            "quorum": self.quorum,
            "self_approval": self.self_approval,
            "expires": self.expires,
        }


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of the plan: work, and the gate behind it."""

    name: str
    title: str
    description: str
    place: str
    needs: tuple[str, ...]
    """Phases whose gates must be open first: those written under `needs` and those that files imply."""
    works: tuple[Work, ...]
    reads: tuple[str, ...]
    """What the gate looks at: every output, and every file that a criterion reads."""
    rule: Rule
    gate_text: str
    """Criteria and rule in canonical form: a change makes the gate judge again, and nothing else run."""
    places: tuple[str, ...] = ()
    """`file:line:column` of each of the criteria."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs of all works."""
        return tuple(output for work in self.works for output in work.outputs)

    @property
    def criteria(self) -> list[Mapping[str, Any]]:
        """The criteria as they are written, filled in for each combination of a matrix."""
        return json.loads(self.gate_text)["criteria"]  # type: ignore[no-any-return]


def title_of(phase: Phase, mask: Callable[[str], str]) -> str:
    """A phase's title with the secrets taken out; one that is its name stays, as names do everywhere."""
    return phase.title if phase.title == phase.name else mask(phase.title)


def gate_text(criteria: Sequence[Mapping[str, Any]], rule: Rule) -> str:
    """What `Phase.gate_text` holds."""
    return canonical({"criteria": list(criteria), "rule": rule.as_data()})


@dataclass(frozen=True, slots=True)
class Plan:
    """All phases of one project, each after the phases that it needs."""

    name: str
    phases: Mapping[str, Phase]
    jobs: int
    makers: Mapping[str, str] = field(default_factory=dict)
    """Which phase makes an output."""
    pools: Mapping[str, int] = field(default_factory=dict)
    """How many there are of what works share."""
    errors: tuple[ErrorRule, ...] = ()
    """The user's rules for the class of a failure; the first that matches wins."""
    retry: Mapping[ErrorClass, RetryPolicy] = field(default_factory=dict)
    """The policy of each class."""
    logs: Logs = Logs()
    triggers: tuple[Trigger, ...] = ()
    modules: Mapping[str, str | None] = field(default_factory=dict)
    """The file of each module that is called; None for one that is installed and not part of the project."""
    github: Mapping[str, Any] | None = None
    """What github.yaml asks for, as github/settings.py reads it; None where the project has no such file."""
    cache: SharedCache | None = None
    """None where the plan has none."""
    dask: Mapping[str, Any] | None = None
    """Where the cluster is, as phases/cluster/settings.py has it; None where no work is for one."""
    key: str = field(default="", compare=False)
    """Tells this configuration from any other; empty for a plan that was not loaded from files."""

    def __iter__(self) -> Iterator[Phase]:
        return iter(self.phases.values())

    def in_mode(self, *, manual: bool) -> Plan:
        """The same plan, with every gate whose phase says nothing else asking people, or opening by policy."""
        phases = {
            phase.name: replace(phase, rule=replace(phase.rule, manual=manual)) if phase.rule.by_mode else phase
            for phase in self
        }
        return replace(self, phases=phases)

    def phase_of(self, task: str) -> Phase | None:
        """The phase that a doit task belongs to; None for a task that somebody wrote into dodo.py."""
        return self.phases.get(task.partition(":")[0])

    def phases_of(self, tasks: Iterable[str]) -> list[str]:
        """The names of the phases that these doit tasks belong to, each once."""
        return list(dict.fromkeys(phase.name for task in tasks if (phase := self.phase_of(task))))

    def closure(self, names: Iterable[str]) -> list[Phase]:
        """`names` and all that they need, in the plan's order."""
        wanted: set[str] = set()
        left = list(names)
        while left:
            name = left.pop()
            if name not in wanted:
                wanted.add(name)
                left.extend(self.phases[name].needs)
        return [phase for phase in self if phase.name in wanted]
