"""`doit completion`: what a shell needs to complete command lines of doit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from doit.cmd_base import Command
from doit.exceptions import InvalidCommand

from .. import __version__
from ..completion import Command as Described
from ..completion import Known, Option, candidates, folders, split
from ..plan import Plan
from .common import AnyOrder, heard

SHELLS = ("bash", "zsh", "fish")
WORDS = "words"
"""The hidden argument by which the shells' functions ask; what for is in the environment, where no character means
anything to doit."""

_SCRIPTS = Path(__file__).parent.parent / "shells"
_LONGEST = 60  # characters of what is shown beside a word


class Completion(AnyOrder, Command):  # type: ignore[misc]
    """The command `completion`. It reads no dodo.py, so it knows the plan and not the tasks beside it."""

    name = "completion"
    doc_purpose = "print what bash, zsh or fish need to complete phases, commands and options"
    doc_usage = "SHELL"
    doc_description = 'In ~/.bashrc: eval "$(doit completion bash)". docs/editors.md has the lines for the others.'

    def __init__(self, cmds: Any = None, **kwargs: Any) -> None:
        super().__init__(cmds=cmds, **kwargs)
        self._cmds, self._how = cmds, {**kwargs, "cmds": cmds}

    def execute(self, params: Any, args: Sequence[str]) -> int:
        return heard(lambda: self._act(args))

    def _act(self, args: Sequence[str]) -> int:
        if list(args) == [WORDS]:
            for line in self._words():
                print(line)
            return 0
        if len(args) != 1 or args[0] not in SHELLS:
            raise InvalidCommand(f"`doit completion` takes the name of a shell: {', '.join(SHELLS)}")
        print((_SCRIPTS / f"completion.{args[0]}").read_text("utf-8"), end="")
        return 0

    def _words(self) -> Iterator[str]:
        if (line := os.environ.get("PHASEGATE_LINE")) is not None:
            _, *before, current = ["", *split(line)][-max(2, len(split(line))) :]
        else:
            before = [word for word in os.environ.get("PHASEGATE_WORDS", "").split("\n") if word]
            current = os.environ.get("PHASEGATE_CURRENT", "")
        for word, about in candidates(before, current, self._known(before)):
            if word.isprintable():
                yield f"{word}\t{_shown(about)}" if about else word

    def _known(self, before: Sequence[str]) -> Known:
        described: dict[str, Described] = {}

        def command(name: str) -> Described:
            if name not in described:
                described[name] = self._described(name)
            return described[name]

        commands = sorted(self._cmds)
        plan = _plan(before)
        if plan is None:
            return Known(commands, command)
        root = _root(before)
        return Known(
            commands,
            command,
            {phase.name: phase.title for phase in plan},
            {work.task: phase.title for phase in plan for work in phase.works},
            dict(plan.makers),
            {phase.name: found for phase in plan if (found := _metrics(phase.gate_text))},
            lambda: {name for name, judged in _judged(root).items() if judged.get("outcome") == "waiting"},
            lambda phase: _hindering(_judged(root).get(phase, {})),
        )

    def _described(self, name: str) -> Described:
        command = self._cmds.get_plugin(name)(**self._how)
        options = tuple(
            Option(
                option.name,
                tuple(filter(None, (option.short and f"-{option.short}", option.long and f"--{option.long}"))),
                str(option.help).replace("%(default)s", str(option.default)),
                option.type is not bool,
                tuple(option.choices),
            )
            for option in command.get_options()
        )
        return Described(str(command.doc_usage), str(command.doc_purpose), options)


def _root(before: Sequence[str]) -> Path:
    """The folder of the project that the line is about."""
    folder, file = folders(before)
    return Path(folder or (file and os.path.dirname(file)) or ".").resolve()


def _plan(before: Sequence[str]) -> Plan | None:
    """The plan, compiled or from the cache; None where there is none, or a broken one."""
    from ..config.load import load_plan

    root = _root(before)
    if not (root / "config").is_dir():
        return None
    try:
        return load_plan(root, __version__)
    except Exception as error:
        from ..config.problems import ConfigError

        if isinstance(error, (ConfigError, OSError)):
            return None
        raise


def _metrics(gate_text: str) -> list[str]:
    if '"metric":' not in gate_text:
        return []
    import json

    return [str(one["metric"]) for one in json.loads(gate_text)["criteria"] if "metric" in one]


def _judged(root: Path) -> Mapping[str, Mapping[str, Any]]:
    """What each gate's last look said; nothing where there is no state, or one that cannot be read."""
    from ..state.database import StateError
    from ..state.journal import Event
    from ..state.state import State

    state = State(root)
    try:
        found = state.journal.latest(Event.JUDGED, Event.FORGOTTEN)
    except StateError:
        return {}
    finally:
        state.close()
    return {name: entry.data for name, entry in found.items() if entry.event is Event.JUDGED}


def _hindering(judged: Mapping[str, Any]) -> Mapping[str, str]:
    from ..gate.judge import HINDRANCE

    return {
        verdict["name"]: verdict["message"]
        for verdict in judged.get("verdicts", [])
        if verdict["kind"] != HINDRANCE and verdict["result"] in ("fail", "review")
    }


def _shown(about: str) -> str:
    text = " ".join("".join(char if char.isprintable() else " " for char in about).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
