"""`doit`: ask where the phases stand, and hand doit those that are not done."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from doit.cmd_run import Run as DoitRun
from doit.exceptions import InvalidCommand
from doit.globals import Globals

from ..state.rest import state_signature
from ..views.stream import Tolerant
from .agenda import asked_for
from .common import preflight, project_of
from .elsewhere import LAST_SYNC, catch_up, end_following, follower_of, tell_actions
from .run_options import OPT_MODE, OPT_WAIT, heed_options
from .selection import given

if TYPE_CHECKING:
    from phases.local import LocalExecutor

    from ..engine import Reporter
    from ..github.follower import Follower
    from ..plan import Phase
    from ..project import Project
    from ..session import Session
    from ..standing import Standing
    from ..views.announcer import Announcer
    from ..views.console import Console
    from .agenda import Chosen

AFTER_STOP = 2.0
"""Seconds that triggers and GitHub get after a signal, in the place of LAST_CALL and LAST_SYNC."""

DONE, FAILED, ERROR, WAITING = 0, 1, 2, 4
"""Exit codes (docs/design.md); 3, bad configuration or usage, is doit's own for the exceptions that we raise."""

PLAN_ENDS = {DONE: "plan.done", WAITING: "plan.waiting"}


@dataclass(frozen=True, slots=True)
class _Todo:
    """What one run has to do."""

    phases: list[Phase]
    """Those that are handed to doit."""
    selected: list[str]
    chosen: Chosen
    judged_only: set[str]
    """Those of which only the gate is looked at, as far as is known now."""
    wait: float
    """Seconds to stay at a gate that waits for a person."""


class Run(DoitRun):  # type: ignore[misc]
    """doit's `run` for a plan of phases."""

    name = "run"
    doc_purpose = "run what is not done, with a gate behind each phase"
    doc_usage = "[PHASE/OUTPUT...]"
    cmd_options = (*DoitRun.cmd_options, OPT_MODE, OPT_WAIT)

    def get_backends(self) -> dict[str, Any]:
        """doit's own and ours by name, without loading ours: a run asks for the state itself (engine.py), and where all
        is done it needs none."""
        self.cmdparser["backend"].choices = dict.fromkeys(("dbm", "json", "phasegate", "sqlite3"), "")
        return {}

    def execute(self, params: Any, args: Sequence[str]) -> int:
        """Like doit's, but with what is done left out before a task is made of it."""
        try:
            return self._look_and_run(params, args)
        except KeyboardInterrupt as stopped:  # before there was anything to stop, or after all of it was
            number = getattr(stopped, "number", signal.SIGINT)
            sys.stderr.write(f"stopped by {signal.Signals(number).name}\n")
            return 128 + int(number)

    def _look_and_run(self, params: Any, args: Sequence[str]) -> int:
        self.loader.setup(params)
        params.update_defaults(self.loader.load_doit_config())
        project = project_of(params)
        project.keep_plan()
        wait = heed_options(project, params)
        names = asked_for(project, params, given(project, args))
        plainly = not (names or params["always"] or params["mode"] or self._has_other_reporter(params))
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

        chosen = choose(self, project, names)
        since, state = project.look.now(), state_signature(project.root) if plainly else None
        with project.look.one_instant():
            standings = stand(project.plan.closure(chosen.phases), project.look)
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
            code = self._run(project, params, outstream, _Todo(handed, first, chosen, judged_only, wait))
            tell_actions(project, standings)
            return code

    def _run(
        self,
        project: Project,
        params: Any,
        outstream: TextIO,
        todo: _Todo,
    ) -> int:
        from phases.local import LocalExecutor

        from ..estimate import work_durations
        from ..session import new_run
        from ..signals import stoppable
        from ..triggers.model import LAST_CALL
        from ..views.announcer import Announcer
        from ..views.console import Console

        raise_file_limit()
        run = new_run()
        executor = LocalExecutor()
        also = self._other_reporter(params, outstream)
        with contextlib.ExitStack() as stack:
            if also is not None:  # what it prints must not be mixed with ours
                outstream = stack.enter_context(Path(os.devnull).open("w"))
            console = Console(
                project.plan,
                todo.phases,
                outstream,
                lambda: work_durations(project.state.journal.successes([phase.name for phase in todo.phases])),
                todo.judged_only,
                max(1, params["num_process"]),
            )
            announcer = Announcer(project.triggers(run), project.plan.name, run)
            follower = follower_of(project, console.notes, waits=todo.wait > 0)
            stack.enter_context(stoppable(executor.kill))
            code = ERROR
            try:
                code = self._work(project, params, run, executor, console, announcer, follower, todo, also)
            finally:
                console.notes(announcer.close(LAST_CALL if code < 128 else AFTER_STOP))
                outstream.flush()  # nobody has to wait for GitHub to read how the run ended
                console.notes(end_following(follower, project, LAST_SYNC if code < 128 else AFTER_STOP))
        return code

    def _work(
        self,
        project: Project,
        params: Any,
        run: str,
        executor: LocalExecutor,
        console: Console,
        announcer: Announcer,
        follower: Follower | None,
        todo: _Todo,
        also: Any,
    ) -> int:
        """Execute it, with the lock held; the exit code."""
        from ..engine import Bookkeeping, Reporter, execute
        from ..results import Watchers
        from ..session import open_session
        from ..signals import Stopped
        from ..tasks import tasks_of

        echo = params["verbosity"] == 2
        with (
            console,
            open_session(
                project,
                run,
                executor,
                Watchers(console, announcer, *([follower] if follower is not None else [])),
                echo,
                todo.wait,
                follower.expects if follower is not None else lambda phase: False,
            ) as session,
        ):
            if follower is not None:
                follower.start()
            announcer.plan("plan.started")
            reporter = Reporter(project.plan, session, project.masker.text, also)
            bookkeeping = Globals.dep_manager = Bookkeeping(project.plan, project.state)
            tasks = [*tasks_of(todo.phases, project.look, session), *todo.chosen.own]
            console.notes(project.plan.notes)
            stopped_by = None
            try:
                execute(project.plan, tasks, [*todo.selected, *todo.chosen.own_names], bookkeeping, reporter, params)
            except Stopped as stopped:
                stopped_by = stopped.number
                session.stop()
            gates = [name for name in todo.selected if name in project.plan.phases]
            session.close(alone=project.plan.phases_of(name for name in todo.selected if name not in gates))
            missed = session.missed(gates)
            console.summary(session, reporter, missed, stopped_by)
            code = 128 + stopped_by if stopped_by is not None else _exit_code(session, reporter, missed)
            announcer.plan(PLAN_ENDS.get(code, "plan.failed"), exit_code=code, **session.counts())
        return code

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


def raise_file_limit() -> None:
    """Each work takes a few file descriptors, and the usual limit, of 1024, is meant for programs that use `select`."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS does not mean its "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _only_judged(standing: Standing) -> bool:
    """Is its work done, and nothing before it runs, after which it may have to run again?"""
    return standing.work_is_current and not any(reason.kind == "upstream" for reason in standing.reasons)


def _exit_code(session: Session, reporter: Reporter, missed: Sequence[str]) -> int:
    from ..results import End

    ends = {result.end for result in session.results.values()}
    if reporter.errors:
        return ERROR
    if End.FAILED in ends or reporter.failures:
        return FAILED
    if End.WAITING in ends:
        return WAITING
    return ERROR if missed else DONE


def _nothing_to_do(project: Project, outstream: TextIO, phases: Sequence[str]) -> int:
    """Say so, and see that it shows elsewhere; the exit code."""
    from criteria.words import one_line

    count = "1 phase is" if len(phases) == 1 else f"all {len(phases)} phases are"
    outstream.write(f"{one_line(project.name)}: {count} done, nothing to do\n")
    outstream.writelines(f"note: {note}\n" for note in catch_up(project))
    tell_actions(project, phases)
    return DONE
