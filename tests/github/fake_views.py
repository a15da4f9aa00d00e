"""How GitHub says what it holds: the JSON of each thing, with addresses on this server."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import Any

from fake_auth import App
from fake_state import (
    CUSTOM,
    REACTIONS,
    ROLES,
    Actor,
    Comment,
    Issue,
    Label,
    Person,
    Reaction,
    Repository,
    Status,
    World,
)

USER_LINKS = ("followers", "subscriptions", "repos", "received_events")
USER_TEMPLATES = {
    "organizations": "/orgs",
    "following": "/following{/other_user}",
    "gists": "/gists{/gist_id}",
    "starred": "/starred{/owner}{/repo}",
    "events": "/events{/privacy}",
}
REPOSITORY_LINKS = {
    "archive": "{archive_format}{/ref}",
    "assignees": "assignees{/user}",
    "blobs": "git/blobs{/sha}",
    "branches": "branches{/branch}",
    "collaborators": "collaborators{/collaborator}",
    "comments": "comments{/number}",
    "commits": "commits{/sha}",
    "compare": "compare/{base}...{head}",
    "contents": "contents/{+path}",
    "contributors": "contributors",
    "deployments": "deployments",
    "downloads": "downloads",
    "events": "events",
    "forks": "forks",
    "git_commits": "git/commits{/sha}",
    "git_refs": "git/refs{/sha}",
    "git_tags": "git/tags{/sha}",
    "hooks": "hooks",
    "issue_comment": "issues/comments{/number}",
    "issue_events": "issues/events{/number}",
    "issues": "issues{/number}",
    "keys": "keys{/key_id}",
    "labels": "labels{/name}",
    "languages": "languages",
    "merges": "merges",
    "milestones": "milestones{/number}",
    "notifications": "notifications{?since,all,participating}",
    "pulls": "pulls{/number}",
    "releases": "releases{/id}",
    "stargazers": "stargazers",
    "statuses": "statuses/{sha}",
    "subscribers": "subscribers",
    "subscription": "subscription",
    "tags": "tags",
    "teams": "teams",
    "trees": "git/trees{/sha}",
}
PERMISSION = {"maintain": "write", "triage": "read"}
"""`permission` folds the finer roles; `role_name` does not."""
LONG_AGO = 1_600_000_000


def iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def node(kind: str, number: int) -> str:
    return base64.b64encode(f"{len(kind):03}:{kind}{number}".encode()).decode()


class Views:
    """JSON for one request: `api` is the address that it came to, with the prefix; `web` that of the pages."""

    def __init__(self, world: World, api: str, web: str) -> None:
        self.world, self.api, self.web = world, api, web

    def person(self, login: str | None) -> dict[str, Any] | None:
        return None if login is None else self.account(self.world.person(login))

    def account(self, person: Person) -> dict[str, Any]:
        url = f"{self.api}/users/{person.login}"
        return {
            "login": person.login,
            "id": person.id,
            "node_id": node("User", person.id),
            "avatar_url": f"{self.web}/avatars/{person.id}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.web}/{person.login}",
            **{f"{name}_url": f"{url}/{name}" for name in USER_LINKS},
            **{f"{name}_url": f"{url}{path}" for name, path in USER_TEMPLATES.items()},
            "type": person.type,
            "user_view_type": "public",
            "site_admin": False,
        }

    def whole_account(self, person: Person) -> dict[str, Any]:
        """As GET /user and GET /users/LOGIN have it."""
        unsaid = ("company", "location", "email", "hireable", "bio", "twitter_username", "name")
        return {
            **self.account(person),
            **dict.fromkeys(unsaid),
            "blog": "",
            "public_repos": 1,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": iso(LONG_AGO),
            "updated_at": iso(LONG_AGO),
        }

    def organization(self, login: str) -> dict[str, Any]:
        person, url = self.world.person(login, "Organization"), f"{self.api}/orgs/{login}"
        return {
            "login": person.login,
            "id": person.id,
            "node_id": node("Organization", person.id),
            "url": url,
            **{f"{name}_url": f"{url}/{name}" for name in ("repos", "events", "hooks", "issues")},
            "members_url": f"{url}/members{{/member}}",
            "public_members_url": f"{url}/public_members{{/member}}",
            "avatar_url": f"{self.web}/avatars/{person.id}",
            "html_url": f"{self.web}/{login}",
            "description": None,
            "has_organization_projects": True,
            "has_repository_projects": True,
            "public_repos": 1,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "type": "Organization",
            "created_at": iso(LONG_AGO),
            "updated_at": iso(LONG_AGO),
            "archived_at": None,
        }

    def permissions(self, role: str) -> dict[str, bool]:
        """The five switches of a role."""
        names = {"pull": "read", "triage": "triage", "push": "write", "maintain": "maintain", "admin": "admin"}
        known = role if role in ROLES else CUSTOM
        return {name: ROLES.index(known) >= ROLES.index(least) for name, least in names.items()}

    def repository(self, repository: Repository, actor: Actor, minimal: bool = False) -> dict[str, Any]:
        url, page = f"{self.api}/repos/{repository.full_name}", f"{self.web}/{repository.full_name}"
        open_issues = sum(issue.state == "open" for issue in repository.issues.values())
        said: dict[str, Any] = {
            "id": repository.id,
            "node_id": node("Repository", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": self.person(repository.owner),
            "private": repository.private,
            "html_url": page,
            "description": None,
            "fork": False,
            "url": url,
            **{f"{name}_url": f"{url}/{path}" for name, path in REPOSITORY_LINKS.items()},
        }
        if minimal:
            return said
        return said | {
            "clone_url": f"{page}.git",
            "git_url": f"git:{page.partition(':')[2]}.git",
            "ssh_url": f"git@github.com:{repository.full_name}.git",
            "svn_url": page,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "forks": 0,
            "forks_count": 0,
            "stargazers_count": 0,
            "watchers": 0,
            "watchers_count": 0,
            "size": 1,
            "default_branch": "main",
            "open_issues": open_issues,
            "open_issues_count": open_issues,
            "topics": [],
            "has_issues": repository.has_issues,
            "has_projects": True,
            "has_wiki": True,
            "has_pages": False,
            "has_downloads": True,
            "has_discussions": False,
            "archived": repository.archived,
            "disabled": False,
            "visibility": "private" if repository.private else "public",
            "pushed_at": iso(LONG_AGO),
            "created_at": iso(LONG_AGO),
            "updated_at": iso(LONG_AGO),
            "network_count": 0,
            "subscribers_count": 0,
            **({"permissions": self.permissions(self.world.role(repository, actor))} if actor.login else {}),
        }

    def label(self, repository: Repository, label: Label) -> dict[str, Any]:
        return {
            "id": label.id,
            "node_id": node("Label", label.id),
            "url": f"{self.api}/repos/{repository.full_name}/labels/{label.name}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
        }

    def rollup(self, url: str, reactions: list[Reaction]) -> dict[str, Any]:
        counted = {content: sum(one.content == content for one in reactions) for content in REACTIONS}
        return {"url": f"{url}/reactions", "total_count": len(reactions), **counted}

    def app(self, app: App) -> dict[str, Any]:
        return {
            "id": app.id,
            "slug": app.slug,
            "client_id": app.client_id,
            "node_id": node("Integration", app.id),
            "owner": self.person(app.owner),
            "name": app.slug,
            "description": None,
            "external_url": "https://example.com",
            "html_url": f"{self.web}/apps/{app.slug}",
            "created_at": iso(LONG_AGO),
            "updated_at": iso(LONG_AGO),
            "permissions": app.permissions,
            "events": [],
        }

    def installation(self, app: App) -> dict[str, Any]:
        return {
            "id": app.installation,
            "account": self.person(app.owner),
            "repository_selection": "all",
            "access_tokens_url": f"{self.api}/app/installations/{app.installation}/access_tokens",
            "repositories_url": f"{self.api}/installation/repositories",
            "html_url": f"{self.web}/organizations/{app.owner}/settings/installations/{app.installation}",
            "app_id": app.id,
            "app_slug": app.slug,
            "client_id": app.client_id,
            "target_id": self.world.person(app.owner).id,
            "target_type": self.world.person(app.owner).type,
            "permissions": app.permissions,
            "events": [],
            "created_at": iso(LONG_AGO),
            "updated_at": iso(LONG_AGO),
            "single_file_name": None,
            "has_multiple_single_files": False,
            "single_file_paths": [],
            "suspended_by": None,
            "suspended_at": None,
        }

    def through(self, apps: dict[str, App], slug: str) -> dict[str, Any] | None:
        return self.app(apps[slug]) if slug in apps else None

    def issue(self, repository: Repository, issue: Issue, apps: dict[str, App]) -> dict[str, Any]:
        root = f"{self.api}/repos/{repository.full_name}"
        url, page = f"{root}/issues/{issue.number}", f"{self.web}/{repository.full_name}"
        kind = "pull" if issue.pull else "issues"
        said: dict[str, Any] = {
            "id": issue.id,
            "node_id": node("Issue", issue.id),
            "url": url,
            "repository_url": root,
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "timeline_url": f"{url}/timeline",
            "html_url": f"{page}/{kind}/{issue.number}",
            "number": issue.number,
            "state": issue.state,
            "state_reason": issue.reason,
            "title": issue.title,
            "body": issue.body,
            "user": self.person(issue.login),
            "labels": [self.label(repository, repository.labels[name.lower()]) for name in issue.labels],
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "locked": issue.locked,
            "active_lock_reason": None,
            "comments": sum(one.issue == issue.number for one in repository.comments.values()),
            "closed_at": None if issue.closed is None else iso(issue.closed),
            "created_at": iso(issue.created),
            "updated_at": iso(issue.updated),
            "closed_by": self.person(issue.closed_by),
            "author_association": self.world.association(repository, issue.login),
            "performed_via_github_app": self.through(apps, issue.app),
            "reactions": self.rollup(url, []),
        }
        if issue.pull:
            pull = f"{page}/pull/{issue.number}"
            patches = {"diff_url": f"{pull}.diff", "patch_url": f"{pull}.patch", "merged_at": None}
            said["pull_request"] = {"url": f"{root}/pulls/{issue.number}", "html_url": pull, **patches}
        return said

    def comment(self, repository: Repository, comment: Comment, apps: dict[str, App]) -> dict[str, Any]:
        root = f"{self.api}/repos/{repository.full_name}/issues"
        kind = "pull" if repository.issues[comment.issue].pull else "issues"
        page = f"{self.web}/{repository.full_name}/{kind}/{comment.issue}"
        return {
            "id": comment.id,
            "node_id": node("IssueComment", comment.id),
            "url": f"{root}/comments/{comment.id}",
            "issue_url": f"{root}/{comment.issue}",
            "html_url": f"{page}#issuecomment-{comment.id}",
            "user": self.person(comment.login),
            "body": comment.body,
            "created_at": iso(comment.created),
            "updated_at": iso(comment.updated),
            "author_association": self.world.association(repository, comment.login),
            "performed_via_github_app": self.through(apps, comment.app),
            "reactions": self.rollup(f"{root}/comments/{comment.id}", comment.reactions),
        }

    def reaction(self, reaction: Reaction) -> dict[str, Any]:
        return {
            "id": reaction.id,
            "node_id": node("Reaction", reaction.id),
            "user": self.person(reaction.login),
            "content": reaction.content,
            "created_at": iso(reaction.at),
        }

    def permission(self, repository: Repository, person: Person) -> dict[str, Any]:
        role = self.world.role(repository, Actor(person.login))
        known = role if role in ROLES else CUSTOM
        user = {**self.account(person), "permissions": self.permissions(known), "role_name": role}
        return {"permission": PERMISSION.get(known, known), "role_name": role, "user": user}

    def status(self, repository: Repository, status: Status) -> dict[str, Any]:
        creator = self.person(status.login)
        return {
            "url": f"{self.api}/repos/{repository.full_name}/statuses/{status.sha}",
            "avatar_url": creator["avatar_url"] if creator else None,
            "id": status.id,
            "node_id": node("StatusContext", status.id),
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": iso(status.at),
            "updated_at": iso(status.at),
            "creator": creator,
        }

    def combined(self, repository: Repository, sha: str, latest: list[Status], actor: Actor) -> dict[str, Any]:
        states = {status.state for status in latest}
        worst = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
        url = f"{self.api}/repos/{repository.full_name}/commits/{sha}"
        return {
            "state": worst,
            "sha": sha,
            "total_count": len(latest),
            "statuses": [self.status(repository, status) for status in latest],
            "repository": self.repository(repository, actor, minimal=True),
            "commit_url": url,
            "url": f"{url}/status",
        }

    def team(self, org: str, slug: str) -> dict[str, Any]:
        members, number = self.world.teams[org, slug], sorted(self.world.teams).index((org, slug)) + 1
        url = f"{self.api}/orgs/{org}/teams/{slug}"
        return {
            "id": number,
            "node_id": node("Team", number),
            "url": url,
            "html_url": f"{self.web}/orgs/{org}/teams/{slug}",
            "members_url": f"{url}/members{{/member}}",
            "repositories_url": f"{url}/repos",
            "name": slug,
            "slug": slug,
            "description": None,
            "privacy": "closed",
            "notification_setting": "notifications_enabled",
            "permission": "pull",
            "parent": None,
            "type": "organization",
            "members_count": len(members),
            "repos_count": 1,
            "created_at": iso(LONG_AGO),
            "updated_at": iso(LONG_AGO),
            "organization": self.organization(org),
        }

    def membership(self, org: str, slug: str, login: str) -> dict[str, Any]:
        role, state = self.world.teams[org, slug][login.lower()]
        return {"url": f"{self.api}/orgs/{org}/teams/{slug}/memberships/{login}", "role": role, "state": state}
