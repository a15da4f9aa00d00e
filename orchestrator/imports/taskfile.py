"""Taskfile.yml (go-task) → phases. Pure, over what `Around` reads."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from criteria.documents.yaml import Document

from ..config.paths import fixed_part, is_glob
from .model import Around, Draft, Imported, Names, Notes, listed, unique
from .scripts import joined, needs_bash, runnable
from .settle import index_of, makers_of, project_path, settle
from .task_files import Task, Tasks, mapping, root_file
from .task_order import Sequence, in_sequence, tell_implied
from .task_steps import Steps
from .task_templates import Filled, Scope, Unknown, shown
from .task_values import Variables, variables

_TITLE = 60  # characters of a `desc` that is a title
_SUFFIX = 30  # characters of the values that tell one call of a task from another

_COSMETIC = frozenset("silent output prefix label internal run version interval summary desc".split())  # noqa: SIM905
_TASK = _COSMETIC | frozenset(
    """cmds cmd deps dir env vars sources generates status preconditions requires dotenv aliases method set
    shopt ignore_error platforms if""".split()  # noqa: SIM905 - a list of words
)
_TOP = _COSMETIC | frozenset("tasks includes vars env dotenv method set shopt".split())  # noqa: SIM905
_WHY = {
    "prompt": ("phasegate asks behind a phase, and not before it", "`approval: manual` holds back what comes after"),
    "interactive": ("a phase has no terminal", "run it by hand"),
    "watch": ("a plan watches nothing by itself", "`doit watch` runs again when an input changes"),
}
DIFFERENCES = (
    "`doit` alone runs what dodo.py names as default_tasks; a task that only does something runs when it is named",
    "a phase that reads what another one makes comes after it, whether `deps` says so or not",
    "a task runs at most once in a run, whoever calls it",
    "variables of the command line come from the environment: NAME=value doit phase",
    "commands run in `sh -e` (bash where they need it): a command that fails within `a; b` ends the phase",
    "how output is shown (silent, output, prefix, label, interval) is not carried over: `doit logs` has it all",
)


def from_taskfile(file: str, document: Document, around: Around) -> Imported:
    """The phases of a Taskfile and those that it includes.

    Raises:
        ImportRefused: there is nothing to import, or an included file cannot be read.
    """
    return _Import(file, around, Notes()).all(document)


@dataclass
class _Import:
    file: str
    around: Around
    notes: Notes
    names: Names = field(default_factory=lambda: Names("task"))
    drafts: dict[str, Draft] = field(default_factory=dict)
    by_call: dict[str, str] = field(default_factory=dict)
    """A task, called with certain variables → its phase."""
    sequences: list[Sequence] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)

    def all(self, document: Document) -> Imported:
        root = root_file(self.file, document)
        self.tasks = Tasks(self.around, self.notes)
        self.tasks.take(root)
        names = {
            name: self.names.take(name.removesuffix(":default") or name)
            for name, task in self.tasks.by_name.items()
            if "*" not in name
        }
        self.by_call = {self._key(name, {}): phase for name, phase in names.items()}
        for name, task in self.tasks.by_name.items():
            if "*" in name:
                why = "its name stands for many tasks; those that others call are phases"
                self.notes.add(task.written.place(), "", f"task {name} itself is left out", why)
                continue
            if names[name] not in (name, name.removesuffix(":default").replace(":", ".")):
                why = "that cannot be a phase's name"
                self.notes.add(task.written.place(), names[name], f"was called {name}", why)
            self._phase(names[name], task, {})
        if dotted := [f"{name} is {phase}" for name, phase in names.items() if phase != name and ":" in name]:
            some = ", ".join(dotted[:3]) + (f" and {len(dotted) - 3} more" if len(dotted) > 3 else "")
            self.notes.add(f"{self.file}:1", "", f"names have dots: {some}", "a phase's name has no ':'")
        for key in root.data:
            if key not in _TOP:
                place = f"{self.file}:{document.key_place((key,)).line}"
                self.notes.add(place, "", f"`{key}` is not carried over", "phasegate knows nothing like it")
        drafts = list(self.drafts.values())
        self._unmatched(drafts)
        settle(drafts, self.around, self.notes)
        default = self._default(drafts)
        in_sequence(self.drafts, self.sequences, self.notes)
        tell_implied(self.drafts, self.notes)
        if self.outside:
            what = f"taken from the environment: {', '.join(sorted(self.outside))}"
            self.notes.add(f"{self.file}:1", "", what, "nothing else gives a value", "NAME=value doit phase")
        return Imported(
            source=self.file,
            tool="task",
            plan=posixpath.basename(posixpath.dirname(self.file)) or "imported",
            phases=tuple(self.drafts.values()),
            notes=tuple(self.notes.found),
            default=(default,),
            differences=DIFFERENCES,
        )

    # -- one task -------------------------------------------------------------------------------------------------

    def phase_of(self, task: Task, given: Mapping[str, Any]) -> str:
        """The phase of a task that is called with these variables; it is made where it is not there yet."""
        key = self._key(task.name, given)
        if key not in self.by_call:
            which = "-".join(re.sub(r"\W+", "-", shown(value)).strip("-") for value in given.values())
            short = which if len(which) <= _SUFFIX else which[:_SUFFIX].rpartition("-")[0] or which[:_SUFFIX]
            name = self.names.take(f"{task.name}-{short}")
            self.by_call[key] = name
            self._phase(name, task, given)
        return self.by_call[key]

    @staticmethod
    def _key(name: str, given: Mapping[str, Any]) -> str:
        return json.dumps([name, {key: shown(value) for key, value in given.items()}], sort_keys=True)

    def _phase(self, name: str, task: Task, given: Mapping[str, Any]) -> None:
        draft = Draft(name, task.written.place(), task.name)
        self.drafts[name] = draft
        self._describe(draft, task)
        found = self._cwd(draft, task, given)
        steps = Steps(self.tasks, self.notes, self.phase_of, draft)
        self._files(draft, task, found)
        lines = steps.lines(task, found, ())
        draft.needs += steps.needs
        if len(steps.called) > 1:
            self.sequences.append(Sequence(unique(steps.called), name, draft.place))
        guards = steps.guards(task, found, has_sources=bool(listed(task.data.get("sources"))))
        own = "\n".join([*guards, joined(lines)]) if lines else "\n".join(guards)
        settings = self._settings(draft, task) if own else []
        exports = self._environment(draft, task, found) if own else []
        asked = steps.asked("\n".join([*exports, own]))
        whole = "\n".join([*settings, *asked, *exports, own])
        draft.run = runnable(whole) if whole else "true"
        if needs_bash(whole):
            self.notes.add(draft.place, name, "runs in bash", "its commands need it; a text is for `sh`")
        method = task.data.get("method") or task.file.data.get("method")
        fingerprint = listed(task.data.get("sources")) and method != "none"
        draft.always = bool(whole) and not fingerprint
        if method == "timestamp":
            self.notes.add(draft.place, name, "looks at content", "method: timestamp looked at times")
        self.outside.update(found.scope.from_outside)
        self._lost(draft, task)

    def _describe(self, draft: Draft, task: Task) -> None:
        text = " ".join(str(task.data.get("desc") or task.data.get("label") or "").split())
        if "{{" in text:
            text = ""
        if len(text) <= _TITLE:
            draft.title = text
        summary = str(task.data.get("summary") or "").strip()
        draft.description = summary or (text if len(text) > _TITLE else "")

    def _cwd(self, draft: Draft, task: Task, given: Mapping[str, Any]) -> Variables:
        """Find the folder that it runs in; its variables, some of which are folders as seen from there."""
        found = variables(task, given, task.folder, self.notes, draft.name)
        folder = task.folder
        if task.data.get("dir"):
            try:
                filled = found.scope.fill(str(task.data["dir"]))
                if filled.shell:
                    raise ValueError("only a shell knows it")
                folder = posixpath.normpath(posixpath.join(task.folder, filled.text))
                draft.cwd = "." if folder == "." else project_path(filled.text, task.folder)
            except (Unknown, ValueError) as error:
                self.notes.add(task.written.place("dir"), draft.name, "`dir` is not carried over", str(error))
                return found
            if not self.around.exists(folder) and folder != ".":
                why = f"{folder} is not there; task would make it"
                self.notes.add(task.written.place("dir"), draft.name, "needs its folder", why, f"mkdir -p {folder}")
        elif folder != ".":
            draft.cwd = folder
        return variables(task, given, folder, self.notes, draft.name)

    def _settings(self, draft: Draft, task: Task) -> list[str]:
        """How its shell is set up before anything else."""
        lines: list[str] = []
        for setting in listed(task.data.get("set")) or listed(task.file.data.get("set")):
            lines.append(f"set -o {setting}" if len(str(setting)) > 1 else f"set -{setting}")
        lines += [f"shopt -s {one}" for one in listed(task.data.get("shopt")) or listed(task.file.data.get("shopt"))]
        for file in unique([*task.file.dotenv, *map(str, listed(task.data.get("dotenv")))]):
            path = posixpath.relpath(posixpath.join(posixpath.dirname(task.file.path) or ".", file), draft.cwd)
            path = path if "/" in path else f"./{path}"  # without a slash, `.` looks in PATH
            if "{{" in file:
                self.notes.add(draft.place, draft.name, f"dotenv {file} is not carried over", "its name is a template")
                continue
            path = shlex.quote(path)
            lines.append(f"if [ -f {path} ]; then set -a; . {path}; set +a; fi")
            why = "the shell reads it, by its own rules of quoting"
            what = f"{file} of `dotenv` is run as a script before commands"
            self.notes.add(task.file.place("dotenv"), "", what, why, "or name its variables in `env`")
        return lines

    def _environment(self, draft: Draft, task: Task, found: Variables) -> list[str]:
        """Fill in its `env`; the lines for what only a shell knows."""
        lines: list[str] = []
        for name, value in {
            key: value for layer in (*task.file.env, mapping(task.data.get("env"))) for key, value in layer.items()
        }.items():
            if not re.fullmatch(r"[A-Za-z_]\w*", str(name), re.ASCII):
                why = "no shell has a variable of that name"
                self.notes.add(draft.place, draft.name, f"env {name} is not carried over", why)
                continue
            try:
                if isinstance(value, dict):
                    lines.append(f'export {name}="$({found.scope.fill(str(value.get("sh", "")).strip()).text})"')
                    continue
                filled = found.scope.fill(shown(value))
            except Unknown as unknown:
                self.notes.add(
                    draft.place, draft.name, f"env {name} is not carried over", f"{unknown} is not understood"
                )
                continue
            if filled.shell:
                lines.append(f'export {name}="{filled.text}"')
            else:
                draft.env[str(name)] = filled.text.replace("${", "$${")
        return lines

    def _lost(self, draft: Draft, task: Task) -> None:
        for key in task.data:
            if key in _WHY or key not in _TASK:
                why, remedy = _WHY.get(key, ("phasegate knows nothing like it", ""))
                self.notes.add(task.written.place(key), draft.name, f"`{key}` is not carried over", why, remedy)
        if aliases := listed(task.data.get("aliases")):
            what = f"its aliases {', '.join(map(str, aliases))} are gone"
            self.notes.add(
                task.written.place("aliases"), draft.name, what, "a phase has one name", f"doit {draft.name}"
            )

    # -- files ----------------------------------------------------------------------------------------------------

    def _files(self, draft: Draft, task: Task, found: Variables) -> None:
        draft.inputs = list(self._paths(draft, task, found.scope, "sources"))
        for path in self._paths(draft, task, found.scope, "generates"):
            place = task.written.place("generates")
            if not is_glob(path):
                draft.outputs.append(path)
                continue
            folder = fixed_part(path)
            inside = [given for given in draft.inputs if folder and f"{given}/".startswith(f"{folder}/")]
            if folder and not inside:
                draft.outputs.append(folder)
                why = "an output is a file or a folder, and no pattern"
                self.notes.add(place, draft.name, f"output {path} is the folder {folder}", why)
            else:
                why = "an output is no pattern" + (f", and its folder holds the input {inside[0]}" if inside else "")
                self.notes.add(place, draft.name, f"output {path} is not carried over", why, "name the files")

    def _paths(self, draft: Draft, task: Task, scope: Scope, key: str) -> Iterator[str]:
        folder = draft.cwd if draft.cwd != "." else task.folder
        for entry in listed(task.data.get(key)):
            place = task.written.place(key)
            if isinstance(entry, dict):
                what = f"`{key}` without {', '.join(map(str, entry.values()))} is not carried over"
                self.notes.add(
                    place, draft.name, what, "phasegate leaves nothing out of a pattern", "name it more narrowly"
                )
                continue
            try:
                filled = scope.value(str(entry))
                for one in filled if isinstance(filled, list) else [filled]:
                    if isinstance(one, Filled) and one.shell:
                        raise ValueError("only a shell knows its name")
                    yield project_path(shown(one), folder)
            except Unknown as unknown:
                self.notes.add(
                    place, draft.name, f"{entry} of `{key}` is not carried over", f"{unknown} is not understood"
                )
            except ValueError as error:
                what = f"{entry} of `{key}` is not carried over"
                self.notes.add(place, draft.name, what, *str(error).split("; ", 1))

    def _unmatched(self, drafts: list[Draft]) -> None:
        """Sources that are not there: to task that is no source, to a plan a mistake."""
        outputs = index_of(drafts)
        for draft in drafts:
            for path in list(draft.inputs):
                if not makers_of(draft, path, outputs) and not self.around.exists(path):
                    draft.inputs.remove(path)
                    why = "it matches nothing now, and a plan wants its inputs to be there"
                    self.notes.add(draft.place, draft.name, f"input {path} is left out", why, "add it when it is there")

    # -- all tasks ------------------------------------------------------------------------------------------------

    def _default(self, drafts: list[Draft]) -> str:
        """What `doit` alone runs. Where no task is called `default`, nothing but what makes files: the others may do
        anything, such as delete or release."""
        if "default" in self.tasks.by_name:
            return self.by_call[self._key("default", {})]
        name = self.names.take("default")
        makers = [draft.name for draft in drafts if draft.outputs]
        self.drafts[name] = Draft(
            name, f"{self.file}:1", "default", run="true", title="What doit alone runs", needs=makers
        )
        why = "no task has that name; it needs what makes files, and nothing else"
        self.notes.add(f"{self.file}:1", name, "is new", why, "put there what `doit` alone should do")
        return name
