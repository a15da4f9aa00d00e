"""`doit approve`: a person opens a gate that waits, or that was rejected, for exactly the digest that was judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..project import Project
from ..voting import Ballot, approve
from .voting import OPT_DIGEST, OPT_REASON, VotingCommand


class Approve(VotingCommand):
    """The command `approve`."""

    name = "approve"
    doc_purpose = "open a gate that waits for a person"
    doc_usage = "PHASE [-m REASON] [--digest DIGEST]"
    doc_description = "Records the login name; that is a record, not authentication."
    cmd_options = (OPT_REASON, OPT_DIGEST)

    def vote(self, project: Project, ballot: Ballot, params: Any, args: Sequence[str]) -> str:
        return approve(project.state, ballot)
