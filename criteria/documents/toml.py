"""TOML documents. The home of `tomli`, which stands in for tomllib before Python 3.11."""

import sys

from criteria.model import Trouble

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read(text: str, path: str) -> object:
    """Raises Trouble where the text is not TOML; `path` is where it came from."""
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise Trouble(f"{path} is not TOML: {error}") from None
