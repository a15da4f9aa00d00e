"""doit's own commands that only show something, for readers who leave early (`doit list | head`) and names that are not
there: doit shows a traceback for both (doit 0.37)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from doit.cmd_base import check_tasks_exist
from doit.cmd_help import Help as DoitHelp
from doit.cmd_info import Info as DoitInfo
from doit.cmd_list import List as DoitList

from .common import heard, options_of


class Shown:
    """A command of doit's that only shows something."""

    name: str
    cmdparser: Any

    def parse_execute(self, in_args: list[str]) -> int:
        options_of(self.name, self.cmdparser, in_args)
        return heard(lambda: super(Shown, self).parse_execute(in_args))  # type: ignore[misc]


class List(Shown, DoitList):  # type: ignore[misc]
    """doit's `list`."""

    name = "list"


class Info(Shown, DoitInfo):  # type: ignore[misc]
    """doit's `info`."""

    name = "info"

    def _execute(self, pos_args: Sequence[str], hide_status: bool = False) -> int:
        if len(pos_args) == 1:
            check_tasks_exist({task.name: task for task in self.task_list}, pos_args)
        return super()._execute(pos_args, hide_status)  # type: ignore[no-any-return]


class Help(Shown, DoitHelp):  # type: ignore[misc]
    """doit's `help`."""

    name = "help"
