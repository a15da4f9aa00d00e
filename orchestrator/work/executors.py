"""What executes the works of a plan."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from phases.executor import Executor
from phases.local import LocalExecutor

from .. import __version__
from ..plan import Plan
from ..state.place import FOLDER


def executor_of(plan: Plan, root: Path, run: str, note: Callable[[str], None]) -> Executor:
    """This machine, and the cluster for works that are for it.

    Args:
        note: is told what people should know of the cluster.
    """
    local = LocalExecutor()
    settings = plan.dask
    if settings is None:
        return local

    def cluster() -> Executor:
        from phases.cluster.driver import ClusterExecutor
        from phases.cluster.settings import Settings

        tls = settings.get("tls")
        given = {key: value for key, value in settings.items() if key != "tls"}
        given.setdefault("workers", min(plan.jobs, os.cpu_count() or 1))
        files = (str(root / tls["ca"]), str(root / tls["cert"]), str(root / tls["key"])) if tls else None
        return ClusterExecutor(
            Settings(tls=files, **given), __version__, root / FOLDER / "logs" / run / "cluster", note
        )

    from phases.dispatch import Dispatch

    return Dispatch(local, cluster)
