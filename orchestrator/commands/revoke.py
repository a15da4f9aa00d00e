"""`doit revoke`: take back what people said about what was judged; the gate asks again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doit.exceptions import InvalidCommand

from ..gate.casting import revoke
from ..gate.digest import SHORT
from ..gate.people import Person
from ..plan import Phase
from ..project import Project
from ..state.journal import Entry
from ..state.votes import POLICY
from .voting import OPT_DIGEST, OPT_REASON, VotingCommand


class Revoke(VotingCommand):
    """The command `revoke`."""

    name = "revoke"
    doc_purpose = "take back the approvals, rejections and waivers of a gate"
    doc_usage = "PHASE [-m REASON] [--digest DIGEST]"
    cmd_options = (OPT_REASON, OPT_DIGEST)

    def vote(
        self, project: Project, phase: Phase, judged: Entry, person: Person, params: Any, args: Sequence[str]
    ) -> str:
        digest = str(judged.data["digest"])
        votes = [v for v in project.state.votes.of(phase.name) if v.digest == digest and v.channel != POLICY]
        if not votes:
            raise InvalidCommand(
                f"nobody voted on {digest[:SHORT]} of {phase.name}, so there is nothing to take back;"
                " what opened by policy is shut by `doit reject`"
            )
        revoke(project.state, votes, phase.name, digest, person.name, person.source, params["reason"])
        people = ", ".join(dict.fromkeys(vote.by for vote in votes))
        return f"{person.name} took back what {people} said about {digest[:SHORT]} of {phase.name}; next: doit"
