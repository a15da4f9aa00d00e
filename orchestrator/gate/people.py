"""Who is at the command line. A record of what the machine says, not authentication: who can log in can be anyone."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path

from criteria.words import one_line

from ..git import git
from ..plan import Rule


@dataclass(frozen=True, slots=True)
class Person:
    """A name, and where it comes from."""

    name: str
    source: str
    """`login`, `git user.email`, or the link of a comment on GitHub."""
    role: str = ""
    """What the rule's list calls them, where that is not their name: `@octo/reviewers`."""


def login() -> Person:
    """The login of the operating system."""
    try:
        return Person(one_line(getpass.getuser()), "login")
    except (KeyError, OSError):
        return Person(f"uid {os.getuid()}", "login")


def git_email(root: Path) -> Person | None:
    """What git would write under a commit here; None where it would ask."""
    email = one_line(git(root, "config", "user.email") or "")
    return Person(email, "git user.email") if email else None


def voter(rule: Rule, root: Path) -> Person:
    """Who votes here under this rule: the login; or git's e-mail address, where the rule's list has that one."""
    person = login()
    addresses = [name for name in rule.by if "@" in name and not name.startswith("@")]  # with it: people on GitHub
    if addresses and person.name not in rule.by:
        by_mail = git_email(root)
        if by_mail is not None and by_mail.name in addresses:
            return by_mail
    return person
