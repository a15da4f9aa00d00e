"""The files of a stage of dvc.yaml: what it reads, what it makes, and what was said about them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..config.matrix import combinations, fill_text
from .dvc_templates import shown
from .model import Around, Draft, Notes, Scalar, Written, listed, unique
from .settle import index_of, makers_of, project_path

PARAMS = "params.yaml"

OUTPUTS = ("outs", "outs_no_cache", "outs_persist", "outs_persist_no_cache")
METRICS, PLOTS = ("metrics", "metrics_no_cache"), ("plots", "plots_no_cache")


class Files:
    """Takes the files of one stage after another."""

    def __init__(self, around: Around, notes: Notes) -> None:
        self._around, self._notes = around, notes

    def of(self, draft: Draft, raw: Mapping[str, Any], folder: str, stage: Written) -> None:
        """Fill in what a stage reads and makes; `folder` is what its paths are relative to."""
        draft.inputs = [
            path for text, _ in _paths(raw.get("deps")) for path in self._path(draft, text, folder, stage, "deps")
        ]
        draft.inputs += self._params(draft, raw, folder, stage)
        for key in (*OUTPUTS, *METRICS, *PLOTS):
            for text, settings in _paths(raw.get(key)):
                for path in self._path(draft, text, folder, stage, key):
                    draft.outputs.append(path)
                    criterion: dict[str, Scalar] = {"json" if path.endswith(".json") else "file": path}
                    if key in METRICS and criterion not in draft.criteria:
                        draft.criteria.append(criterion)
                self._settings(draft, text, settings, stage, key)

    def _path(self, draft: Draft, text: str, folder: str, stage: Written, key: str) -> Iterator[str]:
        try:
            yield project_path(text, folder)
        except ValueError as error:
            what = f"{text} of `{key}` is not carried over"
            self._notes.add(stage.place(key), draft.name, what, *str(error).split("; ", 1))

    def _settings(self, draft: Draft, path: str, settings: Mapping[str, Any], stage: Written, key: str) -> None:
        """What was said about one output. `cache`, `push` and `persist` are about what phasegate does not do."""
        lost = [name for name in settings if name not in ("cache", "push", "persist")]
        if lost and key not in PLOTS:
            what = f"{', '.join(lost)} of {path} is not carried over"
            self._notes.add(stage.place(key), draft.name, what, "phasegate knows nothing like it of an output")
        elif lost:
            why = "phasegate draws no plots; the file itself is an output"
            self._notes.add(stage.place(key), draft.name, f"how {path} is drawn is not carried over", why)

    def _params(self, draft: Draft, raw: Mapping[str, Any], folder: str, stage: Written) -> list[str]:
        """Files of parameters: as a whole, because an input is a file."""
        keys: dict[str, list[str]] = {}
        for entry in listed(raw.get("params")):
            if isinstance(entry, dict):
                for file, wanted in entry.items():
                    keys.setdefault(str(file), []).extend(map(str, listed(wanted)))
            else:
                keys.setdefault(PARAMS, []).append(str(entry))
        found: list[str] = []
        for file, wanted in keys.items():
            found += self._path(draft, file, folder, stage, "params")
            if wanted:
                why = f"DVC watches {', '.join(wanted)} in it alone"
                remedy = "split the file if that runs the phase too often"
                self._notes.add(stage.place("params"), draft.name, f"watches all of {file}", why, remedy)
        return unique(found)

    def missing(self, drafts: Sequence[Draft]) -> None:
        """What is not there yet, because DVC keeps it elsewhere."""
        outputs = index_of(drafts)
        for draft in drafts:
            for path in draft.inputs:
                if draft.asleep or makers_of(draft, path, outputs) or self._exists(draft, path):
                    continue
                why = "DVC has it elsewhere" if self._around.exists(f"{path}.dvc") else "nothing makes it"
                remedy = (
                    "run `dvc pull`" if self._around.exists(f"{path}.dvc") else "put it there before you run the plan"
                )
                self._notes.add(draft.place, draft.name, f"input {path} is not there yet", why, remedy)

    def _exists(self, draft: Draft, path: str) -> bool:
        return all(self._around.exists(fill_text(path, combination)) for combination in combinations(draft.matrix))


def _paths(written: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Entries of a list of files: a path, or a path with settings."""
    for entry in listed(written):
        if isinstance(entry, dict):
            for path, settings in entry.items():
                yield str(path), settings if isinstance(settings, dict) else {}
        elif entry is not None:
            yield shown(entry), {}
