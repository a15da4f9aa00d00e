"""`doit waive`: a person says that one criterion need not hold, for exactly the digest that was judged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from doit.exceptions import InvalidCommand

from ..project import Project
from ..voting import Ballot, waive
from .voting import OPT_DIGEST, OPT_REASON, VotingCommand

OPT_UNTIL = {
    "name": "until",
    "long": "until",
    "type": str,
    "default": "",
    "help": "when it ends: 2027-01-01, or 2027-01-01T12:00, in local time",
}


class Waive(VotingCommand):
    """The command `waive`."""

    name = "waive"
    doc_purpose = "let one criterion of a gate not hold"
    doc_usage = "PHASE CRITERION -m REASON [--until DATE] [--digest DIGEST]"
    cmd_options = (OPT_REASON, OPT_UNTIL, OPT_DIGEST)
    arguments = ("PHASE", "CRITERION")
    reason_needed = True

    def vote(self, project: Project, ballot: Ballot, params: Any, args: Sequence[str]) -> str:
        [criterion] = args
        return waive(project.state, ballot, criterion, until(params["until"]))


def until(text: str) -> float | None:
    """When a waiver ends, in seconds since 1970; None where nothing is said.

    Raises:
        InvalidCommand: the text is no moment, or one that is past.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise InvalidCommand(f"--until {text!r} is no date; write 2027-01-01 or 2027-01-01T12:00") from None
    if moment <= time.time():
        raise InvalidCommand(f"--until {text} is past")
    return moment
