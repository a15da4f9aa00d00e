"""Criteria that start a process: command and check."""

from __future__ import annotations

import os
import select
import shlex
import sys
from collections.abc import Callable

import pytest
from conftest import Project

from criteria import Result, Verdict

ASLEEP = [sys.executable, "-c", "import signal; signal.pause()"]


def test_exit_code_0_passes(project: Project) -> None:
    verdict = project.judge(command="echo one; echo two >&2; echo")
    assert (verdict.result, verdict.value, verdict.bound) == (Result.PASS, 0, "exit code 0")
    assert verdict.message == "echo one; echo two >&2; echo exited with 0: two"


def test_any_other_fails(project: Project) -> None:
    verdict = project.judge(command="echo leak; exit 3", name="leakage")
    assert (verdict.result, verdict.value, verdict.name) == (Result.FAIL, 3, "leakage")
    assert verdict.message == "echo leak; exit 3 exited with 3, must exit with 0: leak"
    assert project.judge(command="false\ntrue").result is Result.FAIL  # sh -e
    assert "was ended by SIGKILL" in project.judge(command="kill -9 $$").message


def test_it_runs_in_the_project_with_the_given_environment_and_no_input(project: Project) -> None:
    project.env["MONTH"] = "7"
    assert project.judge(command='cat; [ "$MONTH" = 7 ]; touch here').result is Result.PASS
    assert (project.root / "here").exists()


def test_a_list_needs_no_shell(project: Project) -> None:
    verdict = project.judge(command=[sys.executable, "-c", "import sys; print(sys.argv[1])", "a b; c"])
    assert verdict.message.endswith("exited with 0: a b; c")


def test_it_cannot_be_started(project: Project) -> None:
    assert project.judge(command=["no-such-tool"]).message == "no-such-tool was not found"
    project.write("tool", "")
    assert project.judge(command=["./tool"]).message == "./tool cannot be started: Permission denied"
    project.root /= "gone"
    assert project.judge(command="true").message == f"the folder {project.root} is missing"


def test_when_its_time_is_up_it_ends_with_all_its_children(project: Project) -> None:
    os.mkfifo(project.root / "held")
    reader = os.open(project.root / "held", os.O_RDONLY | os.O_NONBLOCK)
    project.write("run", f"(echo held; exec {shlex.join(ASLEEP)}) > held &\necho waiting\nwait\n")
    verdict = project.judge(command="sh run", timeout="3s")
    assert (verdict.result, verdict.value) == (Result.FAIL, None)
    assert verdict.message == "sh run was ended, its time was up, must end within 3s: waiting"
    assert os.read(reader, 100) == b"held\n"
    assert select.select([reader], [], [], 60)[0]  # the end of a pipe comes when the last writer is gone
    assert os.read(reader, 100) == b""
    os.close(reader)


def test_what_it_leaves_in_the_background_does_not_hold_it_up(project: Project) -> None:
    verdict = project.judge(command=f"{shlex.join(ASLEEP)} & echo $!", timeout="1m")
    assert verdict.result is Result.PASS
    os.kill(int(verdict.message.rpartition(" ")[2]), 9)


def test_of_much_output_the_last_line_is_told(project: Project) -> None:
    code = "import os; os.write(1, b'\\xff\\0' * 10_000_000); os.write(1, b'\\n\\x1b[32mdone\\x1b[0m\\n')"
    assert project.judge(command=[sys.executable, "-c", code]).message.endswith("exited with 0: done")


Ask = Callable[..., Verdict]


@pytest.fixture
def ask(project: Project) -> Ask:
    """Judge by a check function whose body is given."""

    def asked(body: str, parameters: str = "", **raw: object) -> Verdict:
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        project.write("checks/leak.py", f"def holds({parameters}):\n{lines}\n")
        return project.judge(check="checks.leak:holds", **raw)

    return asked


def test_a_check_says_yes_or_no(ask: Ask) -> None:
    verdict = ask("return True")
    assert (verdict.result, verdict.message) == (Result.PASS, "checks.leak:holds holds")
    assert (verdict.name, verdict.source, verdict.kind) == ("checks.leak:holds", "checks.leak:holds", "check")
    verdict = ask("return False")
    assert (verdict.result, verdict.message) == (Result.FAIL, "checks.leak:holds does not hold")
    assert ask("import numpy\nreturn numpy.bool_(True)").result is Result.PASS


def test_a_check_gives_a_verdict(ask: Ask) -> None:
    verdict = ask("return {'result': 'review', 'value': 0.25, 'bound': '<= 0.2', 'message': 'look at it'}")
    assert (verdict.result, verdict.value, verdict.bound) == (Result.REVIEW, 0.25, "<= 0.2")
    assert verdict.message == "look at it"
    body = "import numpy\nfrom types import SimpleNamespace\n"
    body += "return SimpleNamespace(result=False, value=numpy.int64(3), bound='<= 2')"
    assert ask(body).message == "checks.leak:holds 3, must be <= 2"
    assert ask("return {'result': 'warn'}").result is Result.WARN
    assert ask("return {'result': 'fail'}", severity="warn").result is Result.WARN
    assert ask("import enum\nclass R(enum.Enum):\n    P = 'pass'\nreturn {'result': R.P}").result is Result.PASS


def test_a_check_gets_its_arguments_and_environment(ask: Ask, project: Project) -> None:
    project.env["WHERE"] = "x"
    body = "import os\nprint('hello')\nreturn (month, carriers, os.environ['WHERE']) == (7, ['AA'], 'x')"
    assert ask(body, "month, carriers", args={"month": 7, "carriers": ["AA"]}).result is Result.PASS


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('bad\\nrows')", "ValueError: bad rows (checks/leak.py:2)"),
        ("assert 1 == 2", "AssertionError (checks/leak.py:2)"),
        (
            "import json\njson.loads('')",
            "JSONDecodeError: Expecting value: line 1 column 1 (char 0) (checks/leak.py:3)",
        ),
        ("import sys\nsys.exit(0)", "SystemExit: 0 (checks/leak.py:3)"),
        ("import os\nos.chdir('/')\nraise KeyError(1)", "KeyError: 1 (checks/leak.py:4)"),
        ("return 1 +", "SyntaxError: invalid syntax (checks/leak.py:2)"),
        (
            "return None",
            "checks.leak:holds returned NoneType (None), wanted is a bool, or a mapping or object with result",
        ),
        ("return 1", "checks.leak:holds returned int (1), wanted"),
        ("return {'result': 'good'}", "checks.leak:holds gave the result 'good', wanted"),
        ("return {'result': []}", "checks.leak:holds gave the result [], wanted"),
        ("return {'result': True, 'value': float('nan')}", "checks.leak:holds: its value is NaN"),
        ("return {'result': True, 'value': [1]}", "checks.leak:holds gave a list as value"),
        ("import os\nprint('bye', flush=True)\nos._exit(0)", "checks.leak:holds exited with 0 before it returned: bye"),
        ("import os\nos.abort()", "checks.leak:holds was ended by SIGABRT before it returned"),
        ("import inspect\nreturn inspect", "checks.leak:holds returned module"),
        ("def f(): return f()\nreturn f()", "RecursionError: "),
    ],
)
def test_a_check_that_fails_to_answer(ask: Ask, body: str, message: str) -> None:
    verdict = ask(body)
    assert verdict.result is Result.FAIL
    assert verdict.message.startswith(message)


def test_a_check_that_is_not_there(project: Project) -> None:
    project.write("checks/leak.py", "holds = 1\n")
    told = {
        "checks.none:f": "ModuleNotFoundError: No module named 'checks.none'",
        "checks.leak:hold": "AttributeError: module 'checks.leak' has no attribute 'hold'",
        "checks.leak:holds": "holds in checks.leak is not a function but int",
    }
    assert {check: project.judge(check=check).message for check in told} == told


def test_wrong_arguments_are_told(ask: Ask) -> None:
    assert (
        ask("return True", args={"month": 7}).message == "TypeError: holds() got an unexpected keyword argument 'month'"
    )


def test_a_check_whose_time_is_up(ask: Ask) -> None:
    verdict = ask("import signal\nsignal.pause()", timeout="100ms")
    assert verdict.message == "checks.leak:holds was ended, its time was up, must end within 100ms"


@pytest.mark.parametrize("safe", [False, True])
def test_the_project_may_have_modules_named_like_ours(project: Project, safe: bool) -> None:
    if safe:
        project.env["PYTHONSAFEPATH"] = "1"
    project.write("criteria/__init__.py", "")
    project.write("criteria/model.py", "def holds(): return True\n")
    project.write("model.py", "def holds(): return True\n")
    project.write("words.py", "raise RuntimeError('this is not ours')\n")
    assert project.judge(check="criteria.model:holds").result is Result.PASS
    assert project.judge(check="model:holds").result is Result.PASS
