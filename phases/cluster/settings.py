"""Where the cluster is, and how long to be patient with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settings:
    """What `executors.dask` says."""

    address: str | None = None
    """Of the scheduler; None for a cluster that doit starts on this machine, and ends."""
    workers: int = 1
    """Of a cluster on this machine: how many; each executes one command at a time."""
    resources: Mapping[str, float] = field(default_factory=dict)
    """Of a cluster on this machine: what each worker has."""
    tls: tuple[str, str, str] | None = None
    """Files, in PEM: the authority's certificate, doit's own, and the key of that."""
    lease: float = 15.0
    """Seconds that a command goes on without hearing from doit."""
    store: str | None = None
    """A URL through which inputs and outputs go; None where doit and workers share a file system."""
    wait: float = 60.0
    """Seconds to wait for a scheduler, and for a first worker."""
