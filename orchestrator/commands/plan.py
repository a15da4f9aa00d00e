"""`doit plan`: what the next `doit` would do, and every reason why. Changes nothing, not even a cache."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidCommand

from ..config.paths import normal
from ..config.problems import ConfigError
from ..estimate import work_durations
from ..forecast import Assumption, forecast
from ..foresight import Foresight
from ..plan import Plan
from ..project import Project
from ..standing import PhaseState, stand
from ..supposition import Supposition, concerns
from ..views.forecast import forecast_data, forecast_lines
from .agenda import asked_for, choose, selected, stale
from .common import OPT_JSON, PlanCommand, hindrances
from .run_options import OPT_MODE, set_mode
from .selection import tasks_named, variables

OPT_ASSUME: dict[str, Any] = {
    "name": "assume",
    "long": "assume",
    "type": list,
    "default": [],
    "help": f"what if: PHASE={'|'.join(each.value for each in Assumption)}; may be given several times",
}
OPT_CHANGED: dict[str, Any] = {
    "name": "changed",
    "long": "changed",
    "type": list,
    "default": [],
    "help": "what if this file, or all in this folder, had changed; may be given several times",
}
OPT_ALL = {"name": "all", "long": "all", "type": bool, "default": False, "help": "show what is up to date, too"}


class PlanAhead(PlanCommand):
    """The command `plan`."""

    name = "plan"
    doc_purpose = "show what the next `doit` would do, and every reason why; changes nothing"
    doc_usage = "[PHASE/OUTPUT ...]"
    cmd_options = (OPT_ASSUME, OPT_CHANGED, OPT_ALL, OPT_MODE, OPT_JSON)
    writes = False
    as_typed = True

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        set_mode(project, params["mode"])
        plan, state = project.plan, project.state
        assumed = _assumed(plan, params["assume"], project.root)
        look = Supposition(state, [_known(plan, path, project.root) for path in params["changed"]], project.look.mask)
        args = [name for name in args if name not in variables() or tasks_named(plan, name, project.root)]
        chosen = choose(self, project, asked_for(project, params, args))
        whole = chosen.phases.difference(plan.phases_of(chosen.tasks))  # needed by the user's own tasks
        phases = plan.closure(chosen.phases)
        with look.one_instant(phases):
            standings = stand(phases, look)
            todo = [phase for phase in stale(standings, always=False) if assumed.get(phase.name) is not Assumption.DONE]
            problems = ConfigError(hindrances(project, todo)).problems
            steps = forecast(
                standings,
                selected(plan, [*chosen.tasks, *whole], set(standings), alone=False),
                look,
                Foresight(project.root, state, look, lambda: project.masker, look.touches).of,
                assumed,
            )
        works = any(step.works for step in steps)
        data = forecast_data(
            plan.name,
            steps,
            work_durations(state.journal.successes()) if works else {},
            problems=[str(problem) for problem in problems],
            running=[name for name, standing in standings.items() if standing.state is PhaseState.RUNNING],
            own_tasks=chosen.own_names,
            mask=project.masker.text,
        )
        if params["json"]:
            self.outstream.write(json.dumps(data, indent=2, allow_nan=False) + "\n")
        else:
            shown = standings if params["all"] else plan.phases_of(chosen.tasks) if args else ()
            self.outstream.write("\n".join(forecast_lines(data, frozenset(shown))) + "\n")
        return 0


def _assumed(plan: Plan, texts: Sequence[str], root: Path) -> dict[str, Assumption]:
    """What is assumed of which phase; of two assumptions of one phase the last.

    Raises:
        InvalidCommand: it is none that can be made, or of no phase.
    """
    assumed: dict[str, Assumption] = {}
    for text in texts:
        name, _, word = text.rpartition("=")
        known = [each.value for each in Assumption]
        if not name or word not in known:
            raise InvalidCommand(f"--assume {text!r}: say PHASE={'|'.join(known)}")
        tasks = tasks_named(plan, name, root)
        if not tasks or any(task not in plan.phases for task in tasks):
            raise InvalidCommand(f"--assume {text!r}: {name!r} is no phase; `doit list` names them")
        assumed.update(dict.fromkeys(tasks, Assumption(word)))
    return assumed


def _known(plan: Plan, text: str, root: Path) -> str:
    """A path that is supposed to have changed.

    Raises:
        InvalidCommand: no phase has anything to do with it.
    """
    path = os.path.relpath(text, root) if posixpath.isabs(text) else text
    try:
        path = normal(path)
    except ValueError as error:
        raise InvalidCommand(f"--changed: {error}") from None
    read = {given.path for phase in plan for work in phase.works for given in work.inputs}
    if not any(concerns(one, path) for one in read.union(*(phase.reads for phase in plan))):
        raise InvalidCommand(f"--changed {text!r}: no phase reads or makes it, so nothing follows from its change")
    return path
