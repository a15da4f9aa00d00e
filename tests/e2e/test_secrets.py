"""Variables of `.env` and the environment: who gets them, and that what is secret of them is never shown or stored."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

FILE = 'Gr8 "f1l3"/p&ss+wörd'
"""A value of `.env`: with everything that some spelling escapes."""
ENVIRONMENT = "sk-4f9a%/Zq+0b77e1"
"""Of a variable of the environment whose name says that it is secret."""
LITERAL = "l1t3ral-pa55w0rd"
"""In the `env` of a phase, by such a name."""


def spellings(secret: str) -> list[str]:
    """As programs print it. Of base64 what lies whole within the secret, and the whole with a user before it."""
    return [
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"user:{secret}".encode()).decode(),
        base64.b64encode(f"user:{secret}".encode()).decode()[8:-4],
    ]


def found_in(data: bytes | str, secret: str) -> list[str]:
    """The spellings of a secret that are there."""
    data = data.encode() if isinstance(data, str) else data
    return [spelling for spelling in spellings(secret) if spelling.encode() in data]


def stored(project) -> dict[str, bytes]:
    """All files that we keep, but the compiled plan: that holds what config/ holds."""
    kept = [*(project.root / ".doit").rglob("*"), *project.root.glob(".doit.db*")]
    return {
        str(path.relative_to(project.root)): path.read_bytes()
        for path in kept
        if path.is_file() and path.name != "plan"
    }


def dotenv(project, **values: str) -> None:
    project.write(".env", "".join(f"{name}='{value}'\n" for name, value in values.items()))


# who gets them


def test_dotenv_reaches_those_who_name_it_and_nobody_else(project):
    dotenv(project, LOGIN="me-myself", STAGE="staging", BOTH="from .env")
    phases = {
        "named": {
            "run": 'printf "%s|" "$WHO" "$WHERE" "$BOTH" "$PRICE" "$EMPTY" "${LOGIN-unset}" > named.txt',
            "env": {
                "WHO": "${LOGIN}",
                "WHERE": "https://${STAGE}/${LOGIN}?x=$STAGE",
                "BOTH": "${BOTH}",
                "PRICE": "$${STAGE} costs 5$",
                "EMPTY": "${NOTHING}",
            },
            "outputs": ["named.txt"],
        },
        "other": {"run": 'printf "%s|" "${LOGIN-unset}" "$BOTH" > other.txt', "outputs": ["other.txt"]},
        "called": {"call": "steps.show:main", "env": {"STAGE": "${STAGE}"}, "outputs": ["called.txt"]},
    }
    project.write(
        "steps/show.py",
        "import os\ndef main(): open('called.txt', 'w').write(f'{os.environ[\"STAGE\"]} {os.environ.get(\"LOGIN\")}')\n",
    )
    project.phases(phases, {"other": [{"command": 'test -z "$LOGIN"'}]})
    project.doit(env={"BOTH": "from the environment", "NOTHING": ""}).done("named", "other", "called")
    assert project.read("named.txt").split("|") == [
        "me-myself",
        "https://staging/me-myself?x=$STAGE",
        "from the environment",
        "${STAGE} costs 5$",
        "",
        "unset",
        "",
    ]
    assert project.read("other.txt") == "unset|from the environment|"
    assert project.read("called.txt") == "staging None"


def test_a_variable_that_nobody_set_is_refused_before_anything_runs(project):
    project.write(
        "config/phases.yaml",
        "phases:\n"
        "  first: {run: echo first >> ran.txt}\n"
        "  a:\n"
        "    run: echo a >> ran.txt\n"
        '    env: {URL: "https://${NO_SUCH_HOST}/${NO_SUCH_PATH}", TEXT: "$${FREE}"}\n'
        "  slices: {run: x, matrix: {n: [1, 2]}, env: {X: '${NO_SUCH_X}'}}\n",
    )
    why = "which is neither in the environment nor in .env"
    ran = project.doit().ended(3, "3 problems in the configuration")
    lines = [line for line in (ran.out + ran.err).splitlines() if line.startswith("config/")]
    assert len(lines) == 3
    for line, phase, name in ((4, "a", "NO_SUCH_HOST"), (4, "a", "NO_SUCH_PATH"), (6, "slices", "NO_SUCH_X")):
        [told] = [each for each in lines if name in each]
        assert told.startswith(f"config/phases.yaml:{line}:"), told
        assert told.endswith(f": the env of {phase} names ${{{name}}}, {why}; set {name}")
    assert project.counts() == {}
    dotenv(project, NO_SUCH_HOST="host", NO_SUCH_PATH="path")
    project.doit("first", "a").done("first", "a")


def test_another_value_runs_nothing_again_another_reference_does(project):
    dotenv(project, UPLOAD_TOKEN="first-token", OTHER_TOKEN="other-token")
    work = {"run": 'echo a >> ran.txt; test -n "$UPLOAD_TOKEN"', "env": {"UPLOAD_TOKEN": "${UPLOAD_TOKEN}"}}
    project.phases({"a": work}).doit().done("a")
    dotenv(project, UPLOAD_TOKEN="second-token", OTHER_TOKEN="other-token")
    project.doit().nothing()
    project.doit(env={"UPLOAD_TOKEN": "third-token"}).nothing()
    project.phases({"a": {**work, "env": {"UPLOAD_TOKEN": "${OTHER_TOKEN}"}}}).doit().done("a")
    assert project.counts() == {"a": 2}


# that they are never shown or stored


LEAK = """
import base64, json, os, sys
from urllib.parse import quote, quote_plus

secrets = [os.environ[name] for name in ("UPLOAD", "API_KEY", "DB_PASSWORD")]
for secret in secrets:
    for text in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps({"password": secret}), repr(secret)):
        os.write(1, f"printed {text} and more\\n".encode())
    for user in ("", "user:", "me:"):
        os.write(2, b"Authorization: Basic " + base64.b64encode((user + secret).encode()) + b"\\n")
    for byte in secret.encode():
        os.write(1, bytes([byte]))
    os.write(1, b"\\n")
    for cut in range(1, len(secret.encode())):  # across the border between two chunks of 64 KiB
        line = b"." * 65536
        os.write(1, line[: 65536 - cut] + secret.encode() + b"\\n")
for secret in secrets:
    print(f"quota of {secret} exceeded", flush=True)
os.write(1, secrets[0].encode())  # the last word, without an end of line
sys.exit(int(os.environ["CODE"]))
"""

CRASH = """
import os

class Refused(ConnectionError): pass

def main():
    raise Refused(f"401 for {os.environ['API_KEY']} at {os.environ['UPLOAD']}")

def lookup():
    os.environ[os.environ["API_KEY"]]
"""

CHECKS = """
import os

def holds():
    return {"result": "fail", "value": os.environ["API_KEY"], "message": f"no access with {os.environ['API_KEY']}"}
"""


def test_what_is_secret_is_in_no_byte_that_we_show_or_store(project):
    """Printed by works, in pieces and in disguise; in messages of failures and of verdicts."""
    dotenv(project, UPLOAD=FILE)
    for path, text in {"leak.py": LEAK, "steps/crash.py": CRASH, "steps/checks.py": CHECKS}.items():
        project.write(path, text)
    env = {"UPLOAD": "${UPLOAD}", "DB_PASSWORD": LITERAL}
    write = (
        "import json, os; json.dump({'mae': os.environ['UPLOAD'], 'key': os.environ['API_KEY']}, open('out.json', 'w'))"
    )
    project.phases(
        {
            "leaks": {"run": ["python", "leak.py"], "env": {**env, "CODE": "1"}},
            "passes": {"run": ["python", "leak.py"], "env": {**env, "CODE": "0"}},
            "crashes": {"call": "steps.crash:main", "env": env},
            "looks_up": {"call": "steps.crash:lookup", "env": env, "retry": {"attempts": 2, "wait": 0}},
            "judged": {"run": ["python", "-c", write], "env": env, "outputs": ["out.json"]},
        },
        {
            "judged": [
                {"command": 'echo "denied for $API_KEY"; exit 1', "name": "denied"},
                {"command": 'echo "$(printf %s "user:$API_KEY" | base64)"', "name": "basic"},
                {"check": "steps.checks:holds"},
                {"metric": "mae", "from": "out.json", "at": "mae", "pass": "<= 15"},
                {"metric": "key", "from": "out.json", "at": "key", "pass": "<= 15"},
            ]
        },
        errors=[{"output": "quota .* exceeded", "class": "transient"}],
        retry={"transient": {"attempts": 2, "wait": 0}},
        logs={"max_size": "40MB"},
        jobs=3,
    )
    known = {"API_KEY": ENVIRONMENT}
    surfaces = {"doit -v 2": project.doit("-v", "2", env=known)}
    assert surfaces["doit -v 2"].code == 1, surfaces["doit -v 2"]
    for args in (
        ["status"],
        ["status", "--json"],
        ["logs", "leaks"],
        ["logs", "leaks", "--json"],
        ["info", "leaks"],
        ["history"],
    ):
        surfaces[" ".join(args)] = project.doit(*args, env=known)
    surfaces["another run"] = project.doit("crashes", env=known)

    shown = {name: ran.out + ran.err for name, ran in surfaces.items()}
    assert "quota of *** exceeded" in shown["doit -v 2"], "the sign of what is tried again"
    assert "401 for *** at ***" in shown["doit -v 2"]
    assert "denied for ***" in shown["status --json"]
    assert b"Authorization: Basic" in b"".join(stored(project).values())
    leaks = {
        (where, secret): found
        for where, data in (shown | stored(project)).items()
        for secret in (FILE, ENVIRONMENT, LITERAL)
        if (found := found_in(data, secret))
    }
    # the record of a phase holds its env, as config/ does; the journal has no such excuse
    leaks = {at: found for at, found in leaks.items() if not (at[0].startswith(".doit.db") and at[1] == LITERAL)}
    assert leaks == {}
    journal = "".join(str(row[0]) for row in project.query("select data from journal"))
    assert found_in(journal, LITERAL) == []


def test_nor_is_the_reason_of_an_approval_stored_as_it_is(project):
    dotenv(project, UPLOAD=FILE)
    project.phases({"a": {"run": "true", "approval": "manual", "env": {"DB_PASSWORD": LITERAL}}})
    known = {"API_KEY": ENVIRONMENT}
    project.doit(env=known).ended(4)
    ran = project.doit("approve", "a", "-m", f"works with {FILE} and {ENVIRONMENT} and {LITERAL}", env=known).ended(0)
    for where, data in {"out": (ran.out + ran.err).encode(), **stored(project)}.items():
        assert [found_in(data, secret) for secret in (FILE, ENVIRONMENT)] == [[], []], where
    assert "works with *** and *** and ***" in "".join(str(row) for row in project.query("select data from journal"))
    project.doit(env=known).done("a")


def test_a_literal_that_changed_is_not_told_by_status(project):
    work = {"run": "true", "env": {"DB_PASSWORD": LITERAL, "THREADS": "4"}}
    project.phases({"a": work}).doit().done("a")
    project.phases({"a": {**work, "env": {"DB_PASSWORD": "an0ther-pa55", "THREADS": "8"}}})
    for args in (["status"], ["status", "--json"], ["info", "a:run"]):
        ran = project.doit(*args)
        assert "env changed: {'DB_PASSWORD': '***'" in ran.out, ran
        assert LITERAL not in ran.out
        assert "an0ther" not in ran.out


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [
        ("API_TOKEN", "${LOGIN_VALUE}", "value-of-a-plain-variable"),
        ("API_TOKEN", "prefix-${LOGIN_VALUE}", "prefix-value-of-a-plain-variable"),
        ("API_TOKEN", "pa55-$${HOME}-w0rd", "pa55-${HOME}-w0rd"),
    ],
)
def test_what_a_phase_is_given_by_a_secret_name_is_secret_wherever_it_is_from(project, name, value, printed):
    """`$${` in a literal, and a variable whose own name says nothing."""
    work = {"run": 'printf "got %s\\n" "$API_TOKEN"', "env": {name: value}}
    ran = project.phases({"a": work}).doit("-v", "2", env={"LOGIN_VALUE": "value-of-a-plain-variable"}).done("a")
    assert "got " in ran.out
    assert printed not in ran.out
    assert printed.encode() not in b"".join(
        Path(log).read_bytes() for log in (project.root / ".doit/logs").rglob("*.log")
    )


LONG_SECRET = "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxyz-9876543210"


@pytest.mark.parametrize(
    "criterion",
    [
        {"command": 'printf "%280s %s\\n" "" "denied $API_KEY" | tr " " .; exit 1'},
        {"metric": "mae", "from": "out.json", "at": "mae", "pass": "<= 15"},
    ],
)
def test_a_message_that_is_cut_short_does_not_keep_the_beginning_of_a_secret(project, criterion):
    """What is cut first and masked then is no longer recognized."""
    write = "import json, os; json.dump({'mae': 'key ' + os.environ['API_KEY']}, open('out.json', 'w'))"
    project.phases({"a": {"run": ["python", "-c", write], "outputs": ["out.json"]}}, {"a": [criterion]})
    ran = project.doit(env={"API_KEY": LONG_SECRET})
    assert ran.code == 1, ran
    assert LONG_SECRET[:10] not in ran.out, ran
    assert LONG_SECRET[:10].encode() not in b"".join(stored(project).values())


def test_the_sign_of_a_failure_that_is_cut_short_does_not_either(project):
    project.write("steps/look.py", "import os\ndef main(): os.environ['no such variable: ' + os.environ['API_KEY']]\n")
    project.phases({"a": {"call": "steps.look:main", "retry": {"attempts": 2, "wait": 0}}})
    ran = project.doit(env={"API_KEY": LONG_SECRET})
    assert ran.lines("retrying") == ["a"], ran
    assert LONG_SECRET[:10] not in ran.out, ran
    assert LONG_SECRET[:10].encode() not in b"".join(stored(project).values())


def test_what_a_task_beside_the_plan_fails_with_is_masked_too(project):
    project.phases({"a": {"run": "true"}})
    own = "\nimport os\ndef refused(): raise OSError('401 for ' + os.environ['API_KEY'])\ndef task_own(): return {'actions': [refused]}\n"
    project.write("dodo.py", project.read("dodo.py") + own)
    ran = project.doit("own", env={"API_KEY": ENVIRONMENT})
    assert "401 for ***" in ran.out + ran.err, ran
    assert found_in(ran.out + ran.err, ENVIRONMENT) == []


def test_a_phase_with_nothing_secret_shows_what_it_prints_byte_for_byte(project):
    project.phases({"a": {"run": "printf 'TOKEN=%s \\377\\001\\n' short"}})
    project.doit(env={"SHORT_TOKEN": "short"}).done("a")
    [log] = (project.root / ".doit/logs").rglob("a.1.log")
    assert log.read_bytes() == b"TOKEN=short \xff\x01\n"


def test_a_secret_in_a_title_is_nowhere_shown(project):
    project.write(".env", "API_TOKEN=correct-horse-battery\nMODE=asks\n")
    project.phases(
        {"asks": {"run": "true", "approval": "manual"}, "b": {"title": "with correct-horse-battery", "run": "false"}}
    )
    project.config(
        "github", {"enabled": True, "repository": "a/b", "token": "API_TOKEN", "api_url": "http://127.0.0.1:9"}
    )
    ran = project.doit()
    assert "correct-horse" not in ran.out + ran.err, ran
    assert "with" in ran.ended(1).out
    for command in (
        ["list"],
        ["plan"],
        ["plan", "--json"],
        ["status"],
        ["status", "--json"],
        ["graph"],
        ["graph", "--json"],
        ["report", "-o", "-"],
        ["github", "--dry-run"],
    ):
        told = project.doit(*command).ended(0).out
        assert "correct-horse" not in told, command
        assert "with" in told, command
        assert "asks" in told, "a name that looks like a secret is none"


def test_control_characters_of_the_plan_reach_no_terminal(project):
    project.phases({"a": {"title": "x\x1b[2J\x07\ny", "run": "true"}})
    project.config("phases", {**json.loads(project.read("config/phases.json")), "plan": "p\x1b[31m\nq"})
    for command in (
        [],
        [],
        ["status"],
        ["plan", "--all"],
        ["list"],
        ["list", "--all"],
        ["info", "a"],
        ["history"],
        ["graph"],
    ):
        ran = project.doit(*command).ended(0)
        assert "\x1b" not in ran.out + ran.err, ran
        assert "\x07" not in ran.out + ran.err, ran
