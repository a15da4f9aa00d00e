"""The triggers of a run: told at once, delivered in order behind it, with nothing left at its end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestrator.triggers.queue import Triggers
from phases import processes
from phases.masking import Masker

SECRET = "hunter2-hunter2"
WHERE = "trigger config/orchestrator.yaml:4:5"


@pytest.fixture
def triggers(tmp_path):
    """Makes the triggers of a run in `tmp_path`, which do not wait between tries. At the end they are closed."""
    made: list[Triggers] = []

    def triggers(*some, log=tmp_path / "logs/triggers.log", wait=lambda event, seconds: None, **more) -> Triggers:
        environment = {**os.environ, "MY_SECRET": SECRET}
        told = Triggers(
            some, tmp_path, environment, lambda text: text, Masker([SECRET]), log, clock=lambda: 0.0, wait=wait, **more
        )
        made.append(told)
        return told

    yield triggers
    for one in made:
        one.close(0)


@pytest.fixture
def log(tmp_path):
    """The lines of the log."""
    return lambda: (tmp_path / "logs/triggers.log").read_text().splitlines()


def test_who_is_concerned_is_told_in_order(triggers, trigger, happening, tmp_path, log):
    first = trigger("phase.*", run='echo "1 $PHASEGATE_EVENT" >> told')
    second = trigger("phase.failed", run='echo "2 $PHASEGATE_EVENT" >> told')
    run = triggers(first, second)
    for event in ("phase.started", "phase.failed", "plan.failed"):
        run.tell(happening(event))
    assert run.close(100) == []
    told = [(line[0], json.loads(line[2:])["event"]) for line in (tmp_path / "told").read_text().splitlines()]
    assert told == [("1", "phase.started"), ("1", "phase.failed"), ("2", "phase.failed")]
    assert log()[0] == (
        "1970-01-01T00:00:00Z phase.started train_a config/orchestrator.yaml:4:5 "
        'echo "1 $PHASEGATE_EVENT" >> told: exit code 0 (try 1 of 3)'
    )


def test_a_command_that_hangs_does_not_delay_who_tells(triggers, trigger, happening, tmp_path):
    """Were `tell` to wait for the delivery, nobody would open the other end of the pipe."""
    os.mkfifo(tmp_path / "pipe")
    run = triggers(
        trigger("phase.started", run="cat pipe >> told"),
        trigger("phase.succeeded", run='echo "$PHASEGATE_EVENT" >> told'),
    )
    run.tell(happening("phase.started"))
    for number in range(3):
        run.tell(happening("phase.succeeded", number=number))
    (tmp_path / "pipe").write_text("first\n")
    assert run.close(100) == []
    first, *others = (tmp_path / "told").read_text().splitlines()
    assert first == "first"
    assert [json.loads(line)["number"] for line in others] == [0, 1, 2]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_nothing_outlives_the_close(triggers, trigger, happening, tmp_path, wait_until, gone, log):
    detached = "import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(600)"
    script = f"trap '' TERM; {sys.executable} -c '{detached}' > pid & echo $$ > own; wait; wait"
    run = triggers(trigger(run=script))
    run.tell(happening())
    run.tell(happening("plan.failed", None))
    written = (tmp_path / "pid", tmp_path / "own")
    wait_until(lambda: all(path.exists() and path.read_text().strip() for path in written))
    assert run.close(0) == [
        f"{WHERE} on phase.failed: ended with the run",
        f"{WHERE} on plan.failed: the run ended before it was tried",
    ]
    assert [gone(int(path.read_text())) for path in written] == [True, True]
    assert [line.rpartition(": ")[2] for line in log()] == ["ended with the run (try 1 of 3)"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_machine_on_which_it_takes_its_time_to_end_a_command_is_waited_for(
    triggers, trigger, happening, tmp_path, wait_until, gone, monkeypatch
):
    """All its processes are looked at, and one that is busy has many and little time."""
    kill, waits = processes.kill, [6.0]

    def late(*args) -> None:
        if waits:
            threading.Event().wait(waits.pop())
        kill(*args)

    monkeypatch.setattr(processes, "kill", late)
    run = triggers(trigger(run="trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done"))
    run.tell(happening())
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    assert run.close(0) == [f"{WHERE} on phase.failed: ended with the run"]
    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_close_that_a_signal_interrupts_leaves_nothing_running(
    triggers, trigger, happening, tmp_path, wait_until, gone
):
    def raise_it(number, frame):
        raise KeyboardInterrupt

    run = triggers(trigger(run="echo $$ > pid; exec sleep 600"))
    run.tell(happening())
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    before = signal.signal(signal.SIGALRM, raise_it)
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        with pytest.raises(KeyboardInterrupt):
            run.close(60)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_request_is_given_up_at_the_close(triggers, trigger, happening, hooks):
    hooks.silent = True
    run = triggers(trigger(webhook=hooks.url))
    run.tell(happening())
    assert hooks.asked.wait(100)
    assert run.close(0) == [f"{WHERE} on phase.failed: ended with the run"]


def test_what_fails_is_tried_three_times(triggers, trigger, happening, tmp_path):
    waits: list[float] = []
    run = triggers(trigger(run="echo x >> tries; exit 7"), wait=lambda event, seconds: waits.append(seconds))
    run.tell(happening())
    assert run.close(100) == [f"{WHERE} on phase.failed: exit code 7, tried 3 times"]
    assert (tmp_path / "tries").read_text() == "x\n" * 3
    assert len(waits) == 2
    assert all(0 <= wait <= longest for wait, longest in zip(waits, (1, 2), strict=True))


def test_a_server_that_recovers_gets_it(triggers, trigger, happening, hooks, log):
    hooks.statuses = [500, 503]
    run = triggers(trigger(webhook=hooks.url))
    run.tell(happening())
    assert run.close(100) == []
    assert len({body for _, _, body in hooks.got}) == 1
    assert [line.rpartition(": ")[2] for line in log()] == [
        "HTTP 500 (try 1 of 3)",
        "HTTP 503 (try 2 of 3)",
        "HTTP 200 (try 3 of 3)",
    ]


def test_a_wait_ends_at_the_close(triggers, trigger, happening):
    """Not with time: this wait has no other end."""
    waiting = threading.Event()

    def wait(over: threading.Event, seconds: float) -> None:
        waiting.set()
        over.wait()

    run = triggers(trigger(run="exit 7"), wait=wait)
    run.tell(happening())
    assert waiting.wait(200)
    assert run.close(0) == [f"{WHERE} on phase.failed: exit code 7, tried once"]


def test_a_failure_keeps_nobody_from_the_next_delivery(triggers, trigger, happening, tmp_path):
    run = triggers(trigger("phase.failed", run="exit 7"), trigger("plan.*", run="touch told"))
    run.tell(happening())
    run.tell(happening("plan.failed", None))
    assert len(run.close(100)) == 1
    assert (tmp_path / "told").exists()


def test_alike_failures_are_told_once(triggers, trigger, happening):
    run = triggers(trigger(run="exit 7"))
    for _ in range(2):
        run.tell(happening())
    assert run.close(100) == [f"{WHERE} on phase.failed: exit code 7, tried 3 times (2 events)"]


def test_secrets_are_masked_in_the_log_in_every_try(triggers, trigger, happening, tmp_path, log):
    run = triggers(trigger(run=f'cat; echo; echo "$MY_SECRET"; : {"x" * 70} {SECRET}; exit 7'))
    run.tell(happening(problem=f"with {SECRET}"))
    run.close(100)
    text = (tmp_path / "logs/triggers.log").read_text()
    assert SECRET not in text
    assert "hunter2" not in text
    assert len(re.findall(r"\(try \d of 3\)", text)) == 3
    assert text.count("    ***\n") == 3
    assert text.count('"problem": "with ***"') == 3


def test_secrets_are_masked_in_the_sentences(triggers, trigger, happening):
    run = triggers(trigger(run=(f"no-{SECRET}",)))
    run.tell(happening())
    [line] = run.close(100)
    assert "'no-***' was not found" in line


def test_a_log_that_cannot_be_written_is_told_and_hinders_nothing(triggers, trigger, happening, tmp_path):
    (tmp_path / "file").touch()
    run = triggers(trigger(run="touch told"), log=tmp_path / "file/triggers.log")
    run.tell(happening())
    [line] = run.close(100)
    assert line.startswith(f"the triggers' log {tmp_path}/file/triggers.log cannot be written: ")
    assert (tmp_path / "told").exists()


def test_what_cannot_be_sent_at_all_is_no_reason_for_the_next(triggers, trigger, happening, tmp_path):
    endless: list[object] = []
    endless.append(endless)
    run = triggers(trigger(run="touch told"))
    run.tell(happening(data=endless))
    run.tell(happening("plan.done", None))
    [line] = run.close(100)
    assert line.startswith(f"{WHERE} on phase.failed: RecursionError: ")
    assert (tmp_path / "told").exists()


def test_after_the_close_nobody_is_told(triggers, trigger, happening, tmp_path):
    run = triggers(trigger(run="echo x >> told; exit 7"))
    run.tell(happening())
    lost = run.close(100)
    run.tell(happening())
    assert run.close(100) == lost
    assert (tmp_path / "told").read_text() == "x\n" * 3


def test_where_nothing_is_to_be_told_nothing_starts():
    """In an interpreter of its own, because of what it must not import."""
    script = (
        "import sys, threading, pathlib, phasegate\n"
        "from phases.masking import Masker\n"
        "from orchestrator.triggers.model import Happening, Trigger\n"
        "from orchestrator.triggers.queue import Triggers\n"
        "here = pathlib.Path('nowhere')\n"
        "for some in ((), (Trigger('plan.done', (), 'true', None, 1.0, None, 'f:1:1'),)):\n"
        "    run = Triggers(some, here, {}, str, Masker(()), here / 'log')\n"
        "    run.tell(Happening('phase.failed', 'p', 'r', 0.0, 'a'))\n"
        "    assert run.close(60) == []\n"
        "assert threading.active_count() == 1\n"
        "assert not {'requests', 'backoff', 'orchestrator.triggers.deliver'} & set(sys.modules)\n"
        "assert not here.exists()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parent.parent.parent)
