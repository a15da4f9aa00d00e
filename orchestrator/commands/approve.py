"""`doit approve`: a person opens a gate that waits, or that was rejected, for exactly the digest that was judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from doit.exceptions import InvalidCommand

from ..gate.approval import decide
from ..gate.casting import cast
from ..gate.digest import SHORT
from ..gate.people import Person
from ..plan import Phase
from ..project import Project
from ..state.journal import Entry
from ..state.votes import Answer
from .voting import OPT_DIGEST, OPT_REASON, VotingCommand, ballot

PERSON = "a person"
"""In the place of the criteria that have to be reviewed."""


class Approve(VotingCommand):
    """The command `approve`."""

    name = "approve"
    doc_purpose = "open a gate that waits for a person"
    doc_usage = "PHASE [-m REASON] [--digest DIGEST]"
    doc_description = "Records the login name; that is a record, not authentication."
    cmd_options = (OPT_REASON, OPT_DIGEST)

    def vote(
        self, project: Project, phase: Phase, judged: Entry, person: Person, params: Any, args: Sequence[str]
    ) -> str:
        votes = project.state.votes.of(phase.name)
        vote = ballot(phase, judged, person, Answer.APPROVE, params["reason"])
        results = [verdict["result"] for verdict in judged.data["verdicts"]]
        if "fail" in results:
            raise InvalidCommand(
                f"the gate of {phase.name} is shut by its criteria; an approval would not open it, `doit waive` might"
            )
        # who was asked was asked, whatever this command would be told by the mode of the configuration
        rule = replace(phase.rule, manual=True) if judged.data["outcome"] == "waiting" else phase.rule
        review = [PERSON] if "review" in results else []
        before = decide(rule, review, votes, vote.digest, vote.at)
        if before.open and judged.data["outcome"] == "open":
            raise InvalidCommand(f"the gate of {phase.name} is open already")
        if before.open or (before.rejected is None and person.name in before.by):
            who = person.name if person.name in before.by else ", ".join(before.by)
            raise InvalidCommand(f"{who} has approved {vote.digest[:SHORT]} of {phase.name} already; next: doit")
        cast(project.state, vote)
        missing = decide(rule, review, [*votes, vote], vote.digest, vote.at).missing
        then = f"{missing} more must approve" if missing else "next: doit"
        return f"{person.name} approved {vote.digest[:SHORT]} of {phase.name}; {then}"
