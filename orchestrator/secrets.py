"""What is secret in a project: values of variables whose names say so, and all of `.env`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .plan import Plan
from .variables import Variables, references

if TYPE_CHECKING:
    from phases.masking import Masker

TOKEN = "GITHUB_TOKEN"
SECRET = re.compile("TOKEN|SECRET|KEY|PASSWORD", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Does the name of a variable say that its value is nobody's business?"""
    return SECRET.search(name) is not None


def token_variable(github: Mapping[str, Any]) -> str | None:
    """The variable that opens GitHub, as github.yaml has it; None where the plan has no use for one."""
    if github.get("enabled") is False:
        return None
    app = github.get("app")
    return str(app["private_key"] if app else github.get("token") or TOKEN)


def masker(plan: Plan, variables: Variables) -> Masker:
    """Masks all that is secret: of the environment, of `.env`, and what the plan itself gives to its works."""
    from phases.masking import Masker

    inherited = [value for name, value in variables.environment.items() if is_secret(name)]
    given = (*_given(plan, variables), *_filled(_of_the_cache(plan), variables))
    return Masker([*variables.withheld.values(), *variables.dotenv.values(), *inherited, *given])


def _filled(texts: Iterable[str], variables: Variables) -> Iterator[str]:
    for text in texts:
        with contextlib.suppress(KeyError):  # a variable that nobody set gives nothing
            yield variables.fill(text)


def _given(plan: Plan, variables: Variables) -> Iterator[str]:
    """What the plan itself gives to works under a name that says so, as they get it."""
    for work in (work for phase in plan for work in phase.works):
        for name, value in work.env.items():
            if is_secret(name):
                yield from _filled([value], variables)


def cache_credentials(plan: Plan) -> set[str]:
    """The variables that the options of the shared cache name under a name that says so."""
    return {name for text in _of_the_cache(plan) for name in references(text)}


def _of_the_cache(plan: Plan) -> Iterator[str]:
    """The options of the shared cache whose names say that they are secret, as they are written."""

    def found(value: Any, name: str) -> Iterator[str]:
        if isinstance(value, str) and is_secret(name):
            yield value
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                yield from found(inner, str(key))

    return found(plan.cache.options if plan.cache is not None else {}, "")
