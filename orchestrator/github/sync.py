"""Bringing GitHub to what it should show: compared with what was last written, and only the difference is written.

There is nothing to queue, nothing to lose and nothing to send twice: after a crash the next sync compares again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..state.projections import Projection, Projections
from .access import PLAN
from .client import Client
from .creation import Creation, Thing
from .render import CommentText, IssueText, Picture, StatusText
from .trouble import UNPROCESSABLE, Kind, Trouble

SHOWN = "shown"
"""Under it, a hash of what an issue showed when it was last written."""
SKEW = 3600.0
"""Seconds by which GitHub's clock may be behind ours."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One write that is due."""

    what: IssueText | CommentText | StatusText
    key: str
    hash: str
    """Of what will have been written; empty for a comment, which is never edited."""
    number: int | None
    """Of the issue that is edited or commented on; None for one that has to be created."""

    @property
    def told(self) -> str:
        """The write, for people."""
        where = f"issue #{self.number}" if self.number is not None else "the new issue"
        if isinstance(self.what, CommentText):
            return f"comment on {where}"
        if isinstance(self.what, StatusText):
            return f"status {self.what.context}: {self.what.state}"
        closed = "" if self.what.is_open else f", closed as {self.what.reason}"
        return f"{f'edit {where}' if self.number is not None else 'create an issue'}: {self.what.title}{closed}"


def differences(picture: Picture, known: Projections, commit: str | None) -> list[Difference]:
    """What has to be written, in its order: issues, then comments on them, then statuses.

    Args:
        commit: the one that statuses are about; None where there is none.
    """
    return list(_differences(picture, known, commit))


def _differences(picture: Picture, known: Projections, commit: str | None) -> Iterator[Difference]:
    written = known.all()
    for issue in picture.issues:
        there, now = written.get(issue.key), _hash(issue)
        if there is None or there.number is None or there.hash != now:
            yield Difference(issue, issue.key, now, there.number if there else None)
    for comment in picture.comments:
        there, place = written.get(comment.key), written.get(comment.issue)
        if there is None or there.number is None:
            yield Difference(comment, comment.key, "", place.number if place else None)
    for status in picture.statuses if commit else ():
        key, now = f"status {commit} {status.context}", _hash(status)
        there = written.get(key)
        if there is None or there.hash != now:
            yield Difference(status, key, now, None)


class Sync:
    """Writes differences. For one thread, and for one process at a time."""

    def __init__(self, client: Client, known: Projections, labels: tuple[str, ...], creation: Creation) -> None:
        self._client = client
        self._known = known
        self._labels = labels
        self._creation = creation

    def bring_about(self, picture: Picture, commit: str | None, link: Callable[[int], str]) -> None:
        """Write all that differs.

        Args:
            link: from the number of the plan's issue to where a status leads.

        Raises:
            Trouble: of the first write that failed; what was written before it is known. Where it was the text that
                GitHub refused, or a commit that was not pushed yet, what it has nothing to do with is written too.
        """
        refused: Trouble | None = None
        for due in differences(picture, self._known, commit):
            if refused is not None and isinstance(due.what, StatusText):
                break
            try:
                self._write(due, commit, link)
            except Trouble as error:
                if error.status != UNPROCESSABLE:
                    raise
                refused = refused or error
        if refused is not None:
            raise refused

    def _write(self, due: Difference, commit: str | None, link: Callable[[int], str]) -> None:
        what = due.what
        if isinstance(what, IssueText):
            self._issue(what, due.hash)
        elif isinstance(what, CommentText):
            self.comment(what)
        else:
            assert commit is not None
            place = self._number(PLAN)
            self._client.status(commit, what.context, what.state, what.description, link(place))
            self._known.put(due.key, None, due.hash)

    def compare(self, key: str, known: Projection) -> None:
        """Hold an issue against what was written last; where it is something else, or gone, it is due again."""
        assert known.number is not None
        try:
            shown = self._client.issue(known.number)
        except Trouble as error:
            if error.kind is not Kind.GONE:
                raise
            self._known.drop(key)
            return
        if digest(shown.title, shown.body, shown.open) != known.data.get(SHOWN):
            self._known.put(key, known.number, "", data=known.data)

    def comment(self, comment: CommentText) -> None:
        """Make a comment, if it is not there yet."""
        number = self._number(comment.issue)
        there = self._known.get(comment.key)
        since = max(0.0, there.at - SKEW) if there is not None else 0.0

        def find() -> list[int]:
            login = self._client.login.lower()
            comments = self._client.comments(number, since)
            return [one.id for one in comments if one.body.startswith(comment.mark) and one.author.lower() == login]

        self._creation.once(
            Thing(
                key=comment.key,
                create=lambda: self._client.create_comment(number, comment.body),
                find=find,
                take_away=lambda double: self._client.delete_comment(number, double),
            )
        )

    def _issue(self, issue: IssueText, now: str) -> None:
        def find() -> list[int]:
            return [found.number for found in self._client.issues_with(issue.mark, self._client.login)]

        number, new = self._creation.once(
            Thing(
                key=issue.key,
                create=lambda: self._client.create_issue(issue.title, issue.body, self._labels),
                find=find,
                take_away=self._client.close_issue,
                by_others=True,
            )
        )
        if not (new and issue.is_open):
            try:
                self._client.edit_issue(number, issue.title, issue.body, is_open=issue.is_open, reason=issue.reason)
            except Trouble as error:
                if error.kind is Kind.GONE:  # somebody deleted it: the next sync makes another one
                    self._known.drop(issue.key)
                raise
        shown = digest(issue.title, issue.body, issue.is_open)
        self._known.put(issue.key, number, now, data={SHOWN: shown})

    def _number(self, issue: str) -> int:
        place = self._known.get(issue)
        if place is None or place.number is None:
            raise Trouble(Kind.LATER, "the issue is not there yet")
        return place.number


def digest(title: str, body: str, is_open: bool) -> str:
    """Of what people see of an issue; the ends of lines are as the server likes them."""
    return _hash((title, body.replace("\r\n", "\n").strip(), is_open))


def _hash(what: object) -> str:
    return hashlib.sha256(repr(what).encode("utf-8", "surrogatepass")).hexdigest()
