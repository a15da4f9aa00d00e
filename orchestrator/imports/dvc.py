"""dvc.yaml → phases. Pure, over what `Around` reads."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from criteria.documents.yaml import Document

from ..config.schema import IDENTIFIER
from ..config.works import LONGEST_VALUE
from .dvc_files import PARAMS, Files
from .dvc_templates import NoValue, Values, references, shown
from .model import Around, Draft, Imported, ImportRefused, Names, Notes, Scalar, Written, listed
from .scripts import joined, needs_bash, runnable
from .settle import project_path, settle

_TITLE = 60  # characters of a `desc` that is a title; a longer one is a description

_KNOWN = frozenset(
    """cmd wdir deps outs params metrics plots frozen always_changed desc meta vars foreach do matrix outs_no_cache
    outs_persist outs_persist_no_cache metrics_no_cache plots_no_cache""".split()  # noqa: SIM905 - a list of words
)
_TOP = {  # keys beside `stages`, and what becomes of them
    "artifacts": ("a registry of models is no part of phasegate", "keep it in dvc.yaml for the tools that read it"),
    "plots": ("pictures of numbers are no part of phasegate", "`doit history --metric NAME` shows a metric over time"),
    "metrics": ("there is no list for the whole plan", "name metrics under their phase in config/criteria.yaml"),
    "params": ("it lists files for `dvc params`", "`doit history` tells what changed"),
    "datasets": ("phasegate fetches no data", "fetch it in a phase, or by hand"),
}
DIFFERENCES = (
    "a file of params is an input as a whole: DVC looks at single keys of it",
    "`cache` in orchestrator.yaml shares what the next run would make, as DVC's run cache does",
    "no versions of outputs are kept: older ones, and data that no phase makes, remain with `dvc push` and `dvc pull`",
    "outputs are not deleted before a phase runs, as DVC does (`persist` or not)",
    "a failed command ends the whole script (sh -e)",
)


def from_dvc(file: str, document: Document, around: Around) -> Imported:
    """The phases of a dvc.yaml.

    Raises:
        ImportRefused: there is nothing to import.
    """
    return _Import(file, document, around).all()


@dataclass
class _Import:
    file: str
    document: Document
    around: Around
    notes: Notes = field(default_factory=Notes)
    names: Names = field(default_factory=lambda: Names("stage"))

    def __post_init__(self) -> None:
        self.files = Files(self.around, self.notes)

    @property
    def base(self) -> str:
        """The folder of dvc.yaml."""
        return posixpath.dirname(self.file)

    def all(self) -> Imported:
        data = self.document.data
        stages = data.get("stages") if isinstance(data, dict) else None
        if not isinstance(stages, dict) or not stages:
            raise ImportRefused(f"{self.file}:1: there are no stages in it; name a dvc.yaml with `stages:`")
        values = self._global_values(data)
        drafts: list[Draft] = []
        for name, raw in stages.items():
            stage = Written(self.file, self.document, ("stages", name), raw if isinstance(raw, dict) else {})
            drafts += self._stage(name, stage, values)
        for key in data:
            if key not in ("stages", "vars"):
                why, remedy = _TOP.get(key, ("phasegate knows nothing like it", ""))
                place = f"{self.file}:{self.document.key_place((key,)).line}"
                self.notes.add(place, "", f"`{key}` is not carried over", why, remedy)
        settle(drafts, self.around, self.notes)
        self.files.missing(drafts)
        return Imported(
            source=self.file,
            tool="DVC",
            plan=posixpath.basename(self.base) or "imported",
            phases=tuple(drafts),
            notes=tuple(self.notes.found),
            differences=DIFFERENCES,
        )

    # -- values ---------------------------------------------------------------------------------------------------

    def _global_values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        params = self._file(PARAMS, self.base)
        values.update(params if isinstance(params, dict) else {})
        self._take_vars(
            values, data.get("vars"), self.base, f"{self.file}:{self.document.key_place(('vars',)).line}", ""
        )
        return values

    def _take_vars(self, values: dict[str, Any], written: Any, folder: str, place: str, phase: str) -> None:
        for entry in listed(written):
            if isinstance(entry, dict):
                _merge(values, entry)
                continue
            path, _, keys = str(entry).partition(":")
            found = self._file(path, folder)
            if not isinstance(found, dict):
                self.notes.add(place, phase, f"vars of {path} are not there", "the file is missing or holds none")
                continue
            wanted = keys.split(",") if keys else list(found)
            _merge(values, {key: found[key] for key in wanted if key in found})

    def _file(self, path: str, folder: str) -> Any:
        try:
            document = self.around.read(project_path(path, folder))
        except ValueError:
            return None
        return None if document is None else document.data

    # -- stages ---------------------------------------------------------------------------------------------------

    def _stage(self, name: str, stage: Written, values: Mapping[str, Any]) -> Iterator[Draft]:
        """The phases that a stage becomes: one, or for a loop over mappings one each."""
        if "foreach" in stage.data:
            body = stage.data.get("do")
            inner = Written(stage.file, stage.document, (*stage.at, "do"), body if isinstance(body, dict) else {})
            yield from self._loop(name, stage, inner, values)
        elif "matrix" in stage.data:
            yield from self._matrix(name, stage, values)
        elif "cmd" not in stage.data:
            self.notes.add(stage.place(), "", f"stage {name} is left out", "it has no cmd", "write one")
        else:
            yield self._draft(self._name(name, stage), name, stage, Values(values))

    def _loop(self, name: str, stage: Written, inner: Written, values: Mapping[str, Any]) -> Iterator[Draft]:
        try:
            items = Values(values).fill(stage.data["foreach"])
        except NoValue as lost:
            self._no_value(name, stage.place("foreach"), str(lost))
            return
        used = {re.split(r"[.\[]", reference)[0] for reference in references(dict(inner.data))}
        if isinstance(items, list) and _are_axis(items) and "key" not in used:
            filled = Values(values, axes={"item": "{item}"})
            yield replace(self._draft(self._name(name, stage), name, inner, filled), matrix={"item": items})
            return
        pairs = items.items() if isinstance(items, dict) else enumerate(items if isinstance(items, list) else [])
        for key, item in pairs:
            which = str(key) if isinstance(items, dict) or isinstance(item, (dict, list)) else shown(item)
            was = f"{name}@{which}"
            scope = {**values, "item": item, **({"key": key} if isinstance(items, dict) else {})}
            yield self._draft(self._name(was, stage), was, inner, Values(scope))

    def _matrix(self, name: str, stage: Written, values: Mapping[str, Any]) -> Iterator[Draft]:
        try:
            axes = Values(values).fill(stage.data["matrix"])
        except NoValue as lost:
            self._no_value(name, stage.place("matrix"), str(lost))
            return
        axes = {str(axis): listed(items) for axis, items in axes.items()} if isinstance(axes, dict) else {}
        used = references({key: value for key, value in stage.data.items() if key != "matrix"})
        if all(re.match(IDENTIFIER, axis) and _are_axis(items) for axis, items in axes.items()) and "key" not in used:
            filled = Values(values, axes={f"item.{axis}": f"{{{axis}}}" for axis in axes})
            yield replace(self._draft(self._name(name, stage), name, stage, filled), matrix=axes)
            return
        for combination in itertools.product(*(list(enumerate(items)) for items in axes.values())):
            parts = [
                f"{axis}{index}" if isinstance(item, (dict, list)) else shown(item)
                for axis, (index, item) in zip(axes, combination, strict=True)
            ]
            was = f"{name}@{'-'.join(parts)}"
            item = {axis: value for axis, (_, value) in zip(axes, combination, strict=True)}
            scope = {**values, "item": item, "key": "-".join(parts)}
            yield self._draft(self._name(was, stage), was, stage, Values(scope))

    def _name(self, was: str, stage: Written) -> str:
        name = self.names.take(was)
        if name != was:
            self.notes.add(stage.place(), name, f"was called {was}", "that cannot be a phase's name")
        return name

    def _no_value(self, name: str, place: str, reference: str) -> None:
        why = f"${{{reference}}} is neither in {PARAMS} nor in vars"
        self.notes.add(place, "", f"stage {name} is left out", why, "give it a value and import again")

    def _draft(self, name: str, was: str, stage: Written, values: Values) -> Draft:
        """One phase, with every reference filled in; asleep where that cannot be done."""
        draft = Draft(name, stage.place(), was)
        scope = dict(values.data)
        self._take_vars(scope, stage.data.get("vars"), self._folder(stage.data), stage.place("vars"), name)
        values = replace(values, data=scope)
        try:
            raw = {
                key: values.fill(value) for key, value in stage.data.items() if key not in ("vars", "matrix", "meta")
            }
        except NoValue as lost:
            why = f"${{{lost}}} is neither in {PARAMS} nor in vars"
            self.notes.add(
                draft.place, name, "is written as a comment", why, "give it a value, and take the marks away"
            )
            draft.asleep, draft.run = True, joined([str(command) for command in listed(stage.data.get("cmd"))])
            return draft
        if values.used:
            filled = ", ".join(f"${{{reference}}}" for reference in values.used)
            self.notes.add(draft.place, name, f"{filled} filled in", "phasegate has no templates", "change values here")
        self._describe(draft, raw)
        self._work(draft, raw, stage)
        self.files.of(draft, raw, self._folder(raw), stage)
        self._frozen(draft, raw)
        for key in stage.data:
            if key == "meta" or key not in _KNOWN:
                why = "phasegate keeps no such data" if key == "meta" else "phasegate knows nothing like it"
                self.notes.add(stage.place(key), name, f"`{key}` is not carried over", why)
        return draft

    def _describe(self, draft: Draft, raw: Mapping[str, Any]) -> None:
        text = " ".join(str(raw.get("desc") or "").split())
        if len(text) <= _TITLE:
            draft.title = text
        else:
            draft.description = str(raw["desc"]).strip()

    def _work(self, draft: Draft, raw: Mapping[str, Any], stage: Written) -> None:
        script = joined([shown(command) for command in listed(raw.get("cmd"))])
        draft.run = runnable(script) if script.strip() else "true"
        if not script.strip():
            self.notes.add(draft.place, draft.name, "does nothing", "it has no cmd", "write what it should run")
        if needs_bash(script):
            self.notes.add(stage.place("cmd"), draft.name, "runs in bash", "its commands need it; a text is for `sh`")
        draft.always = raw.get("always_changed") is True
        try:
            folder = posixpath.normpath(self._folder(raw))
            draft.cwd = folder if folder == "." else project_path(folder, ".")
        except ValueError as error:
            self.notes.add(stage.place("wdir"), draft.name, "`wdir` is not carried over", str(error))

    def _folder(self, raw: Mapping[str, Any]) -> str:
        return posixpath.join(self.base, str(raw.get("wdir") or "."))

    def _frozen(self, draft: Draft, raw: Mapping[str, Any]) -> None:
        if raw.get("frozen") is True:
            draft.asleep = True
            why = "it is frozen: DVC never runs it and takes its outputs as they are"
            self.notes.add(draft.place, draft.name, "is written as a comment", why, "take the marks away to let it run")


def _are_axis(items: list[Any]) -> bool:
    """Can these be the values of an axis of our matrix?"""
    texts = [shown(item) for item in items]
    scalars: list[Scalar] = [item for item in items if isinstance(item, (str, int, float, bool))]
    fit = all(0 < len(text) <= LONGEST_VALUE for text in texts)
    return bool(items) and len(scalars) == len(items) and fit and len(set(texts)) == len(texts)


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merged = dict(into[key])
            _merge(merged, value)
            into[key] = merged
        else:
            into[key] = value
