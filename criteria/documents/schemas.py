"""Whether a document fits a JSON Schema. The home of `jsonschema`. Nothing is ever fetched from a network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from criteria.model import Trouble


@dataclass(frozen=True, slots=True)
class Misfit:
    """How often a document breaks its schema, and the first place where it does."""

    errors: int
    path: str
    message: str


def misfit(document: Any, schema: Any, path: str) -> Misfit | None:
    """None where the document fits. Raises Trouble where the schema, read from `path`, is broken or reaches out."""
    from jsonschema import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    if not isinstance(schema, (dict, bool)):
        raise Trouble(f"{path} is not a JSON Schema: it is neither a mapping nor true or false")
    # the registry that is the default fetches what it does not know
    kind: Any = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        errors = kind(schema, registry=Registry()).iter_errors(document)
        first = next(errors, None)
        return Misfit(1 + sum(1 for _ in errors), first.json_path, first.message) if first else None
    except SchemaError as error:
        raise Trouble(f"{path} is not a JSON Schema: at {error.json_path}: {error.message}") from None
    except Unresolvable as error:
        raise Trouble(f"{path} refers to '{error.ref}', which it does not hold, and nothing is fetched") from None
    except (re.error, ArithmeticError, TypeError, ValueError, AttributeError) as error:
        raise Trouble(f"{path} cannot be applied: {error}") from None
