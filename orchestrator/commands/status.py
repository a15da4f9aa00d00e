"""`doit status`: where every phase stands, why, and what to do. Reads only, also while a run is going on."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from ..project import Project
from ..standing import Standing, stand
from ..views.status import status_data, status_lines
from .common import OPT_JSON, PlanCommand
from .selection import named


class Status(PlanCommand):
    """The command `status`."""

    name = "status"
    doc_purpose = "show where every phase stands, why, and what to do"
    doc_usage = "[PHASE ...]"
    cmd_options = (OPT_JSON,)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        tasks = named(project.plan, args, project.root) or list(project.plan.phases)
        chosen = project.plan.phases_of(tasks)
        with project.look.one_instant(project.plan):
            standings = stand(project.plan, project.look)
        data = status_data(
            project.plan,
            [standings[name] for name in project.plan.phases if name in chosen],
            project.state,
            project.masker.text,
        )
        data["github"] = _github(project, list(standings.values()))
        if params["json"]:
            self.outstream.write(json.dumps(data, indent=2, allow_nan=False) + "\n")
        else:
            self.outstream.write("\n".join(status_lines(data, time.time())) + "\n")
        return 0


def _github(project: Project, standings: list[Standing]) -> dict[str, Any] | None:
    """What is shown on GitHub, and whether; None where the project does not speak of GitHub at all."""
    if project.plan.github is None:
        return None
    from ..github.access import access_of
    from ..github.settings import Off

    access = access_of(project)
    if isinstance(access, Off):
        return {"on": False, "why": access.why, "issue": None, "in_step": False}
    from ..github.connection import shown

    return shown(project, access, standings)
