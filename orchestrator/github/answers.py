"""What GitHub's answers say, as values; an answer of another shape is none. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

RANK = ("none", "read", "triage", "write", "maintain", "admin")
"""The permissions: each may do what those before it may."""


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


def found_of(data: Any) -> Found:
    """An issue, as a list of issues has it."""
    return Found(
        number(data["number"]), data["title"], data["body"] or "", data["state"] == "open", author_of(data["user"])
    )


def comment_of(data: Any) -> Comment:
    """A comment, as a list of comments has it."""
    user = data["user"] or {}
    login = author_of(user)
    is_bot = bool(data.get("performed_via_github_app")) or user.get("type") == "Bot" or login.endswith("[bot]")
    created = datetime.fromisoformat(data["created_at"].replace("Z", "+00:00")).timestamp()
    edited = data["updated_at"] != data["created_at"]
    return Comment(number(data["id"]), login, is_bot, data["body"] or "", created, edited, data["html_url"])


def author_of(user: Any) -> str:
    """A login; accounts that are gone have none."""
    return word(user["login"]) if user else "ghost"


def word(value: Any) -> str:
    """A text that says something.

    Raises:
        Unreadable: it is none.
    """
    if not isinstance(value, str) or not value:
        raise Unreadable
    return value


def number(value: Any) -> int:
    """A number: a page of HTML with status 200 gives an issue without one.

    Raises:
        Unreadable: it is none.
    """
    if not isinstance(value, int):
        raise Unreadable
    return value


def role_of(data: Any) -> str:
    """The finer name of a permission: `permission` folds maintain into write, and triage into read."""
    permission, role = str(data["permission"]), str(data.get("role_name") or "")
    return next((known for known in (role, permission) if known in RANK), "none")
