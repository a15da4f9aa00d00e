"""`browser`: a headless Chromium, where there is one; `axe`: axe-core, where it can be had."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

AXE = "4.14.1"
INTEGRITY = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""SHA-512 of its archive, as the registry has it."""
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


@pytest.fixture(scope="session")
def browser():
    """Chromium: Playwright's own, or one that is on PATH."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra `browser` is not installed")
    with playwright.sync_playwright() as driver:
        own = Path(driver.chromium.executable_path)
        path = str(own) if own.exists() else next(filter(None, map(shutil.which, CHROMIUMS)), None)
        if path is None:
            pytest.skip("no Chromium: playwright install --with-deps chromium")
        chromium = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe(request) -> str:
    """The script of axe-core, fetched once by npm and kept beside pytest's cache."""
    folder = request.config.cache.mkdir("axe")
    archive = folder / f"axe-core-{AXE}.tgz"
    if not archive.exists():
        if shutil.which("npm") is None:
            pytest.skip("axe-core is fetched by npm, which is not here")
        fetched = subprocess.run(
            ["npm", "pack", "--silent", f"axe-core@{AXE}"], cwd=folder, capture_output=True, text=True, check=False
        )
        if fetched.returncode:
            pytest.skip(f"axe-core cannot be fetched: {fetched.stderr.strip()[-200:]}")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert digest == INTEGRITY, f"{archive} is not what the registry has"
    with tarfile.open(archive) as files:
        script = files.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()
