"""Each way in which GitHub fails, before and after what was asked for was done, on each request: the next sync makes
it good, and nothing is there twice. And outages that last: the run is what it would have been without GitHub.

A sync here is what `doit github` does, in this process, with the waits taken out: so each fault can meet each request.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_faults import FAULTS, Fault
from fake_github import FakeGitHub
from people import ROLES
from test_tracking_issue import commit_in

import orchestrator.github.transport
from orchestrator.github.access import access_of
from orchestrator.github.connection import connect
from orchestrator.github.follower import stand_all
from orchestrator.github.settings import On
from orchestrator.github.trouble import Trouble
from orchestrator.project import Project

REQUESTS = {
    "who we are": ("GET", "/user$"),
    "list issues": ("GET", "/issues$"),
    "create issue": ("POST", "/issues$"),
    "look at issue": ("GET", r"/issues/\d+$"),
    "edit issue": ("PATCH", r"/issues/\d+$"),
    "list comments": ("GET", r"/issues/\d+/comments$"),
    "create comment": ("POST", r"/issues/\d+/comments$"),
    "permission": ("GET", "/permission$"),
    "status": ("POST", "/statuses/"),
}
SOME = [("502", "after"), ("html", "before"), ("429 retry-after", "after"), ("404", "before")]
"""In the normal run; `-m faults` has all of them."""


def begun(name: str) -> str:
    """What a comment begins with: its mark."""
    return name.split("\n", 1)[0]


class Team:
    """A project in this process, and its GitHub."""

    def __init__(self, root: Path, github: FakeGitHub, commit: str, environment: pytest.MonkeyPatch) -> None:
        self.root, self.github, self.commit, self.environment = root, github, commit, environment

    def sync(self) -> str | None:
        """What `doit github` does; the trouble that it met."""
        self.environment.setenv("GITHUB_TOKEN", self.github.token)  # a project withholds it from the environment
        project = Project(self.root)
        try:
            access = access_of(project)
            assert isinstance(access, On), access
            connection = connect(project, access, lambda seconds: None)
            try:
                connection.refresh()
                connection.answer()
                connection.write(connection.scene(list(stand_all(project).values())), whole=True)
                connection.answer()
            except Trouble as trouble:
                return str(trouble)
            return None
        finally:
            project.state.close()

    def until_in_step(self, most: int) -> None:
        told = [self.sync() for _ in range(most)]
        assert told[-1] is None, told

    def journal(self) -> list[tuple[str, str, str]]:
        """Event, phase and hash of each entry."""
        project = Project(self.root)
        try:
            return [
                tuple(row) for row in project.state.database.rows("select event, phase, hash from journal order by seq")
            ]
        finally:
            project.state.close()

    def vote(self) -> None:
        """alice approves, as the issue says."""
        [order] = {line for line in self.github.body(1).splitlines() if line.startswith("/approve")}
        self.github.comment(1, "alice", f"{order} it looks right")

    def is_right(self, comments: int) -> None:
        """One issue with the present body; each comment once; and a status for each gate."""
        issues = self.github.issues()
        assert [issue["number"] for issue in issues] == [1], issues
        assert f"head `{self.journal()[-1][2]}`" in issues[0]["body"]
        marks = Counter(begun(comment) for comment in self.github.replies(1))
        assert set(marks.values()) == {1}, marks
        assert len(marks) == comments, marks
        assert self.github.statuses(self.commit) == {"phasegate/a": "success", "phasegate/b": "pending"}


MADE: dict[str, tuple[Path, str]] = {}


@pytest.fixture
def waits(project, tmp_path_factory) -> tuple[Path, str]:
    """A project that waits for an approval and never had a GitHub, and its commit; made once."""
    if not MADE:
        folder = type(project)(tmp_path_factory.mktemp("waits") / "project")
        folder.phases({"a": {"run": "true"}, "b": {"run": "true", "needs": ["a"], "approval": "manual"}})
        MADE["it"] = folder.root, commit_in(folder)
        folder.doit().ended(4)
    return MADE["it"]


@pytest.fixture
def teams(waits, tmp_path, github, monkeypatch) -> Iterator[object]:
    """Makes teams: the same project, each time with an empty repository."""
    monkeypatch.setattr(orchestrator.github.transport, "TIMEOUT", 1)
    template, commit = waits

    def team() -> Team:
        number = len(github.world.repositories)
        root = tmp_path / f"project-{number}"
        shutil.copytree(template, root)
        github.repository = f"octo/plan-{number}"
        github.add_repository(github.repository)
        for login, role in ROLES.items():
            github.user(login, role)
        written = f'{{"enabled": true, "repository": "{github.repository}", "api_url": "{github.base_url}", "statuses": true}}'
        (root / "config/github.json").write_text(written)
        monkeypatch.chdir(root)
        return Team(root, github, commit, monkeypatch)

    yield team
    github.faults.clear()


def met(team: Team, request: str, fault: str | Fault, when: str, **more) -> None:
    """Over two syncs, one that asks and one that takes a vote, a fault meets one request; then all is right."""
    github = team.github
    rule = github.faults.add(*REQUESTS[request], fault, when, **{"seconds": 1.5, **more})

    team.sync()
    team.until_in_step(2)
    team.is_right(comments=1)
    team.vote()
    team.sync()
    team.until_in_step(2)
    assert rule.fired, "the fault was played"
    team.is_right(comments=2)
    approved = [entry[:2] for entry in team.journal()].count(("gate.approved", "b"))
    if request == "permission" and fault in ("404", "410"):  # a look-up that fails for good accepts nothing
        assert approved == 0
        assert "alice may do here could not be looked up (GitHub answered" in github.replies(1)[-1]
    else:
        assert approved == 1


@pytest.mark.parametrize(("fault", "when"), SOME)
def test_some_faults_meet_each_request(teams, fault, when):
    for request in REQUESTS:
        met(teams(), request, fault, when)


@pytest.mark.faults
@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_meets_each_request(teams, fault, when, request_):
    met(teams(), request_, fault, when)
