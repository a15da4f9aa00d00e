"""The commands of a task → lines of a script, and the phases that come before it. Pure."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .model import Draft, Notes, listed
from .scripts import joined, subshell
from .task_files import Task, Tasks, mapping
from .task_templates import Scope, Unknown
from .task_values import Variables, items, static, variables

_DEEPEST = 20  # calls within calls
_LIST = re.compile(r"^\s*@?(?:task|\$\{TASK_EXE:-\})\s+(?:--(?:list|list-all|sort\s+\w+)\b\s*|-(?:l|a)\b\s*)+$")
_SYSTEMS = {"linux": "Linux", "darwin": "Darwin"}


class Steps:
    """Writes the script of one phase.

    A call of another task before the phase's first own command is a need. A later one, and one with variables that only
    a shell knows, is written out: its commands are run where it stood.
    """

    def __init__(
        self, tasks: Tasks, notes: Notes, phase_of: Callable[[Task, Mapping[str, Any]], str], draft: Draft
    ) -> None:
        self._tasks, self._notes, self._phase_of, self._draft = tasks, notes, phase_of, draft
        self.needs: list[str] = []
        self.called: list[str] = []
        """The phases that are called before anything else, in their order."""
        self._variables: list[Variables] = []

    def asked(self, script: str) -> list[str]:
        """The lines that find out what only a shell knows."""
        return [line for found in self._variables[:1] for line in found.prelude(script)]

    def lines(self, task: Task, found: Variables, above: tuple[str, ...]) -> list[str]:
        """The commands of a task, each as a line or some lines."""
        self._variables.append(found)
        for dep in listed(task.data.get("deps")):
            self._dep(dep, task, found)
        lines: list[str] = []
        deferred: list[str] = []
        for entry in [*listed(task.data.get("cmds")), *listed(task.data.get("cmd"))]:
            for line in self._entry(entry, task, found, above, deferred, first=not lines and not above):
                lines.append(f"{subshell(line)} || true" if task.data.get("ignore_error") is True else line)
        if deferred:
            lines.insert(0, f"trap {shlex.quote(joined(deferred[::-1]))} EXIT")
            if len(lines) > 1:
                lines = ["\n".join([lines[0], joined(lines[1:])])]
        return lines

    def guards(self, task: Task, found: Variables, *, has_sources: bool) -> list[str]:
        """What has to hold before its commands run, or keeps them from running."""
        lines: list[str] = []
        for entry in listed(mapping(task.data.get("requires")).get("vars")):
            name = str(entry.get("name") if isinstance(entry, dict) else entry)
            if name not in found.scope.values:
                lines.append(f': "${{{name}:?give it a value: {name}=… doit {self._draft.name}}}"')
        if system := self._system(task.data.get("platforms")):
            lines.append(f"{system} || exit 0")
        if "if" in task.data:
            lines.append(f"{self._checked(task.data['if'], found.scope)} || exit 0")
        for entry in listed(task.data.get("preconditions")):
            check = entry if isinstance(entry, dict) else {"sh": entry}
            message = str(check.get("msg") or f"{check.get('sh')} does not hold")
            text = self._text(message, found.scope, "a precondition's message")
            quoted = shlex.quote(message) if text is None or "${" not in text else f'"{text}"'
            told = shlex.quote(text) if text is not None and "${" not in text else quoted
            lines.append(f"{self._checked(check.get('sh'), found.scope)} || {{ echo {told} >&2; exit 1; }}")
        status = [self._checked(check, found.scope) for check in listed(task.data.get("status"))]
        if status and not has_sources:
            lines.append(f"if {' && '.join(status)}; then echo 'up to date'; exit 0; fi")
        elif status:
            why = "its sources decide when it runs"
            self._notes.add(task.written.place("status"), self._draft.name, "`status` is not carried over", why,
                            "make it a criterion (command:) if it says what 'done' means")  # fmt: skip
        return lines

    # -- one entry of cmds or deps --------------------------------------------------------------------------------

    def _dep(self, dep: Any, task: Task, found: Variables) -> None:
        entry = dep if isinstance(dep, dict) else {"task": dep}
        for scope in self._rounds(entry, found.scope, task):
            called = self._called(entry, scope, task)
            if called is not None:
                self.needs.append(self._phase_of(*called))

    def _entry(
        self, entry: Any, task: Task, found: Variables, above: tuple[str, ...], deferred: list[str], *, first: bool
    ) -> Iterator[str]:
        raw = entry if isinstance(entry, dict) else {"cmd": entry}
        for scope in self._rounds(raw, found.scope, task):
            if "defer" in raw:
                late = raw["defer"] if isinstance(raw["defer"], dict) else {"cmd": raw["defer"]}
                deferred += self._entry(late, task, Variables(scope, found.asked), above, deferred, first=False)
            elif "task" in raw:
                yield from self._call(raw, scope, task, above, first=first)
            elif raw.get("cmd") is not None:
                yield self._command(raw, scope, task)

    def _rounds(self, entry: Mapping[str, Any], scope: Scope, task: Task) -> list[Scope]:
        if "for" not in entry:
            return [scope]
        try:
            rounds = items(entry["for"], scope)
        except (Unknown, KeyError, AttributeError):
            rounds = None
        if rounds is None:
            what = f"a loop over {entry['for']} is not carried over"
            self._note(task, what, "it is known only when it runs", "write the loop in the shell's words")
            return []
        return [scope.with_values(one) for one in rounds]

    def _called(self, entry: Mapping[str, Any], scope: Scope, task: Task) -> tuple[Task, dict[str, Any]] | None:
        """The task that is called, and the variables that it gets; None with a note where there is none."""
        name = self._text(str(entry.get("task")), scope, "a call")
        meant = None if name is None else self._tasks.named(name, task)
        if meant is None:
            self._note(task, f"the call of {entry.get('task')} is not carried over", "there is no such task")
            return None
        called, parts = meant
        given: dict[str, Any] = {"MATCH": parts} if parts else {}
        for key, value in mapping(entry.get("vars")).items():
            try:
                given[key] = scope.value(value) if isinstance(value, str) else scope.value(
                    f"{{{{{value['ref']}}}}}") if isinstance(value, dict) and "ref" in value else value  # fmt: skip
            except Unknown as unknown:
                self._note(task, f"{key} is not given to {called.name}", f"{unknown} is not understood")
        return called, given

    def _call(
        self, entry: Mapping[str, Any], scope: Scope, task: Task, above: tuple[str, ...], *, first: bool
    ) -> Iterator[str]:
        found = self._called(entry, scope, task)
        if found is None:
            yield self._refusal(f"task: {entry['task']}")
            return
        called, given = found
        if first and static(given.values()) and called.name != self._draft.was:
            self.called.append(self._phase_of(called, given))
            self.needs.append(self.called[-1])
            return
        if called.name in (*above, task.name) or len(above) > _DEEPEST:
            self._note(task, f"the call of {called.name} is not carried over", "it calls itself")
            return
        self._note(task, f"the commands of {called.name} are written out in it", "it calls it between its own commands")
        here, there = self._draft.cwd, _folder(called, scope)
        inner = variables(called, given, there, self._notes, self._draft.name)
        self._variables[0].asked.update(dict(inner.asked.items()))
        lines = self.lines(called, inner, (*above, called.name))
        way = posixpath.relpath(there, here)
        body = [*([] if way == "." else [f"cd {shlex.quote(way)}"]), *self.guards(called, inner, has_sources=False)]
        if body or lines:
            yield subshell("\n".join([*body, joined(lines)]) if body else joined(lines))

    def _command(self, entry: Mapping[str, Any], scope: Scope, task: Task) -> str:
        text = self._text(str(entry["cmd"]), scope, "a command")
        if text is None:
            return self._refusal(str(entry["cmd"]))
        text = text.strip("\n")
        if _LIST.match(text):
            text = "doit list"
        elif re.match(r"\s*task\s", text):
            why = "it must be installed, and knows nothing of this plan"
            self._note(task, f"`{text.strip()}` calls task itself", why)
        system = self._system(entry.get("platforms"))
        condition = self._checked(entry["if"], scope) if "if" in entry else ""
        if system or condition:
            text = f"if {' && '.join(filter(None, (system, condition)))}; then\n{text}\nfi"
        for setting in [*listed(entry.get("set"))]:
            text = f"set -o {setting}\n{text}"
        return f"{subshell(text)} || true" if entry.get("ignore_error") is True else text

    def _refusal(self, original: str) -> str:
        """In the place of what was not understood: the phase fails there, and does not go on without it."""
        told = f"this command of {self._draft.name} was not imported, see config/phases.yaml"
        comment = [f"# {line}" for line in original.strip().splitlines()]
        return "\n".join([*comment, f"echo {shlex.quote(told)} >&2; exit 1"])

    def _checked(self, command: Any, scope: Scope) -> str:
        text = self._text(str(command), scope, "a check")
        return subshell("false" if text is None else text.strip())

    def _text(self, text: str, scope: Scope, what: str) -> str | None:
        try:
            return scope.fill(text).text
        except Unknown as unknown:
            why = f"{unknown} is not understood"
            self._notes.add(
                self._draft.place, self._draft.name, f"{what} is not carried over", why, "write it in the shell's words"
            )
            return None

    def _note(self, task: Task, what: str, why: str, remedy: str = "") -> None:
        self._notes.add(task.written.place(), self._draft.name, what, why, remedy)

    @staticmethod
    def _system(platforms: Any) -> str:
        """A test for the systems that a command is for; empty where it is for all."""
        if not platforms:
            return ""
        names = [_SYSTEMS[name] for name in (str(one).split("/")[0] for one in listed(platforms)) if name in _SYSTEMS]
        return f"uname -s | grep -qxE '{'|'.join(names)}'" if names else "false"


def _folder(task: Task, scope: Scope) -> str:
    try:
        wanted = scope.fill(str(task.data.get("dir") or ".")).text
    except Unknown:
        wanted = "."
    return posixpath.normpath(posixpath.join(task.folder, wanted))
