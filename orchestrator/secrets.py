"""What is secret in a project: values of variables whose names say so, and all of `.env`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .plan import Plan
from .variables import Variables, references

if TYPE_CHECKING:
    from phases.masking import Masker

SECRET = re.compile("TOKEN|SECRET|KEY|PASSWORD", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Does the name of a variable say that its value is nobody's business?"""
    return SECRET.search(name) is not None


def masker(plan: Plan, variables: Variables) -> Masker:
    """Masks all that is secret: of the environment, of `.env`, and what the plan itself gives to its works."""
    from phases.masking import Masker

    environments = [variables.environment, *(work.env for phase in plan for work in phase.works)]
    values = [value for environment in environments for value in _secret(environment)]
    return Masker([*variables.dotenv.values(), *values])


def _secret(environment: Mapping[str, str]) -> Iterable[str]:
    return (value for name, value in environment.items() if is_secret(name) and not references(value))
