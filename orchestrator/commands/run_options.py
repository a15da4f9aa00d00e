"""The options of a run that `doit`, `doit plan` and `doit watch` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doit.exceptions import InvalidCommand

if TYPE_CHECKING:
    from ..project import Project

OPT_MODE = {
    "name": "mode",
    "long": "mode",
    "type": str,
    "default": "",
    "help": "manual: every gate asks a person, whose phase says nothing else; auto: criteria that pass are enough",
}
OPT_WAIT = {
    "name": "wait",
    "long": "wait",
    "type": str,
    "default": "",
    "help": "stay at a gate that waits, so long at most, and go on when it is approved: 90, 5m, 2h",
}

OPT_NO_CACHE = {
    "name": "no_cache",
    "long": "no-cache",
    "type": bool,
    "default": False,
    "help": "neither take anything from the shared cache nor put anything there",
}


def heed_options(project: Project, params: Any) -> float:
    """Do what `-n` and `--mode` ask for, as far as it is done before the run; the seconds that `--wait` asks for.

    Raises:
        InvalidCommand: one of them makes no sense.
    """
    if params["num_process"] < 0:
        raise InvalidCommand(f"-n {params['num_process']}: a number of phases at the same time is 0 or more")
    set_mode(project, params["mode"])
    return _duration(params["wait"])


def set_mode(project: Project, mode: str) -> None:
    """What `--mode` asks for, over `mode` in orchestrator.yaml.

    Raises:
        InvalidCommand: there is no such mode.
    """
    if mode not in ("", "auto", "manual"):
        raise InvalidCommand(f"--mode {mode!r} is not one of auto, manual")
    if mode:
        project.plan = project.plan.in_mode(manual=mode == "manual")


def _duration(text: str) -> float:
    if not text:
        return 0.0
    from criteria import duration

    try:
        return duration(text)
    except ValueError as error:
        raise InvalidCommand(f"--wait: {error}") from None
