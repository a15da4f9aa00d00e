"""No tool, but what is in reach of one: a loop in Python that keeps of each step what phasegate keeps, and does nothing
else. No plan is read, nothing is decided, masked, timed out, retried or ended, and the disk is waited for once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from graphs import Graph

from builders.base import Builder

LOOP = """
import hashlib, json, os, select, sqlite3, sys, time

JOBS = int(sys.argv[1])
ROWS = {row[0]: row for row in STEPS}
MAKERS = {output: number for number, _, outputs, _ in STEPS for output in outputs}
FOLLOWING, left = {}, {}
for number, inputs, _, _ in STEPS:
    needs = {MAKERS[path] for path in inputs if path in MAKERS}
    left[number] = len(needs)
    for need in needs:
        FOLLOWING.setdefault(need, []).append(number)

encoded = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
state = sqlite3.connect(".state.db", isolation_level=None)
state.execute("pragma journal_mode = wal")
state.execute("pragma synchronous = normal")
state.execute("create table journal (seq integer primary key, at real, event text, task text, data text, hash text)")
state.execute("create table records (task text primary key, data text)")
os.mkdir("logs")
digests, entries, records, newest = {}, [], [], ""


def digest(path):
    '''Of what a file holds, read once for each of its states.'''
    stat = os.stat(path)
    stamp = stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns
    if digests.get(path, ("", None))[1] != stamp:
        with open(path, "rb", buffering=0) as file:
            digests[path] = hashlib.sha256(file.read()).hexdigest(), stamp
    return digests[path]


def note(event, task, **data):
    '''One entry of the journal, chained to the one before.'''
    global newest
    entry = time.time(), event, task, encoded(data)
    newest = hashlib.sha256(encoded([newest, *entry]).encode()).hexdigest()
    entries.append((*entry, newest))


def commit():
    state.execute("begin")
    state.executemany("insert into journal (at, event, task, data, hash) values (?, ?, ?, ?, ?)", entries)
    state.executemany("insert into records values (?, ?)", records)
    state.execute("commit")
    entries.clear()
    records.clear()


def start(number):
    _, inputs, _, command = ROWS[number]
    task = f"step_{number:05}"
    read = {path: digest(path) for path in inputs}
    log = os.open(f"logs/{task}.1.log", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    reading, writing = os.pipe()
    pid = os.posix_spawn(
        "/bin/sh", ["sh", "-e", "-c", command], {**os.environ, "STEP_TASK": task},
        file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_DUP2, writing, 2)], setsid=True,
    )
    os.close(writing)
    end = os.pidfd_open(pid)
    poll.register(end, select.POLLIN)
    running[end] = number, pid, reading, log, read, time.monotonic()
    note("attempt.started", task, attempt=1, pid=pid, log=f"logs/{task}.1.log")


def ended(end):
    number, pid, reading, log, read, began = running.pop(end)
    poll.unregister(end)
    os.close(end)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"step {number} failed")
    while said := os.read(reading, 65536):
        os.write(log, said)
    os.close(reading)
    os.close(log)
    _, inputs, outputs, command = ROWS[number]
    task = f"step_{number:05}"
    if read != {path: digest(path) for path in inputs}:
        sys.exit(f"an input of step {number} changed")
    made = {path: digest(path) for path in outputs}
    took = time.monotonic() - began
    of = hashlib.sha256(encoded([read, made, command]).encode()).hexdigest()
    note("attempt.ended", task, attempt=1, outcome="succeeded", duration=took, peak_memory=usage.ru_maxrss)
    note("work.done", task, digest=of)
    note("judged", task, verdicts=[{"file": outputs[0], "result": "pass"}], digest=of)
    note("opened", task, by="policy", digest=of)
    records.append((f"{task}:run", encoded({"command": command, "inputs": read, "outputs": made})))
    records.append((task, encoded({"digest": of})))
    commit()
    print(f"done     {task}  {took:.1f} s")
    for follower in FOLLOWING.get(number, ()):
        left[follower] -= 1
        if not left[follower]:
            ready.append(follower)


poll, running = select.poll(), {}
ready = [number for number in reversed(left) if not left[number]]
while ready or running:
    while ready and len(running) < JOBS:
        start(ready.pop())
    for end, _ in poll.poll():
        ended(end)
state.execute("pragma wal_checkpoint(full)")
"""


class Floor(Builder):
    name = "a loop in Python"
    package = None
    program = sys.executable
    state = (".state.db*", "logs")
    durable = "step by step, waited for when the run ends"
    only: ClassVar[frozenset[str] | None] = frozenset({"run2"})

    def write(self, folder: Path, graph: Graph) -> None:
        (folder / "loop.py").write_text(graph.python() + LOOP)

    def command(self, jobs: int) -> list[str]:
        return [*self.start, "loop.py", str(jobs)]
