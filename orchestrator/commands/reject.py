"""`doit reject`: a person shuts a gate, until the outputs change or an approval follows."""

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


class Reject(VotingCommand):
    """The command `reject`."""

    name = "reject"
    doc_purpose = "shut a gate, until its outputs change or an approval follows"
    doc_usage = "PHASE -m REASON [--digest DIGEST]"
    cmd_options = (OPT_REASON, OPT_DIGEST)
    reason_needed = True

    def vote(
        self, project: Project, phase: Phase, judged: Entry, person: Person, params: Any, args: Sequence[str]
    ) -> str:
        vote = ballot(phase, judged, person, Answer.REJECT, params["reason"])
        rejected = decide(phase.rule, (), project.state.votes.of(phase.name), vote.digest, vote.at).rejected
        if rejected is not None:
            raise InvalidCommand(f"{rejected.by} has rejected {vote.digest[:SHORT]} of {phase.name} already")
        if judged.data["outcome"] == "failed":
            raise InvalidCommand(f"the gate of {phase.name} is shut by its criteria already")
        cast(project.state, vote)
        return f"{person.name} rejected {vote.digest[:SHORT]} of {phase.name}; other outputs, or an approval, end that"
