"""Requests to GitHub: the one home of PyGithub. For one thread.

PyGithub repeats on its own, POST included, which made eleven issues of one where a proxy answered 502; so it is told
not to, and only reads and edits, which may arrive twice, are repeated here. Its own throttle is off too: `limits.py`
knows the rules, and waits where a run that ends can interrupt it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ..clock import now
from ..plan import RetryPolicy
from ..work.retry import retry_after
from .answers import Unreadable, number
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


class Transport:
    """Sends requests, within the limits, as often as they may be sent.

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
        clock: Callable[[], float] = now,
        governor: Governor | None = None,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._settings = settings
        self._on = on
        self._wait = wait
        self._clock = clock
        self._mask = mask
        self._governor = governor or Governor(time.monotonic)

    @cached_property
    def github(self) -> Github:
        """PyGithub's own."""
        from github import Auth, Github

        if self._settings.app is not None:
            return self._installed()
        return Github(auth=Auth.Token(self._on.secret), **self._how())

    @cached_property
    def repository(self) -> Repository:
        """PyGithub's own, of which nothing was asked yet."""
        return self.github.get_repo(self._on.repository)

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

    def integration(self) -> Any:
        """GitHub as the App itself, and none of its installations."""
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
        integration = self.integration()
        number = self._settings.app.installation
        if number is None:
            owner, _, name = self._on.repository.partition("/")
            number = integration.get_repo_installation(owner, name).id
        return integration.get_github_for_installation(number)  # type: ignore[no-any-return]

    def _path(self, path: str) -> str:
        """From a path in the repository to one of the API; what begins with a slash is one already."""
        return path if path.startswith("/") else f"/repos/{self._on.repository}/{path}".rstrip("/")

    def get(self, path: str) -> Any:
        """What GitHub answers, as it is: its objects have None for all that an answer of another shape lacks."""
        return self.github.requester.requestJsonAndCheck("GET", self._path(path))[1]

    def post(self, path: str, body: Mapping[str, str]) -> Any:
        """The same of a POST, for which PyGithub asks a question first."""
        return self.github.requester.requestJsonAndCheck("POST", self._path(path), input=dict(body))[1]

    def pages(self, path: str, wanted: Mapping[str, str]) -> Iterator[Any]:
        """All of a list. PyGithub's own takes an answer without a body for an empty list, and what is looked for in one
        would be created again."""
        page: str | None = self._path(path)
        parameters: dict[str, Any] | None = {**wanted, "per_page": PAGE}
        while page is not None:
            headers, data = self.github.requester.requestJsonAndCheck("GET", page, parameters)
            if not isinstance(data, list):
                raise Unreadable
            yield from data
            link = re.search(r'<([^>]*)>; *rel="next"', headers.get("link") or "")
            page, parameters = link[1] if link else None, None
            if page is not None and not page.startswith(f"{self._settings.api_url}/"):
                raise Unreadable  # no other host gets the token

    def create(self, make: Callable[[], Any]) -> int:
        """Once: what answers badly may have been made all the same."""
        self._governed()
        return self._once(lambda: number(make()))

    def write(self, write: Callable[[], T]) -> T:
        """As often as it takes: it may arrive twice."""

        def once() -> T:
            self._governed()
            return self._once(write)

        return self._repeated(once)

    def ask(self, read: Callable[[], T]) -> T:
        """Read, as often as it takes."""

        def once() -> T:
            self._rest(self._governor.rest())
            return self._once(read)

        return self._repeated(once)

    def _governed(self) -> None:
        self._rest(self._governor.wait())
        self._governor.wrote()

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
                self._governor.pause(explained.wait)
            return explained
        if isinstance(error, OSError):  # all that requests raises is one
            return Trouble(Kind.LATER, f"GitHub cannot be reached ({type(error).__name__})")
        return Trouble(Kind.LATER, f"GitHub's answer cannot be read ({type(error).__name__})")
