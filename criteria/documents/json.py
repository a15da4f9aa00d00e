"""JSON documents, strictly: NaN and Infinity are no JSON."""

import json
from typing import NoReturn

from criteria.model import Trouble


def read(data: bytes, path: str) -> object:
    """Raises Trouble where the data is not JSON; `path` is where it came from."""
    try:
        return json.loads(data, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise Trouble(f"{path}:{error.lineno}:{error.colno} is not JSON: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise Trouble(f"{path} is not JSON: byte {error.start} is not {error.encoding.upper()}") from None
    except ValueError as error:  # also an integer of thousands of digits, which Python refuses to convert
        raise Trouble(f"{path} is not JSON: {error}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")
