"""`doit waive`: a person says that one criterion need not hold, for exactly the digest that was judged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from doit.exceptions import InvalidCommand

from ..gate.approval import waivers
from ..gate.casting import cast
from ..gate.digest import SHORT
from ..gate.people import Person
from ..plan import Phase
from ..project import Project
from ..state.journal import Entry
from ..state.votes import Answer
from .voting import OPT_DIGEST, OPT_REASON, VotingCommand, ballot

OPT_UNTIL = {
    "name": "until",
    "long": "until",
    "type": str,
    "default": "",
    "help": "when it ends: 2027-01-01, or 2027-01-01T12:00, in local time",
}


class Waive(VotingCommand):
    """The command `waive`."""

    name = "waive"
    doc_purpose = "let one criterion of a gate not hold"
    doc_usage = "PHASE CRITERION -m REASON [--until DATE] [--digest DIGEST]"
    cmd_options = (OPT_REASON, OPT_UNTIL, OPT_DIGEST)
    arguments = ("PHASE", "CRITERION")
    reason_needed = True

    def vote(
        self, project: Project, phase: Phase, judged: Entry, person: Person, params: Any, args: Sequence[str]
    ) -> str:
        [criterion] = args
        results = {verdict["name"]: verdict["result"] for verdict in judged.data["verdicts"]}
        if criterion not in results:
            known = ", ".join(results) or "none"
            raise InvalidCommand(f"{phase.name} has no criterion {criterion!r}; its criteria are: {known}")
        vote = ballot(phase, judged, person, Answer.WAIVE, params["reason"])
        vote = replace(vote, criterion=criterion, until=until(params["until"]))
        standing = waivers(project.state.votes.of(phase.name), vote.digest, vote.at)
        if criterion in standing:
            raise InvalidCommand(f"{standing[criterion].by} has waived {criterion} of {phase.name} already")
        if results[criterion] not in ("fail", "review"):
            raise InvalidCommand(f"{criterion} of {phase.name} is no hindrance, so there is nothing to waive")
        cast(project.state, vote)
        return f"{person.name} waived {criterion} of {phase.name} for {vote.digest[:SHORT]}; next: doit"


def until(text: str) -> float | None:
    """When a waiver ends, in seconds since 1970; None where nothing is said.

    Raises:
        InvalidCommand: the text is no moment, or one that is past.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise InvalidCommand(f"--until {text!r} is no date; write 2027-01-01 or 2027-01-01T12:00") from None
    if moment <= time.time():
        raise InvalidCommand(f"--until {text} is past")
    return moment
