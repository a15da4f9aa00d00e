"""The door: the one import name of ours that is not a common word.

`criteria`, `orchestrator` and `phases` are words that a project may well use for its own folders, and doit puts that
project's folder first on `sys.path` before it reads dodo.py. So nobody outside imports them by name: dodo.py, doit.cfg
and the entry points name `phasegate`, and this module loads the three packages from the folder that it lies in,
whatever stands in front of it. A user's work and checks run in interpreters of their own, where these names are theirs.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from criteria import Verdict as Verdict
    from orchestrator.project import Project as Project

_PUBLIC = {
    "__version__": "orchestrator:__version__",
    "Project": "orchestrator.project:Project",
    "Verdict": "criteria:Verdict",
    "Backend": "orchestrator.state.backend:Backend",
    "Run": "orchestrator.commands.run:Run",
    "Forget": "orchestrator.commands.forget:Forget",
    "Help": "orchestrator.commands.doits:Help",
    "Info": "orchestrator.commands.doits:Info",
    "List": "orchestrator.commands.doits:List",
    "Loader": "orchestrator.commands.loader:Loader",
    "Clean": "orchestrator.commands.clean:Clean",
    "Completion": "orchestrator.commands.completion:Completion",
    "Init": "orchestrator.commands.init:Init",
    "Plan": "orchestrator.commands.plan:PlanAhead",
    "Status": "orchestrator.commands.status:Status",
    "Approve": "orchestrator.commands.approve:Approve",
    "Reject": "orchestrator.commands.reject:Reject",
    "Waive": "orchestrator.commands.waive:Waive",
    "Revoke": "orchestrator.commands.revoke:Revoke",
    "History": "orchestrator.commands.history:History",
    "Watch": "orchestrator.commands.watch:Watch",
    "Graph": "orchestrator.commands.graph:Graph",
    "GitHub": "orchestrator.commands.github:GitHub",
    "Logs": "orchestrator.commands.logs:Logs",
    "Report": "orchestrator.commands.report:Report",
}


def _bind(package: str) -> None:
    """Make `import package` mean ours in this process, even where another one is found first."""
    folder = Path(__file__).parent / package
    bound = sys.modules.get(package)
    if bound is not None and str(folder) in list(getattr(bound, "__path__", [])):
        return
    spec = importlib.util.spec_from_file_location(
        package, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)


for _package in ("criteria", "orchestrator", "phases"):
    _bind(_package)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for: doit imports this module in every command."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'phasegate' has no attribute {name!r}")
    module, attribute = _PUBLIC[name].split(":")
    return getattr(importlib.import_module(module), attribute)


def attempt(order: Any) -> None:
    """What the workers of a Dask cluster are asked to execute: by this name they find it, wherever it is installed."""
    worker, line = (importlib.import_module(f"phases.cluster.{name}") for name in ("worker", "line"))
    end = line.WorkerLine(order["topic"], order["token"])
    try:
        worker.attempt(order, end, importlib.import_module("orchestrator").__version__)
    finally:
        end.close()
