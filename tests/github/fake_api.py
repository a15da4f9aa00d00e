"""The addresses of the fake GitHub: a request comes in as data, an answer goes out as data."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlencode

from fake_auth import Tokens
from fake_limits import Limits
from fake_state import Actor, Comment, Issue, Refused, Repository, World
from fake_views import Views, iso
from front import Request

DOCS = "https://docs.github.com/rest"
REPO = r"/repos/(?P<name>[^/]+/[^/]+)"


def read(request: Request) -> dict[str, Any]:
    """The body of a request.

    Raises:
        Refused: it is no JSON object.
    """
    try:
        data = json.loads(request.body or b"{}")
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(data, dict):
        raise Refused(422, "Invalid request.\n\nFor 'links/0/schema', it is not an object.")
    return data


@dataclass
class Answer:
    status: int
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return b"" if self.data is None else json.dumps(self.data, ensure_ascii=False).encode()


Route = Callable[..., Answer]
ROUTES: list[tuple[str, re.Pattern[str], Route]] = []


def route(method: str, path: str) -> Callable[[Route], Route]:
    def add(function: Route) -> Route:
        ROUTES.append((method, re.compile(path + "$"), function))
        return function

    return add


def labels_of(given: object) -> list[str]:
    """Names; each label may also come as an object."""
    if not isinstance(given, list):
        raise Refused(422, "Invalid request.\n\nFor 'properties/labels', it is not an array.")
    return [str(one["name"]) if isinstance(one, dict) else str(one) for one in given]


def moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        raise Refused(422, f"Invalid since: {text}") from None


class Api:
    """Answers requests from a world. One request at a time, under the world's lock."""

    def __init__(self, world: World, tokens: Tokens, limits: Limits) -> None:
        self.world, self.tokens, self.limits = world, tokens, limits

    def answer(self, request: Request, fresh: bool = False) -> Answer:
        """What GitHub says to this, with everything done that it asked for; `fresh` knows no stale lists."""
        with self.world.lock:
            return Call(self, request, fresh).answer()


class Call:
    """One request on its way."""

    def __init__(self, api: Api, request: Request, fresh: bool) -> None:
        self.fresh = fresh
        self.world, self.tokens, self.limits, self.request = api.world, api.tokens, api.limits, request
        self.views = Views(self.world, request.api, request.web)
        self.actor = Actor()

    def answer(self) -> Answer:
        now, secret = self.world.clock(), self.request.header("Authorization")
        try:
            answer = self.dispatch(now, secret)
        except Refused as refused:
            data: dict[str, Any] = {
                "message": refused.message,
                "documentation_url": DOCS,
                "status": str(refused.status),
            }
            if refused.errors:
                data["errors"] = list(refused.errors)
            answer = Answer(refused.status, data, dict(refused.headers))
        if self.request.method == "GET" and answer.status == 200:
            tag = f'W/"{hashlib.sha256(answer.body).hexdigest()}"'
            answer.headers["ETag"] = tag
            if self.request.header("If-None-Match") == tag:
                answer = Answer(304, None, answer.headers)
        free = answer.status == 304 or self.request.path == "/rate_limit"
        answer.headers = {**self.limits.count(secret, now, free), **answer.headers}
        return answer

    def dispatch(self, now: float, secret: str | None) -> Answer:
        fitting = [
            (method, match, function)
            for method, pattern, function in ROUTES
            if (match := pattern.match(unquote(self.request.path)))
        ]
        for method, match, function in fitting:
            if method == self.request.method:
                if not self.request.path.startswith("/app") and not self.request.path.endswith("/installation"):
                    self.actor = self.tokens.actor(secret, now)
                    if self.request.path != "/rate_limit":
                        self.limits.allow(self.request.method, secret, now)
                return function(self, **match.groupdict())
        raise Refused(405 if fitting else 404, "Method Not Allowed" if fitting else "Not Found")

    def page(self, items: list[Any], view: Callable[[Any], Any]) -> Answer:
        """One page of a list, with the links to the others."""
        given = self.request.parameters
        try:
            size, page = min(int(given.get("per_page", 30)), 100), max(int(given.get("page", 1)), 1)
        except ValueError:
            size, page = 30, 1
        size = size if size > 0 else 30
        last = max(-(-len(items) // size), 1)
        links = {"prev": page - 1 if page > 1 else 0, "next": page + 1 if page < last else 0}
        links |= {"last": last if page < last else 0, "first": 1 if page > 1 else 0}
        said = [
            f'<{self.request.api}{self.request.path}?{urlencode(given | {"page": str(number)})}>; rel="{name}"'
            for name, number in links.items()
            if number
        ]
        shown = [view(one) for one in items[(page - 1) * size : page * size]]
        return Answer(200, shown, {"Link": ", ".join(said)} if said else {})

    def listed(self, items: list[Any]) -> list[Any]:
        """Without what this list does not know of yet."""
        if self.fresh:
            return items
        seen = [one for one in items if not one.unseen]
        for one in items:
            one.unseen = max(one.unseen - 1, 0)
        return seen

    def repository(self, name: str) -> Repository:
        return self.world.open_repository(name, self.actor)

    def issues(self, name: str) -> Repository:
        return self.world.open_issues(name, self.actor)

    def issue_view(self, repository: Repository) -> Callable[[Issue], dict[str, Any]]:
        return lambda issue: self.views.issue(repository, issue, self.tokens.apps)

    def comment_view(self, repository: Repository) -> Callable[[Comment], dict[str, Any]]:
        return lambda comment: self.views.comment(repository, comment, self.tokens.apps)

    # --- who and what

    @route("GET", "/user")
    def user(self) -> Answer:
        if not self.actor.login:
            raise Refused(401, "Requires authentication")
        if self.actor.app:
            raise Refused(403, "Resource not accessible by integration")
        return Answer(200, self.views.whole_account(self.world.person(self.actor.login)))

    @route("GET", "/users/(?P<login>[^/]+)")
    def any_user(self, login: str) -> Answer:
        return Answer(200, self.views.whole_account(self.known(login)))

    def known(self, login: str) -> Any:
        found = self.world.people.get(login.lower())
        if found is None:
            raise Refused(404, "Not Found")
        return found

    @route("GET", "/rate_limit")
    def rate_limit(self) -> Answer:
        rate = self.limits.rate(self.request.header("Authorization"), self.world.clock())
        return Answer(200, {"resources": {"core": rate, "search": rate}, "rate": rate})

    @route("GET", REPO)
    def repo(self, name: str) -> Answer:
        return Answer(200, self.views.repository(self.repository(name), self.actor))

    @route("GET", REPO + "/collaborators/(?P<login>[^/]+)/permission")
    def permission(self, name: str, login: str) -> Answer:
        repository, person = self.repository(name), self.known(login)
        if not self.actor.app and not self.world.at_least(repository, self.actor, "write"):
            raise Refused(403, "Must have push access to view collaborator permission.")
        return Answer(200, self.views.permission(repository, person))

    # --- issues

    @route("GET", REPO + "/issues")
    def list_issues(self, name: str) -> Answer:
        repository, given = self.issues(name), self.request.parameters
        found = self.listed(list(repository.issues.values()))
        state, creator = given.get("state", "open"), given.get("creator", "").lower()
        wanted = {label.lower() for label in given.get("labels", "").split(",") if label}
        since = moment(given["since"]) if "since" in given else 0.0
        found = [
            issue
            for issue in found
            if state in (issue.state, "all")
            and (not creator or issue.login.lower() == creator)
            and wanted <= {label.lower() for label in issue.labels}
            and issue.updated >= since
        ]
        field_name = "updated" if given.get("sort") == "updated" else "created"
        down = given.get("direction", "desc") != "asc"
        found.sort(key=lambda issue: (getattr(issue, field_name), issue.number), reverse=down)
        return self.page(found, self.issue_view(repository))

    @route("POST", REPO + "/issues")
    def create_issue(self, name: str) -> Answer:
        repository, given = self.issues(name), read(self.request)
        labels = labels_of(given.get("labels") or [])
        issue = self.world.create_issue(repository, self.actor, given.get("title", ""), given.get("body"), labels)
        data = self.issue_view(repository)(issue)
        return Answer(201, data, {"Location": data["url"]})

    @route("GET", REPO + r"/issues/(?P<number>\d+)")
    def get_issue(self, name: str, number: str) -> Answer:
        repository = self.issues(name)
        return Answer(200, self.issue_view(repository)(self.world.issue(repository, int(number))))

    @route("PATCH", REPO + r"/issues/(?P<number>\d+)")
    def edit_issue(self, name: str, number: str) -> Answer:
        repository, given = self.issues(name), read(self.request)
        if "labels" in given:
            given["labels"] = labels_of(given["labels"])
        issue = self.world.issue(repository, int(number))
        return Answer(200, self.issue_view(repository)(self.world.edit_issue(repository, self.actor, issue, given)))

    # --- comments

    def comments(self, repository: Repository, found: list[Comment]) -> Answer:
        given = self.request.parameters
        since = moment(given["since"]) if "since" in given else 0.0
        kept = [comment for comment in self.listed(found) if comment.updated >= since]
        return self.page(kept, self.comment_view(repository))

    @route("GET", REPO + r"/issues/(?P<number>\d+)/comments")
    def issue_comments(self, name: str, number: str) -> Answer:
        repository = self.issues(name)
        issue = self.world.issue(repository, int(number))
        return self.comments(repository, [one for one in repository.comments.values() if one.issue == issue.number])

    @route("GET", REPO + "/issues/comments")
    def repository_comments(self, name: str) -> Answer:
        repository, given = self.issues(name), self.request.parameters
        found = list(repository.comments.values())
        if "sort" in given:
            field_name = "updated" if given["sort"] == "updated" else "created"
            down = given.get("direction") == "desc"
            found.sort(key=lambda one: (getattr(one, field_name), one.id), reverse=down)
        return self.comments(repository, found)

    @route("POST", REPO + r"/issues/(?P<number>\d+)/comments")
    def create_comment(self, name: str, number: str) -> Answer:
        repository, given = self.issues(name), read(self.request)
        issue = self.world.issue(repository, int(number))
        data = self.comment_view(repository)(
            self.world.create_comment(repository, self.actor, issue, given.get("body"))
        )
        return Answer(201, data, {"Location": data["url"]})

    @route("GET", REPO + r"/issues/comments/(?P<number>\d+)")
    def get_comment(self, name: str, number: str) -> Answer:
        repository = self.issues(name)
        return Answer(200, self.comment_view(repository)(self.world.comment(repository, int(number))))

    @route("PATCH", REPO + r"/issues/comments/(?P<number>\d+)")
    def edit_comment(self, name: str, number: str) -> Answer:
        repository, given = self.issues(name), read(self.request)
        comment = self.world.comment(repository, int(number))
        changed = self.world.edit_comment(repository, self.actor, comment, given.get("body"))
        return Answer(200, self.comment_view(repository)(changed))

    @route("DELETE", REPO + r"/issues/comments/(?P<number>\d+)")
    def delete_comment(self, name: str, number: str) -> Answer:
        repository = self.issues(name)
        comment = self.world.comment(repository, int(number))
        self.world.touch_comment(repository, self.actor, comment)
        del repository.comments[comment.id]
        return Answer(204)

    @route("GET", REPO + r"/issues/comments/(?P<number>\d+)/reactions")
    def reactions(self, name: str, number: str) -> Answer:
        comment, content = self.world.comment(self.issues(name), int(number)), self.request.parameters.get("content")
        found = [one for one in comment.reactions if content in (None, one.content)]
        return self.page(found, self.views.reaction)

    @route("POST", REPO + r"/issues/comments/(?P<number>\d+)/reactions")
    def react(self, name: str, number: str) -> Answer:
        repository, content = self.issues(name), read(self.request).get("content")
        comment = self.world.comment(repository, int(number))
        reaction, new = self.world.react(repository, self.actor, comment, content)
        return Answer(201 if new else 200, self.views.reaction(reaction))

    # --- labels

    @route("GET", REPO + "/labels")
    def labels(self, name: str) -> Answer:
        repository = self.repository(name)
        return self.page(list(repository.labels.values()), lambda label: self.views.label(repository, label))

    @route("POST", REPO + "/labels")
    def create_label(self, name: str) -> Answer:
        repository, given = self.repository(name), read(self.request)
        self.world.writing(repository, self.actor)
        if not self.world.at_least(repository, self.actor, "write"):
            raise Refused(404, "Not Found")
        color, description = str(given.get("color") or "ededed"), given.get("description")
        label = self.world.create_label(repository, str(given.get("name") or ""), color, description)
        return Answer(201, self.views.label(repository, label))

    @route("GET", REPO + "/labels/(?P<label>.+)")
    def get_label(self, name: str, label: str) -> Answer:
        repository = self.repository(name)
        if label.lower() not in repository.labels:
            raise Refused(404, "Not Found")
        return Answer(200, self.views.label(repository, repository.labels[label.lower()]))

    # --- commit statuses

    @route("POST", REPO + "/statuses/(?P<sha>[^/]+)")
    def create_status(self, name: str, sha: str) -> Answer:
        repository = self.repository(name)
        status = self.world.create_status(repository, self.actor, sha, read(self.request))
        return Answer(201, self.views.status(repository, status))

    @route("GET", REPO + "/commits/(?P<sha>[^/]+)/statuses")
    @route("GET", REPO + "/statuses/(?P<sha>[^/]+)")  # its old address, which PyGithub asks
    def statuses(self, name: str, sha: str) -> Answer:
        repository = self.repository(name)
        found = [one for one in reversed(repository.statuses) if one.sha == sha]
        return self.page(found, lambda status: self.views.status(repository, status))

    @route("GET", REPO + "/commits/(?P<sha>[^/]+)/status")
    def combined(self, name: str, sha: str) -> Answer:
        repository = self.repository(name)
        latest = {one.context.lower(): one for one in repository.statuses if one.sha == sha}
        return Answer(200, self.views.combined(repository, sha, list(latest.values()), self.actor))

    # --- teams

    def team_of(self, org: str, slug: str) -> tuple[str, str]:
        if self.actor.app and not self.actor.may("members", "read"):
            raise Refused(403, "Resource not accessible by integration")
        if not self.actor.login or (org, slug) not in self.world.teams:
            raise Refused(404, "Not Found")
        return org, slug

    @route("GET", "/orgs/(?P<org>[^/]+)")
    def organization(self, org: str) -> Answer:
        if getattr(self.world.people.get(org.lower()), "type", "") != "Organization":
            raise Refused(404, "Not Found")
        return Answer(200, self.views.organization(org))

    @route("GET", "/orgs/(?P<org>[^/]+)/teams/(?P<slug>[^/]+)")
    def team(self, org: str, slug: str) -> Answer:
        return Answer(200, self.views.team(*self.team_of(org, slug)))

    @route("GET", "/orgs/(?P<org>[^/]+)/teams/(?P<slug>[^/]+)/memberships/(?P<login>[^/]+)")
    def membership(self, org: str, slug: str, login: str) -> Answer:
        if login.lower() not in self.world.teams[self.team_of(org, slug)]:
            raise Refused(404, "Not Found")
        return Answer(200, self.views.membership(org, slug, login))

    # --- GitHub Apps, by JSON web token

    def app(self) -> Any:
        return self.tokens.app(self.request.header("Authorization"), self.world.clock())

    @route("GET", "/app")
    def get_app(self) -> Answer:
        return Answer(200, self.views.app(self.app()))

    @route("GET", REPO + "/installation")
    def repository_installation(self, name: str) -> Answer:
        app, repository = self.app(), self.world.repositories.get(name.lower())
        if repository is None or repository.owner.lower() != app.owner.lower():
            raise Refused(404, "Not Found")
        return Answer(200, self.views.installation(app))

    def installed(self, number: str) -> Any:
        app = self.app()
        if app.installation != int(number):
            raise Refused(404, "Not Found")
        return app

    @route("GET", r"/app/installations/(?P<number>\d+)")
    def installation(self, number: str) -> Answer:
        return Answer(200, self.views.installation(self.installed(number)))

    @route("POST", r"/app/installations/(?P<number>\d+)/access_tokens")
    def access_token(self, number: str) -> Answer:
        app = self.installed(number)
        token, expires = self.tokens.installed(app, self.world.clock())
        said = {"token": token, "expires_at": iso(expires), "permissions": app.permissions}
        return Answer(201, {**said, "repository_selection": "all"})
