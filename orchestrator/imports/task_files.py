"""A Taskfile with those that it includes → all tasks by their full names. Pure, over what `Around` reads."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from criteria.documents.yaml import Document

from .model import Around, ImportRefused, Notes, Written, listed

NAMES = ("Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml", "Taskfile.dist.yml", "Taskfile.dist.yaml")
"""What task looks for in a folder."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task, with what its file says for all of its tasks."""

    name: str
    """With the namespaces that it is in: `docs:build`."""
    written: Written
    data: Mapping[str, Any]
    folder: str
    """Where it runs, if it says nothing else; relative to the project."""
    file: TaskFile


@dataclass(frozen=True, slots=True)
class TaskFile:
    """One Taskfile."""

    path: str
    document: Document
    namespace: str
    """`docs:`, or empty."""
    folder: str
    vars: tuple[Mapping[str, Any], ...]
    """Those of the files above it, of its inclusion and its own, in the order in which they go over each other."""
    env: tuple[Mapping[str, Any], ...]
    dotenv: tuple[str, ...]

    @property
    def data(self) -> Mapping[str, Any]:
        return self.document.data  # type: ignore[no-any-return]

    def place(self, *steps: str) -> str:
        """`file:line` of something in it."""
        return f"{self.path}:{self.document.key_place(steps).line}"


@dataclass
class Tasks:
    """All tasks, and what a name in `deps` or `task:` means."""

    around: Around
    notes: Notes
    by_name: dict[str, Task] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    _seen: list[str] = field(default_factory=list)

    def named(self, name: str, caller: Task | None = None) -> tuple[Task, list[str]] | None:
        """The task that a caller means, and what the `*` of its name stand for; None where there is none."""
        space = caller.file.namespace if caller is not None else ""
        full = name[1:] if name.startswith(":") else space + name
        for wanted in (full, f"{full}:default", self.aliases.get(full, "")):
            if wanted in self.by_name:
                return self.by_name[wanted], []
        for pattern, task in self.by_name.items():
            if "*" in pattern and fnmatch.fnmatchcase(full, pattern):
                parts = re.fullmatch("(.*)".join(map(re.escape, pattern.split("*"))), full)
                return task, list(parts.groups()) if parts else []
        return None

    def take(self, file: TaskFile, *, without: tuple[str, ...] = ()) -> None:
        """Take in a file's tasks, and those of the files that it includes.

        Raises:
            ImportRefused: an included file cannot be read.
        """
        self._seen.append(file.path)
        self._include(file)
        tasks = file.data.get("tasks")
        for name, raw in (tasks if isinstance(tasks, dict) else {}).items():
            if name in without:
                continue
            data = raw if isinstance(raw, dict) else {"cmds": listed(raw)}
            written = Written(file.path, file.document, ("tasks", name), data)
            full = file.namespace + name
            self.by_name.setdefault(full, Task(full, written, data, file.folder, file))
            for alias in map(str, listed(data.get("aliases"))):
                self.aliases[file.namespace + alias] = full
        self._seen.pop()

    def _include(self, file: TaskFile) -> None:
        included = file.data.get("includes")
        for space, raw in (included if isinstance(included, dict) else {}).items():
            how = raw if isinstance(raw, dict) else {"taskfile": raw}
            place = file.place("includes", space)
            path = str(how.get("taskfile") or "").replace("{{OS}}", "linux").replace("{{.ROOT_DIR}}/", "")
            found = self._find(path, posixpath.dirname(file.path))
            if found is None or "{{" in path or found[0] in self._seen:
                if how.get("optional") is not True or "{{" in path:
                    why = "no such file is in the project" if found is None else "it includes itself"
                    self.notes.add(
                        place, "", f"the included {path} is not carried over", why, "copy it into the project"
                    )
                continue
            name, document = found
            data = document.data if isinstance(document.data, dict) else {}
            namespace = file.namespace if how.get("flatten") is True else f"{file.namespace}{space}:"
            folder = posixpath.normpath(posixpath.join(file.folder, str(how["dir"]))) if how.get("dir") else file.folder
            for alias in map(str, listed(how.get("aliases"))):
                self.aliases[file.namespace + alias] = f"{namespace}default"
                names = {f"{file.namespace}{alias}:{task}": namespace + task for task in mapping(data.get("tasks"))}
                self.aliases.update(names)
            self.take(
                TaskFile(
                    name,
                    document,
                    namespace,
                    folder,
                    (*file.vars, mapping(data.get("vars")), mapping(how.get("vars"))),
                    (*file.env, mapping(data.get("env"))),
                    (*file.dotenv, *(str(one) for one in listed(data.get("dotenv")))),
                ),
                without=tuple(map(str, listed(how.get("excludes")))),
            )

    def _find(self, path: str, folder: str) -> tuple[str, Document] | None:
        """The file that an inclusion names: itself, or the Taskfile in a folder."""
        if not path or re.match(r"^[a-z+]+:", path):
            return None
        whole = posixpath.normpath(posixpath.join(folder, path))
        if whole.startswith(("/", "../")) or whole == "..":
            return None
        for name in (whole, *(posixpath.normpath(posixpath.join(whole, each)) for each in NAMES)):
            document = self.around.read(name)
            if document is not None:
                return name, document
        return None


def root_file(path: str, document: Document) -> TaskFile:
    """The Taskfile that an import begins with.

    Raises:
        ImportRefused: it has no tasks.
    """
    data = document.data
    if not isinstance(data, dict) or not (
        isinstance(data.get("tasks"), dict) or isinstance(data.get("includes"), dict)
    ):
        raise ImportRefused(f"{path}:1: there are no tasks in it; name a Taskfile of version 2 or 3, with `tasks:`")
    folder = posixpath.dirname(path) or "."
    dotenv = tuple(str(one) for one in listed(data.get("dotenv")))
    return TaskFile(path, document, "", folder, (mapping(data.get("vars")),), (mapping(data.get("env")),), dotenv)


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}
