"""`doit approve`: a person opens a gate that waits, for exactly the digest that was judged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from doit.exceptions import InvalidCommand

from ..gate.approval import decide
from ..gate.digest import SHORT
from ..gate.judge import approve, local_person
from ..plan import Phase
from ..project import Project
from ..standing import still_waits
from ..state.approvals import Approval
from ..state.journal import Event
from .common import PlanCommand

CHANNEL = "command line"
PERSON = "a person"
"""In the place of a criterion to be reviewed: what waits here asks for people, whatever asked for them."""

OPT_REASON = {"name": "reason", "short": "m", "long": "message", "type": str, "default": "", "help": "why"}
OPT_DIGEST = {
    "name": "digest",
    "long": "digest",
    "type": str,
    "default": "",
    "help": f"approve only if this is the digest that waits ({SHORT} characters or more)",
}


class Approve(PlanCommand):
    """The command `approve`. Takes no lock: it works while a run is going on."""

    name = "approve"
    doc_purpose = "open a gate that waits for a person"
    doc_usage = "PHASE [-m REASON] [--digest DIGEST]"
    doc_description = "Records the login name; that is a record, not authentication."
    cmd_options = (OPT_REASON, OPT_DIGEST)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        if len(args) != 1:
            raise InvalidCommand("`doit approve` takes one phase: doit approve phase_3 -m 'why'")
        if args[0] not in project.plan.phases:
            raise InvalidCommand(not_found=args[0])
        phase = project.plan.phases[args[0]]
        by = local_person()
        digest = waiting(project, phase)
        if len(params["digest"]) and (len(params["digest"]) < SHORT or not digest.startswith(params["digest"])):
            raise InvalidCommand(
                f"{phase.name} waits with digest {digest[:SHORT]}, not {params['digest']!r}; look again"
            )
        if phase.rule.by and by not in phase.rule.by:
            raise InvalidCommand(f"{by} may not approve {phase.name}; its rule names {', '.join(phase.rule.by)}")
        approvals, now = project.state.approvals.of(phase.name), time.time()
        if by in decide(phase.rule, [PERSON], approvals, digest, now).by:
            raise InvalidCommand(f"{by} has approved {digest[:SHORT]} of {phase.name} already")
        approval = Approval(phase.name, digest, by, CHANNEL, params["reason"], now)
        approve(project.state, approval)
        missing = decide(phase.rule, [PERSON], [*approvals, approval], digest, now).missing
        then = f"{missing} more must approve" if missing else "next: doit"
        self.outstream.write(f"{by} approved {digest[:SHORT]} of {phase.name}; {then}\n")
        return 0


def waiting(project: Project, phase: Phase) -> str:
    """The digest that waits at a gate.

    Raises:
        InvalidCommand: nothing waits there; the text says what stands instead.
    """
    judged = project.state.journal.newest(phase.name, phase.name, Event.JUDGED, Event.FORGOTTEN)
    if judged is None or judged.event is Event.FORGOTTEN:
        raise InvalidCommand(f"{phase.name} was not judged yet, so there is nothing to approve; run doit {phase.name}")
    if judged.data["outcome"] == "failed":
        raise InvalidCommand(f"the gate of {phase.name} is shut by its criteria; an approval would not open it")
    if judged.data["outcome"] == "open":
        raise InvalidCommand(f"the gate of {phase.name} is open already")
    if not still_waits(phase, judged, project.look):
        raise InvalidCommand(
            f"{phase.name} changed since it was judged, so what waited is no longer there; run doit {phase.name} first"
        )
    return str(judged.data["digest"])
