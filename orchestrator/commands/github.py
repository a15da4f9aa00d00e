"""`doit github`: bring GitHub to where the plan stands, now; or say what that would write, or whether it could."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from doit.exceptions import InvalidCommand

from ..github.access import LOCK, access_of
from ..github.check import checks
from ..github.connection import Connection, connect
from ..github.follower import bring_about, stand_all
from ..github.render import StatusText
from ..github.settings import Off
from ..github.sync import differences
from ..github.trouble import Trouble
from ..project import Project
from ..state.lock import FileLock
from ..views.words import printable
from .common import PlanCommand

DONE, LACKING, FAILED = 0, 1, 2
"""Exit codes: all is as it should be; a check found something missing; GitHub could not be brought up to date."""

OPT_DRY_RUN = {
    "name": "dry_run",
    "long": "dry-run",
    "type": bool,
    "default": False,
    "help": "print what would be written, and ask GitHub nothing",
}
OPT_CHECK = {
    "name": "check",
    "long": "check",
    "type": bool,
    "default": False,
    "help": "test token, permissions, repository and labels, and write nothing; exit code 1 if something is missing",
}


class GitHub(PlanCommand):
    """The command `github`."""

    name = "github"
    doc_purpose = "show on GitHub where the plan stands, and take the votes that were given there"
    doc_usage = "[--dry-run | --check]"
    cmd_options = (OPT_DRY_RUN, OPT_CHECK)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        if args:
            raise InvalidCommand(f"`doit github` is about the whole plan; leave {' '.join(args)} out")
        if params["dry_run"] and params["check"]:
            raise InvalidCommand("--dry-run asks GitHub nothing and --check does; take one of them")
        access = access_of(project)
        if isinstance(access, Off):
            raise InvalidCommand(f"GitHub is off: {access.why}")
        connection = connect(project, access, time.sleep)
        if params["check"]:
            return self._check(connection)
        if params["dry_run"]:
            return self._dry_run(connection)
        return self._sync(connection)

    def _check(self, connection: Connection) -> int:
        lacking = False
        for found in checks(connection):
            self.outstream.write(f"{'ok' if found.holds else 'missing':8} {printable(found.told)}\n")
            lacking = lacking or not found.holds
        return LACKING if lacking else DONE

    def _dry_run(self, connection: Connection) -> int:
        due = differences(_picture(connection), connection.known, connection.commit)
        for one in due:
            self.outstream.write(f"{printable(one.told)}\n")
            text = one.what.description if isinstance(one.what, StatusText) else one.what.body
            self.outstream.writelines(f"    {printable(line)}\n" for line in text.splitlines())
        if not due:
            self.outstream.write("nothing to write\n")
        return DONE

    def _sync(self, connection: Connection) -> int:
        lock = FileLock(connection.project.root / LOCK)
        if not lock.take():
            raise InvalidCommand("another process is writing to GitHub here; wait for it")
        try:
            connection.refresh()
            due = len(differences(_picture(connection), connection.known, connection.commit))
            bring_about(connection)
        except Trouble as error:
            self.outstream.write(f"GitHub does not show where the plan stands: {printable(str(error))}\n")
            return FAILED
        finally:
            lock.release()
        self.outstream.writelines(f"{line}\n" for line in _told(connection, due))
        return DONE


def _picture(connection: Connection) -> Any:
    return connection.picture(connection.scene(list(stand_all(connection.project).values())))


def _told(connection: Connection, written: int) -> Iterator[str]:
    taken = connection.polls.taken
    if taken:
        yield f"{taken} {'vote' if taken == 1 else 'votes'} taken; next: doit"
    number = connection.issue_number
    where = connection.link(number) if number is not None else connection.on.repository
    yield f"{where} shows where the plan stands ({written} written)"
