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
from ..gate.people import Person, login, voter
from ..plan import Phase
from ..project import Project
from ..reasons import is_present
from ..state.journal import Entry, Event
from ..state.votes import Answer, Vote
from ..triggers.model import LAST_CALL, PHASE_EVENTS, Happening
from ..views.attempts import attempts_data
from .common import PlanCommand, as_typed

CHANNEL = "command line"
PAST = {"approve": "approved", "reject": "rejected"}

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
    reason_needed = False

    def parse_execute(self, in_args: list[str]) -> int:
        return super().parse_execute(as_typed(self.name, in_args))

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        if len(args) != len(self.arguments):
            usage = " ".join([f"doit {self.name}", *self.arguments, "-m 'why'"])
            raise InvalidCommand(f"`doit {self.name}` takes {' and '.join(self.arguments)}: {usage}")
        if args[0] not in project.plan.phases:
            raise InvalidCommand(not_found=args[0])
        phase = project.plan.phases[args[0]]
        judged = last_judged(project, phase)
        digest = str(judged.data["digest"])
        if params["digest"] and (len(params["digest"]) < SHORT or not digest.startswith(params["digest"])):
            raise InvalidCommand(
                f"{phase.name} was judged with digest {digest[:SHORT]}, not {params['digest']!r}; look again"
            )
        person = entitled(project, phase, judged)
        params["reason"] = one_line(project.masker.text(params["reason"]))
        if self.reason_needed and not params["reason"]:
            raise InvalidCommand(f"say why: doit {self.name} {' '.join(args)} -m 'why'")
        with project.state.database.transaction():  # of two people at the same instant the second sees the first's vote
            told = self.vote(project, phase, judged, person, params, args[1:])
        self.outstream.write(f"{told}\n")
        self._announce(project, phase, judged, person, params["reason"])
        return 0

    def _announce(self, project: Project, phase: Phase, judged: Entry, person: Person, reason: str) -> None:
        """Tell the triggers, where there is an event for it."""
        event = f"phase.{PAST.get(self.name, '')}"
        if event not in PHASE_EVENTS or not project.plan.triggers:
            return
        told = {"title": phase.title, "by": person.name, "reason": reason, "digest": judged.data["digest"]}
        triggers = project.triggers()
        triggers.tell(Happening(event, project.plan.name, judged.run, time.time(), phase.name, told))
        for lost in triggers.close(LAST_CALL):
            self.outstream.write(f"note: {lost}\n")

    def vote(
        self, project: Project, phase: Phase, judged: Entry, person: Person, params: Any, args: Sequence[str]
    ) -> str:
        """Record it; what to tell the person.

        Raises:
            InvalidCommand: it would do nothing.
        """
        raise NotImplementedError


def ballot(phase: Phase, judged: Entry, person: Person, answer: Answer, reason: str) -> Vote:
    """A person's answer to what was judged."""
    digest = str(judged.data["digest"])
    return Vote(phase.name, digest, person.name, CHANNEL, reason, time.time(), answer, source=person.source)


def last_judged(project: Project, phase: Phase) -> Entry:
    """The newest look at a gate, if what it saw is what is there.

    Raises:
        InvalidCommand: there was none, or something changed since.
    """
    judged = project.state.journal.newest(phase.name, phase.name, Event.JUDGED, Event.FORGOTTEN)
    if judged is None or judged.event is Event.FORGOTTEN:
        raise InvalidCommand(f"{phase.name} was not judged yet, so there is nothing to vote on; run doit {phase.name}")
    if not is_present(phase, judged, project.look):
        raise InvalidCommand(
            f"{phase.name} changed since it was judged, so that is no longer there; run doit {phase.name} first"
        )
    return judged


def entitled(project: Project, phase: Phase, judged: Entry) -> Person:
    """Who votes, if the phase's rule lets them.

    Raises:
        InvalidCommand: it does not.
    """
    person = voter(phase.rule, project.root)
    if phase.rule.by and person.name not in phase.rule.by:
        raise InvalidCommand(f"{person.name} may not vote on {phase.name}; its rule names {', '.join(phase.rule.by)}")
    if not phase.rule.self_approval:
        works = [work.task for work in phase.works]
        made = [attempt["run"] for attempt in attempts_data(project.state.journal.of(phase.name), works)[-len(works) :]]
        if login().name in {project.state.journal.starter(run) for run in (judged.run, *made)}:
            raise InvalidCommand(
                f"{login().name} started the run that {phase.name} was made or judged in, and its rule has"
                " self_approval: false; somebody else must look at it"
            )
    return person
