"""What a job in GitHub Actions is told of a run: a summary, annotations and outputs, computed from where phases stand.

Nothing here can fail a run: what cannot be written is a note.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from criteria import parse

from ..annotations import Annotation, commands, folder_in_repository
from ..plan import Phase
from ..project import Project
from ..standing import PhaseState, Standing, stand
from ..state.database import StateError
from .markdown import open_points, plan_table, state_line
from .status import status_data

LARGEST = 1 << 20
"""Bytes of the summary of one step: GitHub refuses a larger one as a whole."""
ROOM = 100_000
"""Characters of the table, and of the list above it."""


def tell_actions(project: Project, phases: Sequence[Phase], environment: Mapping[str, str], log: TextIO) -> list[str]:
    """Write summary and outputs, and print the annotations; what could not be done.

    Args:
        phases: what the run was about, with all that it needs.
        log: what the runner reads, where the annotations go.
    """
    try:
        with project.look.one_instant(phases):
            standings = list(stand(phases, project.look).values())
        data = status_data(project.plan, standings, project.state, project.masker.text)
    except (StateError, OSError) as error:
        return [f"GitHub Actions is told nothing: {error}"]
    finally:
        project.state.close()
    told = annotations_of(standings, data)
    with contextlib.suppress(OSError):  # nobody reads it any more
        log.write("".join(f"{line}\n" for line in commands(told, folder_in_repository(project.root, environment))))
    notes = [
        _append(environment, "GITHUB_STEP_SUMMARY", summary(data), LARGEST),
        _append(environment, "GITHUB_OUTPUT", outputs(data)),
    ]
    return [note for note in notes if note]


def annotations_of(standings: Sequence[Standing], data: Mapping[str, Any]) -> Iterator[Annotation]:
    """What failed, what was only to be told, and what waits; each in the plan's order.

    Args:
        data: `status_data` of the same standings.
    """
    for standing, told in zip(standings, data["phases"], strict=True):
        phase, name = standing.phase, standing.phase.name
        worked = not any(reason.kind == "failed" for reason in standing.reasons)
        broken = [v for v in told["verdicts"] if v["result"] == "fail"] if worked else []
        if standing.state is PhaseState.FAILED:
            places = criterion_places(phase) if broken else {}
            for verdict in broken:
                yield Annotation(
                    "error", places.get(verdict["name"], phase.place), f"{name} failed", verdict["message"]
                )
            if not broken:
                yield Annotation("error", phase.place, f"{name} failed", told["reason"] or "failed")
        elif standing.state is PhaseState.WAITING:
            next_step = told["next"] or f"`doit approve {name}`"
            yield Annotation("notice", phase.place, f"{name} waits", f"{told['reason']}; next: {next_step}")
        for verdict in (v for v in told["verdicts"] if v["result"] == "warn" and worked):
            place = criterion_places(phase).get(verdict["name"], phase.place)
            yield Annotation("warning", place, f"{name}: {verdict['name']}", verdict["message"])


def criterion_places(phase: Phase) -> dict[str, str]:
    """`file:line:column` of each criterion, by its name."""
    return {parse(raw).name: place for raw, place in zip(phase.criteria, phase.places, strict=True)}


def summary(data: Mapping[str, Any]) -> str:
    """The plan in Markdown, for the page of the job."""
    points = open_points(data, ROOM)
    parts = [f"### {state_line(data)}", points, plan_table(data, ROOM)]
    return "\n\n".join(part for part in parts if part) + "\n"


def outputs(data: Mapping[str, Any]) -> str:
    """For later steps: `state`, that of the plan, and `waiting`, the names of the phases that wait, as JSON for
    `fromJSON`."""
    waiting = [phase["phase"] for phase in data["phases"] if phase["state"] == "waiting"]
    return "".join(output(name, value) for name, value in (("state", data["state"]), ("waiting", json.dumps(waiting))))


def output(name: str, value: str) -> str:
    """A value of any number of lines, between delimiters that nobody can put into it."""
    delimiter = f"end_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _append(environment: Mapping[str, str], variable: str, text: str, largest: int | None = None) -> str | None:
    """Write to the file that a variable names; why it could not be done."""
    name = environment.get(variable)
    if not name:
        return f"{variable} is not set, so GitHub Actions is not told"
    path = Path(name)
    content = text.encode("utf-8", "backslashreplace")
    try:
        with path.open("ab") as file:
            if largest is not None and file.tell() + len(content) > largest:
                return f"{variable} is full: there is no room for {len(content)} more bytes"
            file.write(content)
    except (OSError, ValueError) as error:
        return f"{variable}: {getattr(error, 'strerror', None) or error}"
    return None
