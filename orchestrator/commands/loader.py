"""doit's loader of dodo.py, made before doit reads the command line: the one place to refuse an empty argument.

`--digest "$UNSET"` in a script gives one. doit looks at the first character of each argument (doit 0.37,
`DoitMain.process_args`), and where there is none it ends with a traceback and 1, which means that a work failed.
"""

from __future__ import annotations

import sys

from doit.cmd_base import DodoTaskLoader

USAGE = 3
"""docs/states.md, Exit codes."""


class Loader(DodoTaskLoader):  # type: ignore[misc]
    """doit's own, with no more to do than that."""

    def __init__(self) -> None:
        if "" in sys.argv[1:]:
            what = "an argument is empty; leave it out, or set the variable that it was to come from"
            sys.stderr.write(f"ERROR: {what}\n")
            raise SystemExit(USAGE)
        super().__init__()
