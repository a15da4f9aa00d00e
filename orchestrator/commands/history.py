"""`doit history`: what happened, from the journal; and whether anybody changed it since. Reads only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from doit.exceptions import InvalidCommand

from ..project import Project
from ..state.chain import broken_links
from ..state.journal import Event
from ..views.history import history_data, history_lines, metric_data, metric_lines, verdict_on
from .common import OPT_JSON, PlanCommand
from .selection import named

BROKEN = 1
"""Exit code where the chain does not hold."""

OPT_VERIFY = {
    "name": "verify",
    "long": "verify",
    "type": bool,
    "default": False,
    "help": "find entries that were edited, removed or moved; exit code 1 if there are any",
}
OPT_METRIC = {
    "name": "metric",
    "long": "metric",
    "type": str,
    "default": "",
    "help": "the values of this metric of one phase, each time that it was judged",
}


class History(PlanCommand):
    """The command `history`."""

    name = "history"
    doc_purpose = "show what happened, and whether the record of it holds"
    doc_usage = "[PHASE ...] [--metric NAME] [--verify]"
    doc_description = "`doit forget` ends the state of phases, never their history."
    cmd_options = (OPT_JSON, OPT_VERIFY, OPT_METRIC)

    def act(self, project: Project, params: Any, args: Sequence[str]) -> int:
        if params["verify"]:
            if args or params["metric"]:
                raise InvalidCommand("--verify checks the whole journal; leave the phases and --metric out")
            return self._verify(project, params["json"])
        phases = set(project.plan.phases_of(named(project.plan, args, project.root)))
        entries = [entry for entry in project.state.journal.everything() if not args or entry.phase in phases]
        if params["metric"]:
            if len(phases) != 1:
                raise InvalidCommand("--metric is about one phase: doit history phase_9 --metric mae")
            values = metric_data(entries, params["metric"])
            if not values:
                verdicts = [
                    verdict for entry in entries if entry.event is Event.JUDGED for verdict in entry.data["verdicts"]
                ]
                known = ", ".join(sorted({verdict["name"] for verdict in verdicts})) or "nothing"
                raise InvalidCommand(f"{args[0]} was never judged by {params['metric']!r}; it was by {known}")
            self._print(params["json"], {"metric": params["metric"], "values": values}, metric_lines(values))
        else:
            self._print(params["json"], {"entries": history_data(entries)}, history_lines(entries))
        return 0

    def _verify(self, project: Project, as_json: bool) -> int:
        last_seq = project.state.journal.last_seq()  # asked first: somebody may write meanwhile
        links = project.state.journal.links()
        breaks = broken_links(links, last_seq)
        newest = links[-1].hash if links else ""
        data = {
            "entries": len(links),
            "newest": newest or None,
            "breaks": [{"seq": found.seq, "what": found.what, "detail": found.detail} for found in breaks],
        }
        self._print(as_json, data, verdict_on(breaks, len(links), newest))
        return BROKEN if breaks else 0

    def _print(self, as_json: bool, data: Any, lines: Any) -> None:
        text = json.dumps(data, indent=2, allow_nan=False) if as_json else "\n".join(lines)
        self.outstream.write(text + "\n" if text else "")
