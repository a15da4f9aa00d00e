"""`doit completion` in real shells: a line is typed, then the tab key; what the shell made of it is printed."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

PHASES = {
    "clean_up": {"title": 'It\'s $(touch hurt) `touch hurt`; "x"', "run": "echo 1 > o.txt", "outputs": ["o.txt"]},
    "waits": {"run": "echo '{\"n\": 1}' > build/n.json", "outputs": ["build/n.json"], "approval": "manual"},
    "sweep": {"run": "true", "matrix": {"carrier": ["AA", "UA"]}},
    "spaces": {"run": "echo > 'out dir/$x'", "outputs": ["out dir/$x"]},
}
CRITERIA = {"waits": [{"metric": "enough", "from": "build/n.json", "at": "n", "pass": ">= 2", "review": ">= 1"}]}


def with_our_doit(home: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "TERM": "xterm", "HOME": str(home), "PS1": "", "PYTHONDONTWRITEBYTECODE": "1"}


def needs(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


@pytest.fixture
def plan(project):
    project.phases(PHASES, CRITERIA)
    project.doit("waits").ended(4)
    return project


class Typed:
    """An interactive shell on a terminal of its own."""

    def __init__(self, argv: list[str], folder: Path, setup: str) -> None:
        self.terminal, other = pty.openpty()
        self.process = subprocess.Popen(
            argv, cwd=folder, env=with_our_doit(folder), stdin=other, stdout=other, stderr=other, start_new_session=True
        )
        os.close(other)
        self.seen = ""
        self.write(f"{setup}; echo REA''DY\n")
        self.until(r"^READY")

    def write(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def until(self, pattern: str) -> re.Match[str]:
        deadline = time.monotonic() + 30
        while (found := re.search(pattern, self.seen, re.MULTILINE)) is None:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.terminal], [], [], 0.1)[0]:
                self.seen += os.read(self.terminal, 65536).decode(errors="replace").replace("\r", "")
                self.seen = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", self.seen)
        return found

    def tab(self, line: str) -> str:
        """What a line becomes."""
        self.seen = ""
        self.write(f"{line}\t\x01printf '<%s>' \x05 ENDED; echo\n")
        return self.until(r"^(?:\S* )?(<doit>.*)<ENDED>")[1]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


@pytest.fixture(params=["bash", "zsh"])
def shell(request, plan):
    path = needs(request.param)
    if request.param == "bash":
        argv, setup = [path, "--norc", "-i"], "bind 'set enable-bracketed-paste off'; PS1="
    else:
        argv, setup = [path, "-f", "-i"], "unset zle_bracketed_paste; PROMPT=; autoload -Uz compinit; compinit -u -D"
    typed = Typed(argv, plan.root, f'{setup}; eval "$(doit completion {request.param})"')
    yield typed
    typed.close()


def test_a_line_is_completed_as_it_is_typed(shell, plan):
    assert shell.tab("doit cl") == "<doit><clean>", "a command and a phase begin with it: no further"
    assert shell.tab("doit approve w") == "<doit><approve><waits>"
    assert shell.tab("doit waive waits ") == "<doit><waive><waits><enough>"
    assert shell.tab("doit waits --mode m") == "<doit><waits><--mode><manual>"
    assert shell.tab("doit history --metric en") == "<doit><history><--metric><enough>"
    assert shell.tab("doit logs sweep:run:U") == "<doit><logs><sweep:run:UA>"
    assert shell.tab("doit build/n") == "<doit><build/n.json>"
    assert shell.tab("doit out") == "<doit><out dir/$x>", "what the shell would read otherwise is quoted"
    assert shell.tab("doit -f dod") == "<doit><-f><dodo.py>"
    assert not (plan.root / "hurt").exists()


def test_without_a_plan_there_are_commands_and_no_noise(shell, plan):
    for path in (plan.root / "config").iterdir():
        path.unlink()
    assert shell.tab("doit appr") == "<doit><approve>"
    assert shell.tab("doit wait") == "<doit><wait>"
    plan.write("config/phases.json", "{ broken")
    assert shell.tab("doit wait") == "<doit><wait>"
    assert "rror" not in shell.seen


def test_fish(plan):
    fish = needs("fish")

    def after(line: str) -> list[str]:
        script = f"doit completion fish | source; complete -C {line!r}"
        ran = subprocess.run(
            [fish, "--no-config", "-c", script],
            cwd=plan.root,
            env=with_our_doit(plan.root),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert ran.stderr == ""
        return ran.stdout.splitlines()

    assert after("doit clean_") == ['clean_up\tIt\'s $(touch hurt) `touch hurt`; "x"']
    assert after("doit approve ")[0].startswith("waits"), "what waits comes first"
    assert after("doit waive waits ")[0].startswith("enough\t")
    assert after("doit --mode ") == ["auto", "manual"]
    assert after("doit -f do") == ["dodo.py", "doit.cfg"]
    assert after("doit sweep:run:U") == ["sweep:run:UA\tsweep"]
    assert not (plan.root / "hurt").exists()


def ask(project, *args: str, **env: str):
    return project.doit("completion", *args, env=env)


def test_which_shells_there_are(project):
    ask(project, "csh").ended(3, "bash, zsh, fish")
    ask(project).ended(3, "bash, zsh, fish")
    for shell in ("bash", "zsh", "fish"):
        assert "doit completion" in ask(project, shell).ended(0).out


def test_the_plan_of_another_folder(plan, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for line in (f"doit -d {plan.root} clean_", f"doit -f {plan.root}/dodo.py clean_"):
        ran = plan.doit("completion", "words", env={"PHASEGATE_LINE": line}, cwd=tmp_path / "elsewhere")
        assert ran.ended(0).out.startswith("clean_up\t")


@pytest.mark.parametrize(
    "line", ["", "doit", "doit '", "doit \\", "doit \x1b[31m", "doit a=b ", "doit -d /nonexistent ", "doit --"]
)
def test_no_line_is_an_error(project, line):
    assert ask(project, "words", PHASEGATE_LINE=line).ended(0).err == ""


def test_hostile_titles_and_outputs_stay_words(project):
    project.phases(
        {
            "a": {"run": "true", "title": "x\x1b[31m\ny\tz"},
            "b": {"run": "true", "outputs": ["o\x1b", "o\nvil", "o-ok"]},
        }
    )
    lines = ask(project, "words", PHASEGATE_LINE="doit o").ended(0).out.splitlines()
    assert [line for line in lines if line.startswith("o")] == ["o-ok\tb"]
    assert "a\tx [31m y z\n" in ask(project, "words", PHASEGATE_LINE="doit ").ended(0).out


def test_a_state_that_cannot_be_read_is_passed_over(plan):
    plan.write(".doit.db", "broken" * 1000)
    assert "waits" in ask(plan, "words", PHASEGATE_LINE="doit approve ").ended(0).out
