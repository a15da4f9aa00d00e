"""Votes that come in as comments: each order is taken once, or refused once, and answered either way.

What comes in is a journal entry like that of `doit approve`, with the comment's link. Nobody is trusted for what a
comment says: the author's permission is looked up when the vote is taken, whoever could have edited it is kept out by
taking nothing that was edited, and a look-up that fails takes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from criteria.words import one_line

from ..config.gates import is_team
from ..gate.people import Person
from ..plan import Phase, Plan
from ..reasons import Evidence
from ..state.projections import Projection, Projections
from ..state.state import State
from ..state.votes import Answer
from ..triggers.model import Happening
from ..views.markdown import cell, code
from ..voting import Ballot, Refused, approve, entitle, happening, last_judged, reject, same_digest, waive
from .access import PLAN
from .answers import RANK, Comment
from .client import Client
from .news import request
from .orders import Misread, Order, orders
from .render import CommentText, is_issue, mark_of
from .settings import Settings
from .trouble import Kind, Trouble

T = TypeVar("T")

CHANNEL = "github"
ORDER, READ = "order", "read"
"""How the keys of what is remembered begin: of a comment that was answered, and of an issue that was read."""
LONGEST = 500
"""Characters of a reason."""
LAG = 600.0
"""Seconds by which a list of GitHub's may show a comment later than a newer one."""
GHOST = "ghost"
"""Whom GitHub names in the place of an account that is gone."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What votes are held against and recorded in."""

    plan: Plan
    state: State
    look: Evidence


class Polls:
    """Takes votes. For one thread, and one process at a time."""

    def __init__(
        self, desk: Desk, settings: Settings, client: Client, known: Projections, clock: Callable[[], float]
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._client = client
        self._known = known
        self._clock = clock
        self.taken = 0
        """Votes that were recorded so far."""
        self._happened: list[Happening] = []

    def read(self) -> None:
        """Take what stands in the comments since the last look, on every issue of ours.

        Raises:
            Trouble: GitHub could not be asked; what was not answered is read again.
        """
        known = self._known.all()
        for key, issue in known.items():
            if is_issue(key) and issue.number is not None:
                try:
                    self._read(key, issue.number, known)
                except Trouble as error:
                    if error.kind is not Kind.GONE:
                        raise
                    self._known.drop(key)  # somebody deleted it: the next sync looks for it, or makes another one

    def replies(self) -> list[CommentText]:
        """The answers that are due."""
        known = self._known.all()
        due = {key: one.data for key, one in known.items() if key.startswith(f"{ORDER} ") and one.number is None}
        return [
            CommentText(
                key, _mark(self._desk.plan, key), data["issue"] if data["issue"] in known else PLAN, data["reply"]
            )
            for key, data in due.items()
        ]

    def happened(self) -> list[Happening]:
        """What triggers have to be told of the votes that were taken; once."""
        happened, self._happened = self._happened, []
        return happened

    def _read(self, issue: str, number: int, known: Mapping[str, Projection]) -> None:
        read = known.get(f"{READ} {issue}")
        ours = {one.number for key, one in known.items() if key.startswith(("comment ", f"{ORDER} "))}
        newest = read.data["until"] if read else 0.0
        comments = self._client.comments(number, max(0.0, newest - LAG))
        ours |= {comment.id for comment in comments if self._is_ours(comment)}
        said = {comment.body.partition("\n")[0].rstrip() for comment in comments if comment.id in ours}
        for comment in comments:
            newest = max(newest, comment.created)
            key = f"{ORDER} {comment.id}"
            if comment.id in ours or known.get(key) is not None:
                continue
            if _mark(self._desk.plan, key) in said:  # by another clone, or before this state was lost
                continue
            found = orders(comment.body)
            if found:
                self._answer(comment, issue, found)
        if read is None or newest > read.data["until"]:
            self._known.put(f"{READ} {issue}", None, data={"until": newest})

    def _is_ours(self, comment: Comment) -> bool:
        """Written by us, though its number was lost: by the mark and the author."""
        return comment.body.startswith("<!-- phasegate ") and comment.author.lower() == self._client.login.lower()

    def _answer(self, comment: Comment, issue: str, found: Sequence[Order | Misread]) -> None:
        """Take or refuse each order of a comment; votes and answer are recorded together, or not at all."""
        objection: Refused | None = None
        roles: Mapping[str, str | Refused] = {}
        try:
            self._admit(comment)
            roles = self._roles(comment, found)
        except Refused as refused:
            objection = refused
        _ = self._client.login  # asked for now: within the transaction nothing waits for GitHub
        lines = []
        taken: list[Happening | None] = []
        key = f"{ORDER} {comment.id}"
        with self._desk.state.database.transaction():
            for order in found:
                try:
                    if objection is not None:
                        raise objection
                    said, happened = self._vote(comment, order, roles)
                    lines.append(f"✅ {cell(said)}.")
                    taken.append(happened)
                except Refused as refused:
                    lines.append(f"❌ {_quoted(order)}: {cell(str(refused), 300)}.")
            body = "\n".join([_mark(self._desk.plan, key), *lines])
            self._known.put(key, None, data={"issue": issue, "reply": body})
        self.taken += len(taken)
        self._happened += filter(None, taken)

    def _admit(self, comment: Comment) -> None:
        """See that orders in a comment may count.

        Raises:
            Refused: none of them does.
        """
        author = comment.author
        if comment.by_bot:
            raise Refused("only people vote, and this comes from a bot or an app")
        if author.lower() == GHOST:
            raise Refused("the account that wrote it is gone")
        if comment.edited:
            raise Refused("the comment was edited, which others than its author can do too; write a new one")
        if author.lower() in {user.removeprefix("@").lower() for user in self._settings.users}:
            return
        has = _looked_up(f"what {author} may do here", lambda: self._client.permission(author))
        if RANK.index(has) < RANK.index(self._settings.permission):
            raise Refused(f"{author} has the permission {has} here, and a vote takes {self._settings.permission}")

    def _roles(self, comment: Comment, found: Sequence[Order | Misread]) -> dict[str, str | Refused]:
        """By phase, what its rule calls the author, or why that is not known; looked up before anything is recorded."""
        roles: dict[str, str | Refused] = {}
        for name in {order.phase for order in found if isinstance(order, Order)} & set(self._desk.plan.phases):
            try:
                roles[name] = self._role(comment.author, self._desk.plan.phases[name].rule.by)
            except Refused as refused:
                roles[name] = refused
        return roles

    def _role(self, login: str, names: Sequence[str]) -> str:
        """The name on a rule's list that stands for this person, or nothing."""
        own = {login.lower(), f"@{login.lower()}"}
        for name in names:
            if name.lower() in own:
                return name
        for name in filter(is_team, names):
            if _looked_up(f"whether {login} is in {name}", partial(self._client.is_member, name[1:], login)):
                return name
        return ""

    def _vote(
        self, comment: Comment, order: Order | Misread, roles: Mapping[str, str | Refused]
    ) -> tuple[str, Happening | None]:
        """Record one vote; what to say to it, and what triggers are told."""
        if isinstance(order, Misread):
            raise Refused(order.why)
        phase = self._desk.plan.phases.get(order.phase)
        if phase is None:
            raise Refused(f"the plan has no phase {order.phase!r}")
        judged = last_judged(self._desk.state, phase, self._desk.look)
        if order.digest:
            same_digest(phase, judged, order.digest)
        _timely(phase, order, comment, self._request(phase))
        role = roles.get(phase.name, "")
        if isinstance(role, Refused):
            raise role
        person = Person(comment.author, comment.link, role if role.lower() != comment.author.lower() else "")
        if role and not person.role:
            person = Person(role, comment.link)  # as the rule spells the name
        entitle(self._desk.state, phase, judged, person)
        if not phase.rule.self_approval and comment.author.lower() == self._client.login.lower():
            raise Refused(f"the run writes here as {comment.author}, and {phase.name} has self_approval: false")
        reason = one_line(self._desk.look.mask(order.reason), LONGEST)
        ballot = Ballot(phase, judged, person, CHANNEL, reason, self._clock())
        if not reason and order.answer is not Answer.APPROVE:
            raise Refused("say why, behind the order")
        if order.answer is Answer.APPROVE:
            said = approve(self._desk.state, ballot)
        elif order.answer is Answer.REJECT:
            said = reject(self._desk.state, ballot)
        else:
            said = waive(self._desk.state, ballot, order.criterion, None)
        return said, happening(self._desk.plan, ballot, order.answer.value)

    def _request(self, phase: Phase) -> int | None:
        """The comment in which people were asked for what the phase needs now; None where it needs nobody.

        Raises:
            Refused: it was not written yet, so that nobody can have answered it.
        """
        asked = request(phase.name, self._desk.state.journal.of(phase.name))
        if asked is None:
            return None
        comment = self._known.get(asked.key)
        if comment is None or comment.number is None:
            raise Refused(f"what {phase.name} asks was not written here yet; wait for that, and write a new comment")
        return comment.number


def _looked_up(what: str, ask: Callable[[], T]) -> T:
    """What GitHub says.

    Raises:
        Refused: it will not say; so nothing is taken.
        Trouble: it cannot say now; it is asked again with the next look.
    """
    try:
        return ask()
    except Trouble as error:
        if error.kind in (Kind.LATER, Kind.LIMITED) or error.status == 401:  # which says nothing of what was asked
            raise
        raise Refused(f"{what} could not be looked up ({error})") from None


def _timely(phase: Phase, order: Order, comment: Comment, request: int | None) -> None:
    """Hold a comment against the request that it answers: GitHub numbers comments in their order.

    Raises:
        Refused: it is older than the request, or nobody asked.
    """
    if request is None:
        if order.answer is Answer.REJECT and order.digest:
            return  # a gate that is open: whoever shuts it says which one
        raise Refused(f"{phase.name} asks nobody now" + ("" if order.digest else "; to shut it, name its digest"))
    if comment.id < request:
        raise Refused("the comment is older than the request; look again, and write a new one")


def _quoted(order: Order | Misread) -> str:
    if isinstance(order, Misread):
        return code(one_line(order.line, 80))
    return code(one_line(f"/{order.answer.value} {order.phase}", 80))


def _mark(plan: Plan, key: str) -> str:
    return mark_of(plan.name, "answer", key)
