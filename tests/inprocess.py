"""doit's command line in this process: what `doit …` does in a shell, without the start of an interpreter.

A warm command takes 20 to 35 ms, a new process ten times as long. What a process would have of its own is set up
before and put back after: arguments, folder, environment, standard streams, the clock, signal handlers, the search path for
modules, and the modules of the project itself. What a process alone can show (signals, kills, pipes, what is imported,
two at the same time) is for `Project.process`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from doit.doit_cmd import DoitMain
from doit.globals import Globals

CEILING = 300.0
"""Seconds after which a command that hangs ends this process, and shows where every thread of it is."""

DESCRIPTORS = 200
"""So many open ones at the most are left to the garbage collector, which a process that ends does not need."""

ahead = 0.0
"""Seconds that the wall clock of commands is ahead of the true one."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def doit(
    args: list[str], folder: Path, environment: Mapping[str, str], *, merged: bool = False
) -> tuple[int, str, str]:
    """Run one command of doit.

    Args:
        folder: the folder that it is typed in.
        environment: all of its environment variables.
        merged: whether standard error goes where standard output does, as with `2>&1`.

    Returns:
        The exit code, and what it wrote on standard output and standard error.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with _process(args, folder, environment, out, out if merged else err):
            code = _exit_code(args)
        return code, _text(out), _text(err)


def _exit_code(args: list[str]) -> int:
    """What `python -m doit` ends with."""
    try:
        return int(DoitMain().run(args) or 0)
    except SystemExit as exit:
        return exit.code if isinstance(exit.code, int) else 1


@contextlib.contextmanager
def _process(
    args: list[str], folder: Path, environment: Mapping[str, str], out: IO[bytes], err: IO[bytes]
) -> Iterator[None]:
    """What a new process would find, for as long as this lasts."""
    assert threading.current_thread() is threading.main_thread(), "two at the same time are what `process` is for"
    here, around, argv, path = Path.cwd(), dict(os.environ), sys.argv, list(sys.path)
    modules, bytecode = set(sys.modules), sys.dont_write_bytecode
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    faulthandler.dump_traceback_later(CEILING, exit=True, file=sys.__stderr__)
    try:
        with contextlib.ExitStack() as streams:
            sys.argv = ["doit", *args]
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(folder)
            sys.dont_write_bytecode = True
            importlib.invalidate_caches()
            standard_input = streams.enter_context(Path(os.devnull).open())
            streams.enter_context(_replaced(sys, "stdin", standard_input))
            for name, stream, buffering in (("stdout", out, -1), ("stderr", err, 1)):
                text = open(os.dup(stream.fileno()), "w", buffering, encoding="utf-8")  # noqa: PTH123, SIM115
                streams.enter_context(_replaced(sys, name, streams.enter_context(text)))
            streams.enter_context(_replaced(random, "uniform", random.uniform))  # some dodo.py load the dice
            streams.enter_context(_replaced(DoitMain, "BIN_NAME", "doit"))  # it was taken from pytest's arguments
            streams.enter_context(_replaced(time, "time", lambda true=time.time: true() + ahead))
            yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.environ.clear()
        os.environ.update(around)
        os.chdir(here)
        sys.argv, sys.path[:], sys.dont_write_bytecode = argv, path, bytecode
        for name in set(sys.modules) - modules:
            if not _stays(sys.modules[name]):
                del sys.modules[name]
        Globals.dep_manager = None
        gc.unfreeze()  # a run keeps what it has loaded from being looked through
        gc.enable()
        if len(os.listdir("/dev/fd")) > DESCRIPTORS:
            gc.collect()


@contextlib.contextmanager
def _replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """What a module or a class has by this name, replaced."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


INSTALLED = tuple(Path(place).resolve() for place in (sys.prefix, sys.base_prefix, Path(__file__).parent.parent))


def _stays(module: object) -> bool:
    """Is this module one of Python's, a package's or ours, and not a project's?"""
    file = getattr(module, "__file__", None)
    places = [file] if file else list(getattr(module, "__path__", None) or [])
    return all(any(Path(place).resolve().is_relative_to(home) for home in INSTALLED) for place in places)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace").replace("\r\n", "\n")
