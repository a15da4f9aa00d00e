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
from ..gate.judge import HINDRANCE
from ..gate.people import Person
from ..plan import Phase
from ..project import Project
from ..state.journal import Entry
from ..state.votes import Answer, Vote
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
        verdicts = [verdict for verdict in judged.data["verdicts"] if verdict["kind"] != HINDRANCE]
        results = {verdict["name"]: verdict["result"] for verdict in verdicts}
        if criterion not in results:
            known = ", ".join(results) or "none"
            raise InvalidCommand(f"{phase.name} has no criterion {criterion!r}; its criteria are: {known}")
        vote = ballot(phase, judged, person, Answer.WAIVE, params["reason"])
        vote = replace(vote, criterion=criterion, until=until(params["until"]))
        votes = project.state.votes.of(phase.name)
        if criterion in waivers(phase.rule, votes, vote.digest, vote.at):
            raise InvalidCommand(f"{criterion} of {phase.name} is waived already")
        if any(same_waiver(other, vote) for other in votes):
            raise InvalidCommand(f"{person.name} has waived {criterion} of {phase.name} already")
        if results[criterion] not in ("fail", "review"):
            raise InvalidCommand(f"{criterion} of {phase.name} is no hindrance, so there is nothing to waive")
        cast(project.state, vote)
        people = {other.by for other in [*votes, vote] if (other.criterion, other.digest) == (criterion, vote.digest)}
        missing = phase.rule.quorum - len(people)
        then = f"{missing} more must waive it" if missing > 0 else "next: doit"
        return f"{person.name} waived {criterion} of {phase.name} for {vote.digest[:SHORT]}; {then}"


def same_waiver(one: Vote, other: Vote) -> bool:
    """The same criterion of the same digest, by the same person, and not ended?"""
    key = (one.answer, one.digest, one.criterion, one.by)
    stands = one.until is None or one.until > other.at
    return stands and key == (other.answer, other.digest, other.criterion, other.by)


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
