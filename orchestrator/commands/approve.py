"""`doit approve`: a person opens a gate that waits, or that was rejected, for exactly the digest that was judged."""

from __future__ import annotations

from collections.abc import Sequence
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
"""In the place of a criterion to be reviewed: what waits here asks for people, whatever asked for them."""


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
        before = decide(phase.rule, [PERSON], votes, vote.digest, vote.at)
        if judged.data["outcome"] == "failed" and before.rejected is None:
            raise InvalidCommand(
                f"the gate of {phase.name} is shut by its criteria; an approval would not open it, `doit waive` might"
            )
        if judged.data["outcome"] == "open" and before.rejected is None:
            raise InvalidCommand(f"the gate of {phase.name} is open already")
        if person.name in before.by and before.rejected is None:
            raise InvalidCommand(f"{person.name} has approved {vote.digest[:SHORT]} of {phase.name} already")
        cast(project.state, vote)
        missing = decide(phase.rule, [PERSON], [*votes, vote], vote.digest, vote.at).missing
        then = f"{missing} more must approve" if missing else "next: doit"
        return f"{person.name} approved {vote.digest[:SHORT]} of {phase.name}; {then}"
