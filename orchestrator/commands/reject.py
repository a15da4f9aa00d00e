"""`doit reject`: a person shuts a gate, until the outputs change or an approval follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..project import Project
from ..voting import Ballot, reject
from .voting import OPT_DIGEST, OPT_REASON, VotingCommand


class Reject(VotingCommand):
    """The command `reject`."""

    name = "reject"
    doc_purpose = "shut a gate, until its outputs change or an approval follows"
    doc_usage = "PHASE -m REASON [--digest DIGEST]"
    cmd_options = (OPT_REASON, OPT_DIGEST)
    reason_needed = True

    def vote(self, project: Project, ballot: Ballot, params: Any, args: Sequence[str]) -> str:
        return reject(project.state, ballot)
