"""The tools that are measured: one module each, in the order in which the table names them."""

from __future__ import annotations

from builders.base import Builder
from builders.dvc import Dvc
from builders.floor import Floor
from builders.luigi import Luigi
from builders.make import Make
from builders.ninja import Ninja
from builders.phasegate import Phasegate
from builders.plain_doit import PlainDoit, PlainDoitThreads
from builders.scons import Scons
from builders.snakemake import Snakemake
from builders.task import Task

ALL: tuple[type[Builder], ...] = (
    Phasegate,
    PlainDoit,
    PlainDoitThreads,
    Make,
    Ninja,
    Task,
    Scons,
    Luigi,
    Snakemake,
    Dvc,
    Floor,
)
"""phasegate first, because every ratio is to it."""
