"""`s3`: an S3 on loopback, one for all tests of a process."""

from __future__ import annotations

import importlib.util

import pytest


@pytest.fixture(scope="session")
def s3(wait_until):
    for package in ("s3fs", "moto"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install -e '.[test]'")
    from s3_server import s3_server

    with s3_server(wait_until) as server:
        yield server


@pytest.fixture
def s3fs():
    """The package, for what asks a server that is no S3."""
    return pytest.importorskip("s3fs", reason="s3fs is not installed: pip install -e '.[test]'")


@pytest.fixture
def no_proxy(monkeypatch):
    """What goes to loopback goes there."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
