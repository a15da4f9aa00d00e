"""What `approve`, `reject`, `waive` and `revoke` share: one phase, one person, and exactly the digest that was judged.

None of them takes the lock: people vote while a run is going on. They refuse what would do nothing, with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from doit.exceptions import InvalidCommand

from criteria.words import one_line

from ..gate.digest import SHORT
from ..gate.people import login, voter
from ..project import Project
from ..triggers.model import LAST_CALL
from ..voting import Ballot, OpenAlready, Refused, entitle, happening, last_judged, same_digest, why_needless
from .common import PlanCommand
from .elsewhere import tell_others

CHANNEL = "command line"

OPT_REASON = {"name": "reason", "short": "m", "long": "message", "type": str, "default": "", "help": "why"}
OPT_DIGEST = {
    "name": "digest",
    "long": "digest",
    "type": str,
    "default": "",
    "help": f"only if this is the digest that was judged ({SHORT} characters or more)",
}


class VotingCommand(PlanCommand):
    """A command by which a person says something about one gate."""

    arguments: tuple[str, ...] = ("PHASE",)
    as_typed = True
    reason_needed = False
    revokes = False
    """Does it take back what was said before?"""

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        if len(args) != len(self.arguments):
            usage = " ".join([f"doit {self.name}", *self.arguments, "-m 'why'"])
            raise InvalidCommand(f"`doit {self.name}` takes {' and '.join(self.arguments)}: {usage}")
        if args[0] not in project.plan.phases:
            raise InvalidCommand(not_found=args[0])
        try:
            ballot = self._ballot(project, params, args)
            with project.state.database.transaction():
                told = self.vote(project, ballot, params, args[1:])
        except OpenAlready:
            raise InvalidCommand(why_needless(ballot.phase, project.look)) from None
        except Refused as refused:
            raise InvalidCommand(str(refused)) from None
        self.outstream.write(f"{told}\n")
        notes: list[str] = []
        tell_others(project, ballot, notes.extend, revoked=self.revokes)
        self.outstream.writelines(f"note: {note}\n" for note in notes)
        self._announce(project, ballot)
        return 0

    def _ballot(self, project: Project, params: Any, args: Sequence[str]) -> Ballot:
        phase = project.plan.phases[args[0]]
        judged = last_judged(project.state, phase, project.look)
        if params["digest"]:
            same_digest(phase, judged, params["digest"])
        person = voter(phase.rule, project.root)
        entitle(project.state, phase, judged, person, also_known_as=[login().name])
        reason = one_line(project.masker.text(params["reason"]))
        if self.reason_needed and not reason:
            raise InvalidCommand(f"say why: doit {self.name} {' '.join(args)} -m 'why'")
        return Ballot(phase, judged, person, CHANNEL, reason, time.time())

    def _announce(self, project: Project, ballot: Ballot) -> None:
        """Tell the triggers, where there is an event for it."""
        happened = happening(project.plan, ballot, self.name)
        if happened is None:
            return
        triggers = project.triggers()
        triggers.tell(happened)
        for lost in triggers.close(LAST_CALL):
            self.outstream.write(f"note: {lost}\n")

    def vote(self, project: Project, ballot: Ballot, params: Any, args: Sequence[str]) -> str:
        """Record it; what to tell the person.

        Raises:
            Refused: it would do nothing.
        """
        raise NotImplementedError
