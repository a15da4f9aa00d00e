"""Requests to GitHub: the one home of PyGithub. For one thread.

PyGithub repeats on its own, POST included, which made eleven issues of one where a proxy answered 502; so it is told
not to, and only reads and edits, which may arrive twice, are repeated here. Its own throttle is off too: `limits.py`
knows the rules, and waits where a run that ends can interrupt it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
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


class Unreadable(Exception):
    """An answer that is no error, and not what was asked for either: a page of HTML, as proxies send, or nothing."""


class Client:
    """GitHub, for one repository.

    Args:
        wait: waits so many seconds, or raises what ends the waiting.
        mask: takes what is secret out of what the server says: it may be what it was sent.

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
        mask: Callable[[str], str] = str,
    ) -> None:
        self._settings = settings
        self._on = on
        self._wait = wait
        self._clock = clock
        self._mask = mask
        self.governor = governor or Governor(time.monotonic)

    @cached_property
    def login(self) -> str:
        """Who we are there."""
        if self._settings.app is not None:
            return f"{self._ask(lambda: _word(self._integration().get_app().slug))}[bot]"
        try:
            return self._ask(lambda: _word(self._github.get_user().login))
        except Trouble as error:
            if error.status == 403 and error.kind is Kind.REFUSED:
                return ACTIONS
            raise

    def issues_with(self, mark: str, author: str) -> list[Found]:
        """The issues of an author whose body begins with a mark, oldest first, open or not."""

        def look() -> list[Found]:
            wanted = {"state": "all", "creator": author, "sort": "created", "direction": "asc"}
            return [_found(one) for one in self._pages("issues", wanted) if "pull_request" not in one]

        return sorted(
            (one for one in self._ask(look) if one.body.startswith(mark) and one.author.lower() == author.lower()),
            key=lambda one: one.number,
        )

    def issue(self, number: int) -> Found:
        """What an issue shows now."""
        return self._ask(lambda: _found(self._get(f"issues/{number}")))

    def create_issue(self, title: str, body: str, labels: tuple[str, ...]) -> int:
        """The number of a new issue. Where the trouble is `LATER` it may be there all the same."""
        return self._create(lambda: self._repository.create_issue(title, body=body, labels=list(labels)).number)

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
        found = self._ask(lambda: list(map(_comment, self._pages(f"issues/{number}/comments", wanted))))
        return sorted(found, key=lambda comment: comment.id)

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
            told = {"state": state, "context": context, "description": description, "target_url": url}
            _, data = self._github.requester.requestJsonAndCheck("POST", self._path(f"statuses/{commit}"), input=told)
            if data["state"] != state:
                raise Unreadable

        self._write(write)

    def facts(self) -> Facts:
        """What the token sees of the repository."""

        def look() -> Facts:
            data = self._get()
            may = data.get("permissions") or {}
            labels = frozenset(_word(label["name"]).lower() for label in self._pages("labels", {}))
            may_write = bool(may.get("push") or may.get("triage"))
            return Facts(may_write, bool(data["has_issues"]), bool(data["archived"]), labels)

        return self._ask(look)

    @cached_property
    def _github(self) -> Github:
        from github import Auth, Github

        if self._settings.app is not None:
            return self._installed()
        return Github(auth=Auth.Token(self._on.secret), **self._how())

    @cached_property
    def _repository(self) -> Repository:
        return self._github.get_repo(self._on.repository)

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
        auth = Auth.AppAuth(self._settings.app.id, self._on.secret)
        try:
            auth.create_jwt()
        except Exception as error:  # of the libraries below, which each have their own
            told = f"{self._settings.secret} is no private key in PEM text ({type(error).__name__})"
            raise Trouble(Kind.REFUSED, told) from None
        return GithubIntegration(auth=auth, **self._how())

    def _installed(self) -> Github:
        """GitHub as an App's installation, which renews its token by itself."""
        assert self._settings.app is not None
        integration = self._integration()
        number = self._settings.app.installation
        if number is None:
            owner, _, name = self._on.repository.partition("/")
            number = integration.get_repo_installation(owner, name).id
        return integration.get_github_for_installation(number)  # type: ignore[no-any-return]

    def _path(self, rest: str) -> str:
        return f"/repos/{self._on.repository}/{rest}".rstrip("/")

    def _get(self, rest: str = "") -> Any:
        """What GitHub answers, as it is: its objects have None for all that an answer of another shape lacks."""
        return self._github.requester.requestJsonAndCheck("GET", self._path(rest))[1]

    def _pages(self, rest: str, wanted: Mapping[str, str]) -> Iterator[Any]:
        """All of a list. PyGithub's own takes an answer without a body for an empty list, and what is looked for in one
        would be created again."""
        page: str | None = self._path(rest)
        parameters: dict[str, Any] | None = {**wanted, "per_page": PAGE}
        while page is not None:
            headers, data = self._github.requester.requestJsonAndCheck("GET", page, parameters)
            if not isinstance(data, list):
                raise Unreadable
            yield from data
            link = re.search(r'<([^>]*)>; *rel="next"', headers.get("link") or "")
            page, parameters = link[1] if link else None, None
            if page is not None and not page.startswith(f"{self._settings.api_url}/"):
                raise Unreadable  # no other host gets the token

    def _edit(self, number: int, **changes: str) -> None:
        def edit() -> None:
            issue = self._repository.get_issue(number)
            issue.edit(**changes)  # type: ignore[arg-type]
            if issue.number != number or issue.state != changes["state"]:
                raise Unreadable

        self._write(edit)

    def _create(self, make: Callable[[], Any]) -> int:
        """Once: what answers badly may have been made all the same."""
        self._governed()
        return self._once(lambda: _number(make()))

    def _write(self, write: Callable[[], T]) -> T:
        """As often as it takes: it may arrive twice."""

        def once() -> T:
            self._governed()
            return self._once(write)

        return self._repeated(once)

    def _ask(self, read: Callable[[], T]) -> T:
        def once() -> T:
            self._rest(self.governor.rest())
            return self._once(read)

        return self._repeated(once)

    def _governed(self) -> None:
        self._rest(self.governor.wait())
        self.governor.wrote()

    def _rest(self, seconds: float) -> None:
        if seconds > PATIENCE:
            raise Trouble(Kind.LIMITED, f"GitHub wants a pause of {seconds:.0f} s", seconds)
        self._wait(seconds)  # also for no time at all: nothing more is sent once the waiting was ended

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

        if isinstance(error, Unreadable):
            return Trouble(Kind.LATER, "GitHub's answer is not what was asked for")
        if isinstance(error, GithubException) and isinstance(error.status, int):
            data = error.data if isinstance(error.data, dict) else {}
            headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
            said = self._mask(str(data.get("message") or ""))
            explained = trouble(Answer(error.status, said, headers), self._clock())
            if explained.kind is Kind.LIMITED:
                self.governor.pause(explained.wait)
            return explained
        if isinstance(error, OSError):  # all that requests raises is one
            return Trouble(Kind.LATER, f"GitHub cannot be reached ({type(error).__name__})")
        return Trouble(Kind.LATER, f"GitHub's answer cannot be read ({type(error).__name__})")


def _found(data: Any) -> Found:
    return Found(
        _number(data["number"]), data["title"], data["body"] or "", data["state"] == "open", _author(data["user"])
    )


def _comment(data: Any) -> Comment:
    user = data["user"] or {}
    login = _author(user)
    is_bot = bool(data.get("performed_via_github_app")) or user.get("type") == "Bot" or login.endswith("[bot]")
    created = datetime.fromisoformat(data["created_at"].replace("Z", "+00:00")).timestamp()
    edited = data["updated_at"] != data["created_at"]
    return Comment(_number(data["id"]), login, is_bot, data["body"] or "", created, edited, data["html_url"])


def _author(user: Any) -> str:
    """A login; accounts that are gone have none."""
    return _word(user["login"]) if user else "ghost"


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Unreadable
    return value


def _number(value: Any) -> int:
    """A page of HTML with status 200 gives an issue without a number."""
    if not isinstance(value, int):
        raise Unreadable
    return value


def _role(data: Any) -> str:
    """The finer name of a permission: `permission` folds maintain into write, and triage into read."""
    permission, role = str(data["permission"]), str(data.get("role_name") or "")
    return next((known for known in (role, permission) if known in RANK), "none")


RANK = ("none", "read", "triage", "write", "maintain", "admin")
"""Each may do what those before it may."""
