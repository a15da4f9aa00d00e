"""Requests to GitHub: the one home of PyGithub. For one thread.

PyGithub repeats on its own, POST included, which made eleven issues of one where a proxy answered 502; so it is told
not to, and only reads and edits, which may arrive twice, are repeated here. Its own throttle is off too: `limits.py`
knows the rules, and waits where a run that ends can interrupt it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from ..plan import RetryPolicy
from ..work.retry import retry_after
from .limits import Governor
from .settings import On, Settings
from .trouble import Answer, Kind, Trouble, trouble

if TYPE_CHECKING:
    from github import Github
    from github.IssueComment import IssueComment
    from github.Repository import Repository

T = TypeVar("T")

TIMEOUT = 10
"""Seconds that an answer may take."""
PAGE = 100
PATIENCE = 30.0
"""Seconds that a write waits for its turn; what has to wait longer is left to a later sync."""
POLICY = RetryPolicy(attempts=4, wait=1.0, factor=2.0, max_wait=8.0)
ACTIONS = "github-actions[bot]"
"""Who a workflow's GITHUB_TOKEN is; it may not ask."""


@dataclass(frozen=True, slots=True)
class Found:
    """An issue."""

    number: int
    title: str
    body: str
    open: bool
    author: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on an issue."""

    id: int
    author: str
    by_bot: bool
    body: str
    created: float
    """Seconds since 1970."""
    edited: bool
    link: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a token sees of the repository."""

    may_write: bool
    has_issues: bool
    archived: bool
    labels: frozenset[str]


class Client:
    """GitHub, for one repository.

    Args:
        wait: waits so many seconds, or raises what ends the waiting.

    Raises:
        Trouble: from every method.
    """

    def __init__(
        self,
        settings: Settings,
        on: On,
        wait: Callable[[float], None],
        clock: Callable[[], float] = time.time,
        governor: Governor | None = None,
    ) -> None:
        self._settings = settings
        self._on = on
        self._wait = wait
        self._clock = clock
        self.governor = governor or Governor(time.monotonic)

    @cached_property
    def login(self) -> str:
        """Who we are there."""
        if self._settings.app is not None:
            slug = self._ask(lambda: self._integration().get_app().slug)
            return f"{slug}[bot]"
        try:
            return str(self._ask(lambda: self._github.get_user().login))
        except Trouble as error:
            if error.status == 403 and error.kind is Kind.REFUSED:
                return ACTIONS
            raise

    def issues_with(self, mark: str, author: str) -> list[Found]:
        """The issues of an author whose body begins with a mark, oldest first, open or not."""
        found = self._ask(
            lambda: list(
                self._repository.get_issues(state="all", creator=author, sort="created", direction="asc")  # type: ignore[arg-type]
            )
        )
        issues = [issue for issue in found if "/pull/" not in issue.html_url]
        told = [
            Found(issue.number, issue.title, issue.body or "", issue.state == "open", issue.user.login)
            for issue in issues
        ]
        return sorted(
            (one for one in told if one.body.startswith(mark) and one.author.lower() == author.lower()),
            key=lambda one: one.number,
        )

    def issue(self, number: int) -> Found:
        """What an issue shows now."""

        def look() -> Found:
            found = self._repository.get_issue(number)
            return Found(found.number, found.title, found.body or "", found.state == "open", found.user.login)

        return self._ask(look)

    def create_issue(self, title: str, body: str, labels: tuple[str, ...]) -> int:
        """The number of a new issue. Where the trouble is `LATER` it may be there all the same."""
        return self._create(lambda: self._repository.create_issue(title, body=body, labels=list(labels)).number)

    def edit_issue(self, number: int, title: str, body: str, *, is_open: bool, reason: str) -> None:
        """Make an issue show this. One request; it may arrive twice.

        Args:
            reason: why it is closed: `completed` or `not_planned`.
        """
        state = {"state": "open"} if is_open else {"state": "closed", "state_reason": reason}
        self._write(lambda: self._repository.get_issue(number).edit(title=title, body=body, **state))  # type: ignore[arg-type]

    def close_issue(self, number: int) -> None:
        """Close an issue that should not be there."""
        self._write(lambda: self._repository.get_issue(number).edit(state="closed", state_reason="not_planned"))

    def comments(self, number: int, since: float) -> list[Comment]:
        """The comments on an issue that were made or edited since then, oldest first.

        Args:
            since: seconds since 1970, by GitHub's clock.
        """
        moment = datetime.fromtimestamp(since, timezone.utc)
        found = self._ask(lambda: list(self._repository.get_issue(number).get_comments(since=moment)))
        return sorted(map(_comment, found), key=lambda comment: comment.id)

    def create_comment(self, number: int, body: str) -> int:
        """The id of a new comment. Where the trouble is `LATER` it may be there all the same."""
        return self._create(lambda: self._repository.get_issue(number).create_comment(body).id)

    def delete_comment(self, number: int, comment: int) -> None:
        """Take a comment of ours away."""
        self._write(lambda: self._repository.get_issue(number).get_comment(comment).delete())

    def permission(self, login: str) -> str:
        """What somebody may do here: one of RANK."""

        def look() -> str:
            path = f"/repos/{self._on.repository}/collaborators/{quote(login, safe='')}/permission"
            _, data = self._github.requester.requestJsonAndCheck("GET", path)
            return _role(data)

        return self._ask(look)

    def is_member(self, team: str, login: str) -> bool:
        """Is somebody in a team, `octo/reviewers`?"""
        organization, _, slug = team.partition("/")

        def look() -> bool:
            parts = [quote(part, safe="") for part in (organization, slug, login)]
            path = "/orgs/{}/teams/{}/memberships/{}".format(*parts)
            _, data = self._github.requester.requestJsonAndCheck("GET", path)
            return bool(data["state"] == "active")

        try:
            return self._ask(look)
        except Trouble as error:
            if error.kind is Kind.GONE:
                return False
            raise

    def status(self, commit: str, context: str, state: str, description: str, url: str) -> None:
        """Say of a commit that a check is `pending`, `success` or `failure`. The newest of a context counts."""

        def write() -> None:
            path = f"/repos/{self._on.repository}/statuses/{commit}"
            told = {"state": state, "context": context, "description": description, "target_url": url}
            self._github.requester.requestJsonAndCheck("POST", path, input=told)

        self._write(write)

    def facts(self) -> Facts:
        """What the token sees of the repository."""

        def look() -> Facts:
            repository = self._github.get_repo(self._on.repository, lazy=False)
            may = repository.permissions
            labels = frozenset(label.name.lower() for label in repository.get_labels())
            return Facts(bool(may and (may.push or may.triage)), repository.has_issues, repository.archived, labels)

        return self._ask(look)

    @cached_property
    def _github(self) -> Github:
        from github import Auth, Github

        if self._settings.app is not None:
            return self._installed()
        return Github(auth=Auth.Token(self._on.secret), **self._how())

    @cached_property
    def _repository(self) -> Repository:
        return self._github.get_repo(self._on.repository, lazy=True)

    def _how(self) -> dict[str, Any]:
        return {
            "base_url": self._settings.api_url,
            "timeout": TIMEOUT,
            "per_page": PAGE,
            "retry": None,
            "seconds_between_requests": None,
            "seconds_between_writes": None,
            "user_agent": "phasegate",
            "lazy": True,
        }

    def _integration(self) -> Any:
        from github import Auth, GithubIntegration

        assert self._settings.app is not None
        return GithubIntegration(auth=Auth.AppAuth(self._settings.app.id, self._on.secret), **self._how())

    def _installed(self) -> Github:
        """GitHub as an App's installation, which renews its token by itself."""
        assert self._settings.app is not None
        integration = self._integration()
        number = self._settings.app.installation
        if number is None:
            owner, _, name = self._on.repository.partition("/")
            number = integration.get_repo_installation(owner, name).id
        return integration.get_github_for_installation(number)  # type: ignore[no-any-return]

    def _create(self, make: Callable[[], Any]) -> int:
        """Once: what answers badly may have been made all the same."""
        self._governed()
        number = self._once(make)
        if not isinstance(number, int):  # a page of HTML with status 200 gives an issue without a number
            raise Trouble(Kind.LATER, "GitHub's answer is not what was asked for")
        return number

    def _write(self, write: Callable[[], T]) -> T:
        """As often as it takes: it may arrive twice."""

        def once() -> T:
            self._governed()
            return self._once(write)

        return self._repeated(once)

    def _ask(self, read: Callable[[], T]) -> T:
        return self._repeated(lambda: self._once(read))

    def _governed(self) -> None:
        wait = self.governor.wait()
        if wait > PATIENCE:
            raise Trouble(Kind.LIMITED, f"GitHub wants a pause of {wait:.0f} s before the next write", wait)
        if wait:
            self._wait(wait)
        self.governor.wrote()

    def _repeated(self, do: Callable[[], T]) -> T:
        tried = 0
        while True:
            try:
                return do()
            except Trouble as error:
                tried += 1
                retry = retry_after(POLICY, tried)
                if error.kind is not Kind.LATER or retry is None:
                    raise
                self._wait(retry.wait)

    def _once(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except Trouble:
            raise
        except Exception as error:
            raise self._explained(error) from None  # requests keeps the headers, and so the token, in what it raises

    def _explained(self, error: Exception) -> Trouble:
        from github import GithubException

        if isinstance(error, GithubException) and isinstance(error.status, int):
            data = error.data if isinstance(error.data, dict) else {}
            headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
            explained = trouble(Answer(error.status, str(data.get("message") or ""), headers), self._clock())
            if explained.kind is Kind.LIMITED:
                self.governor.pause(explained.wait)
            return explained
        if isinstance(error, OSError):  # all that requests raises is one
            return Trouble(Kind.LATER, f"GitHub cannot be reached ({type(error).__name__})")
        return Trouble(Kind.LATER, f"GitHub's answer cannot be read ({type(error).__name__})")


def _comment(comment: IssueComment) -> Comment:
    author = comment.user
    login = author.login if author is not None else "ghost"
    by_app = comment.performed_via_github_app is not None
    is_bot = by_app or (author is not None and author.type == "Bot") or login.endswith("[bot]")
    edited = comment.updated_at != comment.created_at
    return Comment(
        comment.id, login, is_bot, comment.body or "", comment.created_at.timestamp(), edited, comment.html_url
    )


def _role(data: Any) -> str:
    """The finer name of a permission: `permission` folds maintain into write, and triage into read. A role that an
    organization made up counts as the permission that it is built on."""
    named = [str(data.get("role_name") or ""), str(data["permission"])]
    return next((name for name in named if name in RANK), "none")


RANK = ("none", "read", "triage", "write", "maintain", "admin")
"""Each may do what those before it may."""
