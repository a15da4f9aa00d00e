"""What has to be there on GitHub for a plan to be followed: each looked at, with what to do about what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..config.gates import is_team
from .connection import Connection
from .trouble import Kind, Trouble


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    holds: bool
    told: str


def checks(connection: Connection) -> Iterator[Check]:
    """Token, repository, permissions, issues, labels and the look-up of permissions and teams, in the order in which
    each needs the one before."""
    settings, client, repository = connection.settings, connection.client, connection.on.repository
    try:
        yield Check(True, f"{settings.secret} is accepted, as {client.login}")
    except Trouble as error:
        yield Check(False, f"{settings.secret}: {error}")
        return
    try:
        facts = client.facts()
    except Trouble as error:
        unseen = "; it does not exist, or the token may not see it" if error.kind is Kind.GONE else ""
        yield Check(False, f"repository {repository}: {error}{unseen}")
        return
    yield Check(True, f"repository {repository} is there")
    yield Check(
        facts.may_write,
        "issues may be written"
        if facts.may_write
        else "issues may not be written; the token needs `Issues: write`, and its account the role triage",
    )
    yield Check(
        facts.has_issues and not facts.archived,
        "the repository is archived; nothing can be written there"
        if facts.archived
        else "the repository has issues"
        if facts.has_issues
        else "the repository has its issues turned off; turn them on in its settings",
    )
    for label in settings.labels:
        there = label.lower() in facts.labels
        yield Check(there, f"label {label}" + ("" if there else " is not there; the first issue makes it"))
    try:
        client.permission(client.login)
    except Trouble as error:
        yield Check(False, f"the permissions of people cannot be looked up ({error}), so no comment can vote")
    else:
        yield Check(True, "the permissions of people can be looked up, so comments can vote")
    rules = [phase.rule for phase in connection.project.plan.phases.values()]
    for team in sorted({name for rule in rules for name in rule.by if is_team(name)}):
        try:
            client.is_member(team[1:], client.login)
        except Trouble as error:
            yield Check(False, f"the members of {team} cannot be looked up ({error}), so none of them can vote")
        else:
            yield Check(True, f"the members of {team} can be looked up")
