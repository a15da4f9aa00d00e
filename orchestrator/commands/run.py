"""`doit`: ask where the phases stand, and hand doit those that are not done."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from doit.cmd_run import Run as DoitRun
from doit.exceptions import InvalidCommand

from ..state.rest import state_signature
from ..views.stream import Tolerant
from .agenda import asked_for
from .common import options_of, preflight, project_of, set_up
from .elsewhere import catch_up, tell_actions
from .ends import DONE
from .run_options import OPT_MODE, OPT_NO_CACHE, OPT_WAIT, heed_options
from .selection import given

if TYPE_CHECKING:
    from ..project import Project
    from ..standing import Standing
    from .conduct import Todo


class Run(DoitRun):  # type: ignore[misc]
    """doit's `run` for a plan of phases."""

    name = "run"
    doc_purpose = "run what is not done, with a gate behind each phase"
    doc_usage = "[PHASE/OUTPUT...]"
    cmd_options = (*DoitRun.cmd_options, OPT_MODE, OPT_WAIT, OPT_NO_CACHE)

    def get_backends(self) -> dict[str, Any]:
        """doit's own and ours by name, without loading ours: a run asks for the state itself (engine.py), and where all
        is done it needs none."""
        self.cmdparser["backend"].choices = dict.fromkeys(("dbm", "json", "phasegate", "sqlite3"), "")
        return {}

    def parse_execute(self, in_args: list[str]) -> int:
        """`doit -h` is an option of a run to doit, and no option."""
        options_of(self.name, self.cmdparser, in_args)
        return super().parse_execute(in_args)  # type: ignore[no-any-return]

    def execute(self, params: Any, args: Sequence[str]) -> int:
        """Like doit's, but with what is done left out before a task is made of it."""
        try:
            return self._look_and_run(params, args)
        except KeyboardInterrupt as stopped:  # before there was anything to stop, or after all of it was
            number = getattr(stopped, "number", signal.SIGINT)
            sys.stderr.write(f"stopped by {signal.Signals(number).name}\n")
            return 128 + int(number)

    def _look_and_run(self, params: Any, args: Sequence[str]) -> int:
        set_up(self.loader, params)
        params.update_defaults(self.loader.load_doit_config())
        project = project_of(params)
        project.keep_plan()
        wait = heed_options(project, params)
        if params["no_cache"]:
            project.leave_cache_alone()
        names = asked_for(project, params, given(project, args))
        plainly = not (
            names or params["always"] or params["mode"] or params["no_cache"] or self._has_other_reporter(params)
        )
        if plainly and project.is_at_rest():
            with self._output(project, params) as outstream:
                return _nothing_to_do(project, outstream, project.phases)
        return self._ask_and_run(project, params, names, wait, plainly=plainly)

    def _ask_and_run(self, project: Project, params: Any, names: Sequence[str], wait: float, *, plainly: bool) -> int:
        """Ask for each phase, and run those that are not done.

        Args:
            plainly: whether it is the plain `doit`, which needs not ask again as long as nothing changes.
        """
        from ..standing import stand
        from .agenda import choose, selected, stale

        gc.disable()  # what is loaded now stays: to look through it for what may go takes a fifth of the time
        chosen = choose(self, project, names)
        since, state = project.look.now(), state_signature(project.root) if plainly else None
        phases = project.plan.closure(chosen.phases)
        with project.look.one_instant(phases):
            standings = stand(phases, project.look)
            todo = stale(standings, always=params["always"])
            if todo:
                preflight(project, todo)
            rest = project.rest_found(since, state) if not todo else None
        # a task of the user's own may name a phase that is done, and doit wants every name to be there
        handed = [s.phase for s in standings.values()] if chosen.own else todo
        first = selected(project.plan, chosen.tasks, {phase.name for phase in handed}, alone=params["single"])
        with self._output(project, params) as outstream:
            if not first and not chosen.own and not self._has_other_reporter(params):
                project.state.keep_digests()
                project.state.close()
                project.keep_rest(rest)
                return _nothing_to_do(project, outstream, list(standings))
            judged_only = set() if params["always"] else {s.phase.name for s in standings.values() if _only_judged(s)}
            from .conduct import Todo

            code = self._run(project, params, outstream, Todo(handed, first, chosen, judged_only, wait))
            tell_actions(project, standings)
            return code

    def _run(self, project: Project, params: Any, outstream: TextIO, todo: Todo) -> int:
        from .conduct import Conductor

        also = self._other_reporter(params, outstream)
        with contextlib.ExitStack() as stack:
            if also is not None:  # what it prints must not be mixed with ours
                outstream = stack.enter_context(Path(os.devnull).open("w"))
            return Conductor(project, params, todo, outstream, also).conduct()

    @contextlib.contextmanager
    def _output(self, project: Project, params: Any) -> Iterator[TextIO]:
        """Where this run's lines go: `-o FILE`, or the terminal."""
        with contextlib.ExitStack() as stack:
            stream = self.outstream
            if isinstance(params["outfile"], str):
                from .destination import claimed

                if claim := claimed(project, project.root / params["outfile"]):
                    raise InvalidCommand(f"-o {params['outfile']} {claim}; name another file")
                try:
                    stream = stack.enter_context(Path(params["outfile"]).open("w", encoding="utf-8"))
                except OSError as error:
                    raise InvalidCommand(f"-o {params['outfile']}: {error.strerror}") from None
            tolerant = Tolerant(stream)
            yield tolerant  # type: ignore[misc]
            tolerant.flush()
            tolerant.give_up()
        if tolerant.broken is not None and not isinstance(tolerant.broken, BrokenPipeError):
            sys.stderr.write(f"what the run says could not be written: {tolerant.broken.strerror}\n")

    @staticmethod
    def _has_other_reporter(params: Any) -> bool:
        return "reporter" in params._non_default_keys

    def _other_reporter(self, params: Any, outstream: Any) -> Any:
        """The reporter of doit that `-r` asks for; None for ours."""
        if not self._has_other_reporter(params):
            return None
        return self.reporters[params["reporter"]](outstream, {"failure_verbosity": params["failure_verbosity"]})


def _only_judged(standing: Standing) -> bool:
    """Is its work done, and nothing before it runs, after which it may have to run again?"""
    return standing.work_is_current and not any(reason.kind == "upstream" for reason in standing.reasons)


def _nothing_to_do(project: Project, outstream: TextIO, phases: Sequence[str]) -> int:
    """Say so, and see that it shows elsewhere; the exit code."""
    from criteria.words import one_line

    count = "1 phase is" if len(phases) == 1 else f"all {len(phases)} phases are"
    outstream.write(f"{one_line(project.name)}: {count} done, nothing to do\n")
    outstream.writelines(f"note: {note}\n" for note in catch_up(project))
    tell_actions(project, phases)
    return DONE
