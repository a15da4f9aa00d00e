"""What GitHub holds, and its rules: who may do what, and what becomes of it. No HTTP here."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

ROLES = ("none", "read", "triage", "write", "maintain", "admin")
CUSTOM = "write"
"""What a role that the organisation made itself is built upon."""
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
BODY_LIMIT, TITLE_LIMIT, LABEL_LIMIT, DESCRIPTION_LIMIT, STATUS_LIMIT = 65_536, 256, 50, 100, 1000


class Refused(Exception):
    """GitHub says no."""

    def __init__(self, status: int, message: str, *errors: dict[str, str], **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, errors, headers


def invalid(resource: str, field_name: str, message: str = "", code: str = "custom") -> Refused:
    said = {"resource": resource, "code": code, "field": field_name} | ({"message": message} if message else {})
    return Refused(422, "Validation Failed", said)


class Clock:
    """The time, which tests may move; GitHub gives whole seconds."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self.source, self.ahead = source, 0.0

    def __call__(self) -> float:
        return self.source() + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass
class Person:
    id: int
    login: str
    type: str = "User"


@dataclass
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass
class Reaction:
    id: int
    login: str
    content: str
    at: int


@dataclass
class Comment:
    id: int
    issue: int
    login: str
    body: str
    created: int
    updated: int
    app: str = ""
    reactions: list[Reaction] = field(default_factory=list)
    unseen: int = 0
    """So many lists will not show it yet."""


@dataclass
class Issue:
    id: int
    number: int
    login: str
    title: str
    body: str | None
    created: int
    updated: int
    labels: list[str] = field(default_factory=list)
    state: str = "open"
    reason: str | None = None
    closed: int | None = None
    closed_by: str | None = None
    pull: bool = False
    locked: bool = False
    app: str = ""
    unseen: int = 0


@dataclass
class Status:
    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    login: str
    at: int


@dataclass
class Repository:
    id: int
    owner: str
    name: str
    private: bool = False
    has_issues: bool = True
    archived: bool = False
    roles: dict[str, str] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    """By name in lower case: GitHub does not tell them apart by case."""
    statuses: list[Status] = field(default_factory=list)
    commits: set[str] | None = None
    """The known ones; None takes every SHA for a commit."""

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True)
class Actor:
    """Who asks. `permissions` limits a fine-grained token or an App; None is a classic token that may all."""

    login: str = ""
    app: str = ""
    permissions: dict[str, str] | None = None

    def may(self, what: str, level: str) -> bool:
        order = ("none", "read", "write", "admin")
        return self.permissions is None or order.index(self.permissions.get(what, "none")) >= order.index(level)


class World:
    """Everything that GitHub knows. Hold `lock` around each call."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.people: dict[str, Person] = {}
        self.repositories: dict[str, Repository] = {}
        self.teams: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
        """(organisation, slug) → login → (role, state)."""
        self.lag = 0
        self.ids = itertools.count(1001)

    def now(self) -> int:
        return int(self.clock())

    def person(self, login: str, kind: str = "User") -> Person:
        """This account, made when there is none."""
        return self.people.setdefault(login.lower(), Person(next(self.ids), login, kind))

    # --- who may

    def role(self, repository: Repository, actor: Actor) -> str:
        if actor.app:
            wanted = (actor.permissions or {}).get("issues", "none")
            return {"write": "write", "read": "read"}.get(wanted, "read")
        found = repository.roles.get(actor.login.lower(), "none" if repository.private else "read")
        return "admin" if actor.login.lower() == repository.owner.lower() else found

    def at_least(self, repository: Repository, actor: Actor, role: str) -> bool:
        found = self.role(repository, actor)
        return ROLES.index(found if found in ROLES else CUSTOM) >= ROLES.index(role)

    def association(self, repository: Repository, login: str) -> str:
        if login.lower() == repository.owner.lower():
            return "OWNER"
        if any(org == repository.owner and login.lower() in members for (org, _), members in self.teams.items()):
            return "MEMBER"
        return "COLLABORATOR" if repository.roles.get(login.lower(), "none") != "none" else "NONE"

    def open_repository(self, name: str, actor: Actor) -> Repository:
        """The repository, if it is there for this actor."""
        found = self.repositories.get(name.lower())
        if found is None or (found.private and not self.at_least(found, actor, "read")):
            raise Refused(404, "Not Found")
        return found

    def open_issues(self, name: str, actor: Actor) -> Repository:
        found = self.open_repository(name, actor)
        if not found.has_issues:
            raise Refused(410, "Issues has been disabled in this repository.")
        return found

    def writing(self, repository: Repository, actor: Actor, what: str = "issues") -> None:
        """May anything be changed here at all?"""
        if not actor.login:
            raise Refused(401, "Requires authentication")
        if repository.archived:
            raise Refused(403, "Repository was archived so is read-only.")
        if not actor.may(what, "write"):
            kind = "integration" if actor.app else "personal access token"
            raise Refused(
                403, f"Resource not accessible by {kind}", **{"X-Accepted-GitHub-Permissions": f"{what}=write"}
            )

    # --- labels

    def create_label(self, repository: Repository, name: str, color: str, description: str | None) -> Label:
        if not name:
            raise invalid("Label", "name", code="missing_field")
        if len(name) > LABEL_LIMIT:
            raise invalid("Label", "name", f"name is too long (maximum is {LABEL_LIMIT} characters)")
        if description is not None and len(description) > DESCRIPTION_LIMIT:
            message = f"description is too long (maximum is {DESCRIPTION_LIMIT} characters)"
            raise invalid("Label", "description", message)
        if len(color) != 6 or any(one not in "0123456789abcdefABCDEF" for one in color):
            raise invalid("Label", "color", code="invalid")
        if name.lower() in repository.labels:
            raise invalid("Label", "name", code="already_exists")
        made = repository.labels[name.lower()] = Label(next(self.ids), name, color, description)
        return made

    def labelled(self, repository: Repository, names: list[str]) -> list[str]:
        """The names as the repository spells them; labels that it lacks are made."""
        for name in names:
            if name.lower() not in repository.labels:
                self.create_label(repository, name, "ededed", None)
        return list(dict.fromkeys(repository.labels[name.lower()].name for name in names))

    # --- issues

    def check_text(self, resource: str, title: object = "x", body: object = None) -> None:
        if not isinstance(title, str) or not title.strip():
            raise invalid(resource, "title", code="missing_field")
        if len(title) > TITLE_LIMIT:
            raise invalid(resource, "title", f"title is too long (maximum is {TITLE_LIMIT} characters)")
        if body is not None and not isinstance(body, str):
            raise Refused(422, "Invalid request.\n\nFor 'properties/body', it is not a string.")
        if body is not None and len(body) > BODY_LIMIT:
            raise invalid(resource, "body", f"body is too long (maximum is {BODY_LIMIT} characters)")

    def create_issue(
        self, repository: Repository, actor: Actor, title: str, body: str | None, labels: list[str], pull: bool = False
    ) -> Issue:
        self.writing(repository, actor)
        self.check_text("Issue", title, body)
        names = self.labelled(repository, labels) if self.at_least(repository, actor, "triage") else []
        number, now = len(repository.issues) + 1, self.now()
        made = Issue(next(self.ids), number, actor.login, title, body, now, now, names, pull=pull, app=actor.app)
        made.unseen = self.lag
        repository.issues[number] = made
        return made

    def issue(self, repository: Repository, number: int) -> Issue:
        found = repository.issues.get(number)
        if found is None:
            raise Refused(404, "Not Found")
        return found

    def edit_issue(self, repository: Repository, actor: Actor, issue: Issue, changes: dict[str, object]) -> Issue:
        self.writing(repository, actor)
        own = issue.login.lower() == actor.login.lower()
        if not own and not self.at_least(repository, actor, "triage"):
            raise Refused(403, "Must have admin rights to Repository.")
        if {"title", "body"} & set(changes) and not own and not self.at_least(repository, actor, "write"):
            raise Refused(403, "Must have admin rights to Repository.")
        self.check_text("Issue", changes.get("title", issue.title), changes.get("body", issue.body))
        state = changes.get("state", issue.state)
        if state not in ("open", "closed"):
            raise invalid("Issue", "state", code="invalid")
        reason = changes.get("state_reason")
        if reason not in (None, "completed", "not_planned", "duplicate", "reopened"):
            raise invalid("Issue", "state_reason", code="invalid")
        if "labels" in changes and self.at_least(repository, actor, "triage"):
            issue.labels = self.labelled(repository, list(changes["labels"] or []))  # type: ignore[call-overload]
        issue.title, issue.body = changes.get("title", issue.title), changes.get("body", issue.body)  # type: ignore[assignment]
        if state != issue.state:
            issue.state = str(state)
            closing = state == "closed"
            issue.reason = str(reason or "completed") if closing else "reopened"
            issue.closed, issue.closed_by = (self.now(), actor.login) if closing else (None, None)
        issue.updated = self.now()
        return issue

    # --- comments

    def create_comment(self, repository: Repository, actor: Actor, issue: Issue, body: object) -> Comment:
        self.writing(repository, actor)
        if issue.locked and not self.at_least(repository, actor, "write"):
            raise Refused(403, "Unable to create comment because issue is locked.")
        if not isinstance(body, str) or not body.strip():
            raise invalid("IssueComment", "body", "Body can't be blank")
        self.check_text("IssueComment", body=body)
        now = self.now()
        made = Comment(next(self.ids), issue.number, actor.login, body, now, now, actor.app, unseen=self.lag)
        repository.comments[made.id] = made
        issue.updated = now
        return made

    def comment(self, repository: Repository, number: int) -> Comment:
        found = repository.comments.get(number)
        if found is None:
            raise Refused(404, "Not Found")
        return found

    def touch_comment(self, repository: Repository, actor: Actor, comment: Comment) -> None:
        """May this actor edit or delete it? Anyone with write access may."""
        self.writing(repository, actor)
        if comment.login.lower() != actor.login.lower() and not self.at_least(repository, actor, "write"):
            raise Refused(403, "Must have admin rights to Repository.")

    def edit_comment(self, repository: Repository, actor: Actor, comment: Comment, body: object) -> Comment:
        self.touch_comment(repository, actor, comment)
        if not isinstance(body, str) or not body.strip():
            raise invalid("IssueComment", "body", "Body can't be blank")
        self.check_text("IssueComment", body=body)
        comment.body, comment.updated = body, self.now()
        return comment

    def react(self, repository: Repository, actor: Actor, comment: Comment, content: object) -> tuple[Reaction, bool]:
        """The reaction, and whether it is new; the comment counts as unchanged."""
        self.writing(repository, actor)
        if content not in REACTIONS:
            raise invalid("Reaction", "content", code="invalid")
        for reaction in comment.reactions:
            if (reaction.login.lower(), reaction.content) == (actor.login.lower(), content):
                return reaction, False
        comment.reactions.append(Reaction(next(self.ids), actor.login, str(content), self.now()))
        return comment.reactions[-1], True

    # --- commit statuses

    def create_status(self, repository: Repository, actor: Actor, sha: str, given: dict[str, object]) -> Status:
        self.writing(repository, actor, "statuses")
        if not actor.app and not self.at_least(repository, actor, "write"):
            raise Refused(404, "Not Found")
        if len(sha) != 40 or (repository.commits is not None and sha not in repository.commits):
            raise Refused(422, f"No commit found for SHA: {sha}")
        if given.get("state") not in ("error", "failure", "pending", "success"):
            raise invalid("Status", "state", code="invalid")
        description = given.get("description")
        if isinstance(description, str) and len(description) > 140:
            raise invalid("Status", "description", "description is too long (maximum is 140 characters)")
        context = str(given.get("context") or "default")
        if (
            sum(one.sha == sha and one.context.lower() == context.lower() for one in repository.statuses)
            >= STATUS_LIMIT
        ):
            raise invalid("Status", "base", "This SHA and context has reached the maximum number of statuses.")
        url = given.get("target_url")
        made = Status(
            next(self.ids),
            sha,
            str(given["state"]),
            context,
            None if description is None else str(description),
            None if url is None else str(url),
            actor.login,
            self.now(),
        )
        repository.statuses.append(made)
        return made
