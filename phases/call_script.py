"""Calls `module:function` in an interpreter of its own. Run by path, with the project first on sys.path.

Only the standard library is imported here: the names `phases`, `criteria`, `orchestrator` belong to the project in
this process. Usage: call_script.py PROJECT MODULE:FUNCTION ARGS-AS-JSON
"""

import contextlib
import importlib
import json
import os
import sys
import traceback
from typing import Any

LONGEST = 200
"""Characters of a name that are told: a pipe that nobody reads before the end holds 64 KiB."""
REPORT_FD = os.environ.pop("PHASEGATE_REPORT", None)
"""Where a failure is told in detail (child.py, REPORT)."""


def main() -> None:
    project, target, args = sys.argv[1:]
    # this script's folder stands on the path (unless PYTHONSAFEPATH is set) where the project's belongs
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [project, *(entry for entry in sys.path if os.path.realpath(entry) != here)]
    sys.argv[1:] = []
    module, _, name = target.partition(":")
    function: Any = importlib.import_module(module)
    for part in name.split("."):
        function = getattr(function, part)
    function(**json.loads(args))


def show(error: BaseException) -> None:
    """The traceback from the user's first line on: ours and the import system's above it are no news."""
    own = (__file__, importlib.__file__)
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in own:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def report(error: BaseException, descriptor: int) -> None:
    """Tell the kind of the error, by its class and those above, and the variable that os.environ did not have."""
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__[:-1]]
    told: dict[str, Any] = {"exceptions": [name.removeprefix("builtins.")[:LONGEST] for name in names][:100]}
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, KeyError) and error.args and frames[-1].f_code is os.environ.__getitem__.__code__:
        told["unset_variable"] = str(error.args[0])[:LONGEST]
    with contextlib.suppress(OSError):
        os.write(descriptor, json.dumps(told).encode())


if __name__ == "__main__":
    if REPORT_FD is not None:
        os.set_inheritable(int(REPORT_FD), False)
    try:
        main()
    except Exception as error:
        if REPORT_FD is not None:
            report(error, int(REPORT_FD))
        show(error)
        sys.exit(1)
