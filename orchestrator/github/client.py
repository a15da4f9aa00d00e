"""What is asked of GitHub, and said to it: one method for each, for one thread."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cached_property
from urllib.parse import quote

from .answers import Comment, Facts, Found, Unreadable, comment_of, found_of, role_of, word
from .transport import Transport
from .trouble import Kind, Trouble

ACTIONS = "github-actions[bot]"
"""Who a workflow's GITHUB_TOKEN is; it may not ask."""


class Client:
    """GitHub, for one repository.

    Raises:
        Trouble: from every method.
    """

    def __init__(self, transport: Transport, *, is_app: bool) -> None:
        self._send = transport
        self._is_app = is_app

    @cached_property
    def login(self) -> str:
        """Who we are there."""
        if self._is_app:
            return f"{self._send.ask(lambda: word(self._send.integration().get_app().slug))}[bot]"
        try:
            return self._send.ask(lambda: word(self._send.github.get_user().login))
        except Trouble as error:
            if error.status == 403 and error.kind is Kind.REFUSED:
                return ACTIONS
            raise

    def issues_with(self, mark: str, author: str) -> list[Found]:
        """The issues of an author whose body begins with a mark, oldest first, open or not."""

        def look() -> list[Found]:
            wanted = {"state": "all", "creator": author, "sort": "created", "direction": "asc"}
            return [found_of(one) for one in self._send.pages("issues", wanted) if "pull_request" not in one]

        return sorted(
            (one for one in self._send.ask(look) if one.body.startswith(mark) and one.author.lower() == author.lower()),
            key=lambda one: one.number,
        )

    def issue(self, number: int) -> Found:
        """What an issue shows now."""
        return self._send.ask(lambda: found_of(self._send.get(f"issues/{number}")))

    def create_issue(self, title: str, body: str, labels: tuple[str, ...]) -> int:
        """The number of a new issue. Where the trouble is `LATER` it may be there all the same."""
        return self._send.create(
            lambda: self._send.repository.create_issue(title, body=body, labels=list(labels)).number
        )

    def edit_issue(self, number: int, title: str, body: str, *, is_open: bool, reason: str) -> None:
        """Make an issue show this. One request; it may arrive twice.

        Args:
            reason: why it is closed: `completed` or `not_planned`.
        """
        state = {"state": "open"} if is_open else {"state": "closed", "state_reason": reason}
        self._edit(number, title=title, body=body, **state)

    def close_issue(self, number: int) -> None:
        """Close an issue that should not be there."""
        self._edit(number, state="closed", state_reason="not_planned")

    def comments(self, number: int, since: float) -> list[Comment]:
        """The comments on an issue that were made or edited since then, oldest first.

        Args:
            since: seconds since 1970, by GitHub's clock.
        """
        moment = datetime.fromtimestamp(since, timezone.utc)
        wanted = {"since": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
        found = self._send.ask(lambda: list(map(comment_of, self._send.pages(f"issues/{number}/comments", wanted))))
        return sorted(found, key=lambda comment: comment.id)

    def create_comment(self, number: int, body: str) -> int:
        """The id of a new comment. Where the trouble is `LATER` it may be there all the same."""
        return self._send.create(lambda: self._send.repository.get_issue(number).create_comment(body).id)

    def delete_comment(self, number: int, comment: int) -> None:
        """Take a comment of ours away."""
        self._send.write(lambda: self._send.repository.get_issue(number).get_comment(comment).delete())

    def permission(self, login: str) -> str:
        """What somebody may do here: one of RANK."""
        path = f"collaborators/{quote(login, safe='')}/permission"
        return self._send.ask(lambda: role_of(self._send.get(path)))

    def is_member(self, team: str, login: str) -> bool:
        """Is somebody in a team, `octo/reviewers`?"""
        organization, _, slug = team.partition("/")
        parts = [quote(part, safe="") for part in (organization, slug, login)]
        path = "/orgs/{}/teams/{}/memberships/{}".format(*parts)
        try:
            return self._send.ask(lambda: bool(self._send.get(path)["state"] == "active"))
        except Trouble as error:
            if error.kind is Kind.GONE:
                return False
            raise

    def status(self, commit: str, context: str, state: str, description: str, url: str) -> None:
        """Say of a commit that a check is `pending`, `success` or `failure`. The newest of a context counts."""

        def write() -> None:
            told = {"state": state, "context": context, "description": description, "target_url": url}
            if self._send.post(f"statuses/{commit}", told)["state"] != state:
                raise Unreadable

        self._send.write(write)

    def facts(self) -> Facts:
        """What the token sees of the repository."""

        def look() -> Facts:
            data = self._send.get("")
            may = data.get("permissions") or {}
            labels = frozenset(word(label["name"]).lower() for label in self._send.pages("labels", {}))
            may_write = bool(may.get("push") or may.get("triage"))
            return Facts(may_write, bool(data["has_issues"]), bool(data["archived"]), labels)

        return self._send.ask(look)

    def _edit(self, number: int, **changes: str) -> None:
        def edit() -> None:
            issue = self._send.repository.get_issue(number)
            issue.edit(**changes)  # type: ignore[arg-type]
            if issue.number != number or issue.state != changes["state"]:
                raise Unreadable

        self._send.write(edit)
