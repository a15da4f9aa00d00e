"""`doit revoke`: take back what people said about what was judged; the gate asks again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..project import Project
from ..voting import Ballot, take_back
from .voting import OPT_DIGEST, OPT_REASON, VotingCommand


class Revoke(VotingCommand):
    """The command `revoke`."""

    name = "revoke"
    doc_purpose = "take back the approvals, rejections and waivers of a gate"
    doc_usage = "PHASE [-m REASON] [--digest DIGEST]"
    cmd_options = (OPT_REASON, OPT_DIGEST)
    revokes = True

    def vote(self, project: Project, ballot: Ballot, params: Any, args: Sequence[str]) -> str:
        return take_back(project.state, ballot)
