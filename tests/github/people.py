"""What people do on GitHub, and what a test sees there: the same for both servers, over the REST API, unrecorded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from exchanges import Exchanges
from fake_faults import Faults

TOKEN = "ghp_PhasegateTestsToken0123456789abcdefgh"
ROBOT = "phasegate-robot"
"""Whose token phasegate gets."""
ROLES = {ROBOT: "write", "alice": "write", "mia": "maintain", "tom": "triage", "rita": "read", "sam": "none"}
"""The people of both servers at the start, and what each may. There is `dependabot[bot]` as well."""
BOT = "dependabot[bot]"


def token_of(login: str) -> str:
    """A token of this account, good on both servers."""
    return TOKEN if login == ROBOT else f"ghp_tests_of_{login.replace('[', '_').replace(']', '_')}"


class People(ABC):
    """A running GitHub with the repository `repository`, reached at `base_url`.

    `token` is the one to give to phasegate, `login` the account behind it. `exchanges` has what came through
    `base_url`; what these methods do is not in it.
    """

    base_url: str
    repository: str
    token: str = TOKEN
    login: str = ROBOT
    exchanges: Exchanges
    faults: Faults
    crashes: list[str]
    """Tracebacks of errors of the test server itself; the fixtures see that there are none."""

    @abstractmethod
    def ask(self, login: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request as somebody; the status and the data."""

    def did(self, login: str, method: str, path: str, body: object = None) -> Any:
        """Send a request in this repository that must succeed; the data."""
        status, data = self.ask(login, method, f"/repos/{self.repository}{path}", body)
        assert status < 300, (login, method, path, status, data)
        return data

    def pages(self, path: str) -> Iterator[Any]:
        """All entries of a list."""
        page, joint = 1, "&" if "?" in path else "?"
        while found := self.did(self.login, "GET", f"{path}{joint}per_page=100&page={page}"):
            yield from found
            page += 1

    # --- what is there

    def issues(self, state: str = "all") -> list[dict[str, Any]]:
        """The issues, oldest first, without pull requests, as GitHub's JSON has them."""
        found = [one for one in self.pages(f"/issues?state={state}") if not one.get("pull_request")]
        return sorted(found, key=lambda one: one["number"])

    def issue(self, number: int) -> dict[str, Any]:
        return dict(self.did(self.login, "GET", f"/issues/{number}"))

    def body(self, number: int) -> str:
        return str(self.issue(number)["body"])

    def comments(self, number: int) -> list[dict[str, Any]]:
        """The comments of an issue, oldest first."""
        return sorted(self.pages(f"/issues/{number}/comments"), key=lambda one: one["id"])

    def replies(self, number: int) -> list[str]:
        """What phasegate's account has said on an issue."""
        return [one["body"] for one in self.comments(number) if one["user"]["login"] == self.login]

    # --- what people do

    def open_issue(self, login: str, title: str, body: str = "", labels: list[str] | None = None) -> int:
        """Its number."""
        made = self.did(login, "POST", "/issues", {"title": title, "body": body, "labels": labels or []})
        return int(made["number"])

    def edit_issue(self, login: str, number: int, **changes: object) -> None:
        self.did(login, "PATCH", f"/issues/{number}", changes)

    def close(self, login: str, number: int, reason: str = "completed") -> None:
        self.edit_issue(login, number, state="closed", state_reason=reason)

    def reopen(self, login: str, number: int) -> None:
        self.edit_issue(login, number, state="open")

    def comment(self, number: int, login: str, body: str) -> int:
        """Its id."""
        return int(self.did(login, "POST", f"/issues/{number}/comments", {"body": body})["id"])

    def edit_comment(self, comment: int, login: str, body: str) -> None:
        self.did(login, "PATCH", f"/issues/comments/{comment}", {"body": body})

    def delete_comment(self, comment: int, login: str) -> None:
        self.did(login, "DELETE", f"/issues/comments/{comment}")
