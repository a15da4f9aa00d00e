"""The token, and an App's key, are in the header of requests to GitHub and nowhere else, whatever goes wrong."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from fake_faults import Fault

TOKEN = "ghp_T0k/en+of=the tests%wörd42"[:24].replace(" ", "_").replace("ö", "o")
"""With characters that URLs and base64 write otherwise."""
SHOW = "env; echo \"$GITHUB_TOKEN|$APP_KEY\"; cat /proc/$$/environ 2>/dev/null | tr '\\0' '\\n'"
OWN = """
import os, subprocess
def shown():
    print(dict(os.environ)); print(subprocess.run(["env"], capture_output=True, text=True).stdout)
    open("own.txt", "w").write(repr(dict(os.environ)))
def task_own(): return {"actions": [shown], "verbosity": 2}
def task_shell(): return {"actions": ["env > shell.txt"], "verbosity": 2}
"""


def spellings(secret: str) -> set[str]:
    """As programs print it; of base64 what the secret alone determines, behind any user."""
    found = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    raw = secret.encode()
    for before in ("", "token:", "x-access-token:", "user:", "a", "ab"):
        whole = base64.b64encode(before.encode() + raw).decode()
        skip, end = -(-len(before.encode()) * 8 // 6), (len(before.encode()) + len(raw)) * 8 // 6
        found |= {whole, whole[skip:end], base64.urlsafe_b64encode(before.encode() + raw).decode()}
    return {spelling for spelling in found if len(spelling) >= 6}


def found_in(where: bytes | str, secrets: list[str]) -> list[str]:
    data = where.encode() if isinstance(where, str) else where
    return [spelling for secret in secrets for spelling in spellings(secret) if spelling.encode() in data]


class Searched:
    """A project whose every output and file is looked through."""

    def __init__(self, project, github, secrets: list[str]) -> None:
        self.project, self.github, self.secrets = project, github, secrets
        assert found_in("printed " + base64.b64encode(f"x-access-token:{secrets[0]}".encode()).decode(), secrets)

    def doit(self, *args: str):
        ran = self.project.doit(*args)
        assert found_in(ran.out + ran.err, self.secrets) == [], (args, found_in(ran.out + ran.err, self.secrets))
        return ran

    def everything(self) -> None:
        """On disk, and in what was sent; the state with its log, and after it was written back."""
        self.files()
        self.project.query("pragma wal_checkpoint(truncate)")
        self.files()
        for exchange in self.github.exchanges:
            head = {name: value for name, value in exchange.request_headers.items() if name.lower() != "authorization"}
            sent = f"{exchange.path}?{exchange.query} {head}".encode() + exchange.request_body
            assert found_in(sent, self.secrets) == [], exchange

    def files(self) -> None:
        read = 0
        for path in sorted(Path(self.project.root).rglob("*")):
            if path.is_file():
                read += 1
                assert found_in(path.read_bytes(), self.secrets) == [], path
                assert found_in(path.name, self.secrets) == [], path
        assert read > 5


@dataclass(frozen=True)
class Says(Fault):
    """Any body."""

    def response(self, now: float) -> tuple[int, dict[str, str], bytes]:
        return self.status, {"Content-Type": "application/json"}, self.message.encode()


def a_plan(project) -> None:
    project.write(
        "steps/checks.py",
        "import os\ndef holds():\n    return {'result': 'warn', 'message': repr(dict(os.environ))[:9000]}\n",
    )
    project.write(
        "steps/work.py", "import os\ndef main():\n    print(dict(os.environ)); raise RuntimeError(repr(os.environ))\n"
    )
    project.write("dodo.py", project.read("dodo.py") + OWN)
    project.phases(
        {
            "shows": {"run": SHOW + "; env > shows.txt", "outputs": ["shows.txt"]},
            "fails": {"run": SHOW + "; exit 1"},
            "called": {"call": "steps.work:main"},
            "asks": {"run": "true", "approval": "manual"},
        },
        {
            "shows": [
                {"command": f"{SHOW}; env > criterion.txt; false", "severity": "warn"},
                {"check": "steps.checks:holds", "severity": "warn"},
            ]
        },
        triggers=[{"on": "phase.failed", "run": "cat > event.json; env > trigger.txt; env; env >&2; false"}],
    )


def everything_is_tried(searched: Searched) -> None:
    for args in (
        ["-v2"],
        ["-v2"],
        ["own"],
        ["shell"],
        ["github"],
        ["github", "--dry-run"],
        ["github", "--check"],
        ["status"],
        ["status", "--json"],
        ["history"],
        ["logs", "fails"],
        ["info", "fails"],
        ["list"],
    ):
        searched.doit(*args)
    searched.everything()


@pytest.mark.parametrize("given_by", ["environment", ".env"])
def test_a_token_is_in_the_header_alone(github, project, on_github, given_by):
    github.user(github.login, "write", token=TOKEN)
    github.token = TOKEN
    on_github(github, token="ROBOT" if given_by == ".env" else "GITHUB_TOKEN", statuses=True)
    a_plan(project)
    if given_by == ".env":
        project.environment = lambda **more: {**type(project).environment(project), **more}
        outside = project.root.parent / "secret.env"
        outside.write_text(f"ROBOT='{TOKEN}'\n")
        (project.root / ".env").symlink_to(outside)
        searched = Searched(project, github, [TOKEN])
        searched.files = lambda: None  # .env itself holds it
        everything_is_tried(searched)
        (project.root / ".env").unlink()
        del searched.files
    else:
        searched = Searched(project, github, [TOKEN])
        everything_is_tried(searched)
    searched.everything()
    assert [one.request_headers["Authorization"] for one in github.exchanges][:1] == [f"token {TOKEN}"]
    assert len(github.issues()) == 1
    for told in ("shows.txt", "trigger.txt", "own.txt", "criterion.txt", "shell.txt"):
        assert "PATH" in project.read(told), "it did print its environment"


HOSTILE = {
    "gone": None,
    "401 that says what it was sent": Says(
        "x", status=401, message=json.dumps({"message": f"Bad credentials: {TOKEN}"})
    ),
    "422 with the header": Says(
        "x", status=422, message=json.dumps({"message": f"Authorization: token {TOKEN} {quote(TOKEN)}"})
    ),
    "429 in base64": Says("x", status=429, message=json.dumps({"message": base64.b64encode(TOKEN.encode()).decode()})),
    "html": Says("x", status=200, message=f"<html>{TOKEN}</html>"),
    "a page": Says("x", status=502, message=f"<html>{TOKEN}</html>"),
    "wrong shape": Says("x", status=200, message=json.dumps([[TOKEN]])),
    "a login": Says("x", status=200, message=json.dumps({"login": [TOKEN], "number": TOKEN, "id": TOKEN})),
    "no message": Says("x", status=403, message=json.dumps({"message": {"a": TOKEN}})),
    "broken JSON": Says("x", status=200, message='{"login": "' + TOKEN),
}


QUICK = {"401 that says what it was sent", "422 with the header", "429 in base64"}


@pytest.mark.parametrize("hostile", [pytest.param(n, marks=() if n in QUICK else pytest.mark.faults) for n in HOSTILE])
def test_nor_is_it_shown_where_github_fails_or_says_it_aloud(github, project, on_github, hostile):
    github.user(github.login, "write", token=TOKEN)
    github.token = TOKEN
    on_github(github, **({"api_url": "http://127.0.0.1:9"} if HOSTILE[hostile] is None else {}))
    project.phases({"a": {"run": "true", "approval": "manual"}})
    if (fault := HOSTILE[hostile]) is not None:
        github.faults.add("*", "", fault, times=None)
    searched = Searched(project, github, [TOKEN])
    assert "GitHub does not show this yet" in searched.doit("-v2").ended(4).out
    searched.doit("github").ended(2)
    searched.doit("github", "--check").ended(1)
    searched.everything()
    github.exchanges.clear()


def test_an_apps_private_key_and_what_it_signs_are_in_the_header_alone(github, project, on_github):
    app = github.app()
    on_github(github, app={"id": app.id, "private_key": "APP_KEY"}, statuses=False)
    a_plan(project)
    project.environment = lambda **more: {**type(project).environment(project), "APP_KEY": app.private_key, **more}
    lines = [line for line in app.private_key.splitlines() if not line.startswith("-----")]
    searched = Searched(project, github, [app.private_key, *lines])
    everything_is_tried(searched)
    [issue] = github.issues()
    assert issue["user"]["login"] == app.login
    given = {one.request_headers["Authorization"].split()[1] for one in github.exchanges}
    assert len(given) > 1, "one for the App, and one for its installation"
    Searched(project, github, sorted(given)).files()
