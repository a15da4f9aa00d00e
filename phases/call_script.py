"""Calls `module:function` in an interpreter of its own. Run by path, with the project first on sys.path.

Only the standard library is imported here: the names `phases`, `criteria`, `orchestrator` belong to the project in
this process. Usage: call_script.py PROJECT MODULE:FUNCTION ARGS-AS-JSON
"""

import importlib
import json
import sys
from typing import Any


def main() -> None:
    project, target, args = sys.argv[1:]
    sys.path[0] = project
    module, _, name = target.partition(":")
    function: Any = importlib.import_module(module)
    for part in name.split("."):
        function = getattr(function, part)
    function(**json.loads(args))


if __name__ == "__main__":
    main()
