"""The pictures of docs/report.md, from real runs: `python docs/make_screenshots.py`.

Runs the plan of this repository several times, and a plan of 1,000 phases once, in a temporary folder; writes a report
of each with `doit report`; and photographs them in Chromium. Needs the extras `example` and `browser`, and a Chromium
that Playwright has installed or that is on PATH.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from plans import layered, write_phasegate  # noqa: E402

DOIT = Path(sys.executable).with_name("doit")
DESK, PHONE = (1280, 860), (390, 780)
MOST = 250_000
"""Bytes: a larger picture is kept with 256 colours."""
SHOTS = (
    # name, plan, theme, window, what the address names, where to scroll to
    ("report-light", "flights", "light", DESK, "", ""),
    ("report-dark", "flights", "dark", (1440, 860), "phase-phase_10", ""),
    ("report-graph", "flights", "light", DESK, "", "#graph"),
    ("report-timeline", "flights", "dark", DESK, "", "#timeline"),
    ("report-metrics", "flights", "light", DESK, "", "#metrics"),
    ("report-phone", "flights", "light", PHONE, "", ""),
    ("report-phone-dark", "flights", "dark", PHONE, "phase-phase_12", ""),
    ("report-1000-light", "thousand", "light", DESK, "", ""),
    ("report-1000-dark", "thousand", "dark", DESK, "", "#graph"),
    ("report-1000-phone", "thousand", "dark", PHONE, "", ""),
)


def main() -> None:
    """Make them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "docs/pictures", help="default: docs/pictures")
    parser.add_argument("--keep", type=Path, help="run the plans in this folder, or take those that ran there before")
    given = parser.parse_args()
    given.to.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        for name, make in (("flights", flights), ("thousand", thousand)):
            if not (folder / name).exists():
                make(folder / name)
            doit(folder / name, "report")
        with sync_playwright() as playwright:
            path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for shot in SHOTS:
                photograph(browser, folder, given.to, *shot)
            browser.close()


def flights(folder: Path) -> None:
    """The plan of this repository: other splits, an approval by two people of whom one has answered, and a failure."""
    folder.mkdir(parents=True)
    for part in ("config", "data", "phases"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("dodo.py", "pyproject.toml"):
        shutil.copy(ROOT / part, folder)
    doit(folder)
    for before, now in ((23, 22), (22, 21), (21, 20)):
        edit(folder / "config/phases.yaml", f"train_days: {before}", f"train_days: {now}")
        doit(folder)
    edit(
        folder / "config/phases.yaml",
        "    title: Compare\n",
        "    title: Compare\n    approval: {by: [ada, grace], quorum: 2}\n",
    )
    doit(folder)
    doit(folder, "approve", "phase_10", "-m", "the held-out days are fair ones", who="grace")
    doit(folder, "approve", "phase_10", "-m", "the interval stays clear of 0", who="ada")
    doit(folder)
    edit(folder / "config/phases.yaml", "train_days: 20", "train_days: 19")
    charts = folder / "phases/flights/charts.py"
    edit(charts, "\ndef main(", '\nraise SystemExit("charts: the font Inter is not installed")\n\n\ndef main(')
    doit(folder)
    doit(folder, "approve", "phase_10", "-m", "a day more to judge by", who="grace")


def thousand(folder: Path) -> None:
    """Ten layers of a hundred phases, of which one fails and one asks."""
    folder.mkdir(parents=True)
    write_phasegate(folder, layered(1000))
    plan = folder / "config/phases.yaml"
    edit(plan, "  phase_00437:\n", "  phase_00437:\n    title: the file that is not there\n")
    edit(plan, '"echo 437 > ', '"echo reading; cat build/nowhere; echo 437 > ')
    edit(plan, "  phase_00612:\n", "  phase_00612:\n    approval: manual\n")
    doit(folder, "-n", "2")


def edit(path: Path, before: str, now: str) -> None:
    """Replace a text that must be there, once."""
    text = path.read_text("utf-8")
    assert text.count(before) == 1, (path, before)
    path.write_text(text.replace(before, now), "utf-8")


def doit(folder: Path, *args: str, who: str = "ada") -> None:
    """Run doit, whatever it ends with; what it says goes on."""
    subprocess.run([DOIT, *args], cwd=folder, env={**os.environ, "LOGNAME": who}, check=False)


def photograph(
    browser: Browser,
    folder: Path,
    to: Path,
    name: str,
    plan: str,
    theme: str,
    size: tuple[int, int],
    named: str,
    at: str,
) -> None:
    """One picture."""
    width, height = size
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        device_scale_factor=2 if size == PHONE else 1,
    )
    page.goto((folder / plan / ".doit/report.html").as_uri() + (f"#{named}" if named else ""))
    if at:
        page.locator(at).evaluate("element => element.scrollIntoView()")
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    file = to / f"{name}.png"
    picture.save(file, optimize=True)
    if file.stat().st_size > MOST:
        picture.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.name}  {file.stat().st_size // 1000} kB")
    page.close()


if __name__ == "__main__":
    main()
