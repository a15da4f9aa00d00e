"""Calls `module:function` in an interpreter of its own. Run by path, with the project first on sys.path.

Only the standard library is imported here: the names `phases`, `criteria`, `orchestrator` belong to the project in
this process. Usage: call_script.py PROJECT MODULE:FUNCTION ARGS-AS-JSON
"""

import importlib
import json
import os
import sys
import traceback
from typing import Any


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


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        show(error)
        sys.exit(1)
