"""Facts of a small plan in which one text stands wherever somebody else may write one."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.plan import Input, Phase, Plan, Rule, Work, canonical, gate_text
from orchestrator.reasons import Reason
from orchestrator.standing import PhaseState, Standing
from orchestrator.state.chain import Break
from orchestrator.state.journal import Entry, Event
from orchestrator.state.votes import Answer, Vote
from orchestrator.views.attempts import attempts_data
from orchestrator.views.report.facts import Facts, FileFact

ROOT = Path("/a/project")
RUN = "20260101T000000-000-aaaaaa"
DIGEST = "0123456789abcdef" * 4
BEGUN = 1_767_225_600.0


def is_path(text: str) -> bool:
    """Could a file have this name?"""
    try:
        return bool(os.fsencode(text)) and "\0" not in text and "/" not in text
    except UnicodeEncodeError:
        return False


def facts(text: str) -> Facts:
    """A phase that failed and one behind it, said in this text."""
    path = f"build/{text}"
    task = f"a:run:{text}"
    a = _phase("a", (), task, (Input(f"data/{text}", (), text),), (path,), text)
    b = _phase("b", ("a",), "b:run", (Input(path, ("a",), text),), (), text)
    plan = Plan(text or "plan", {"a": a, "b": b}, 1)
    entries = list(_entries(text, task))
    log = f".doit/logs/{text}.log"
    attempts = attempts_data(entries, [task], frozenset().__contains__)
    there = [path, f"data/{text}", log] if is_path(text) else []
    verdict = {"name": text, "result": "fail", "value": text, "bound": text, "source": text, "message": text}
    verdicts = [{**verdict, "waived_by": None}, {**verdict, "result": "warn", "waived_by": text}]
    return Facts(
        root=ROOT,
        plan=plan,
        status={"plan": plan.name, "state": "failed", "phases": [_status(phase, text, verdicts) for phase in plan]},
        standings={
            "a": Standing(a, PhaseState.FAILED, (Reason("failed", "a", text),), False),
            "b": Standing(b, PhaseState.BLOCKED, (Reason("upstream", "a", text),), False),
        },
        entries=entries,
        attempts={"a": attempts, "b": []},
        votes={"a": [Vote("a", DIGEST, text, text, text, BEGUN, Answer.APPROVE, source=text)]},
        alive=frozenset(),
        files={each: FileFact(3) for each in there},
        tails={log: [text, "", text]},
        head=DIGEST,
        breaks=[Break(3, "edited", text)],
        now=BEGUN + 60,
    )


def _phase(
    name: str, needs: tuple[str, ...], task: str, inputs: tuple[Input, ...], outputs: tuple[str, ...], text: str
) -> Phase:
    definition = canonical({"run": [text, text]} if name == "a" else {"call": text, "args": {text: text}})
    work = Work(task, name, definition, inputs, outputs, None, False)
    rule = Rule(True, by=(text,), quorum=2)
    return Phase(name, text, text, text, needs, (work,), outputs, rule, gate_text([], rule))


def _status(phase: Phase, text: str, verdicts: list[dict[str, object]]) -> dict[str, object]:
    return {
        "phase": phase.name,
        "title": text,
        "state": "failed" if phase.name == "a" else "blocked",
        "reason": text,
        "next": f"`{text}`, then `doit`",
        "verdicts": verdicts,
        "approval": {"by": text, "channel": text, "at": BEGUN},
        "digest": DIGEST,
        "attempts": 1,
        "restored": {
            "at": BEGUN,
            "cache": text,
            "made": {"run": text, "attempt": 1, "at": BEGUN, "by": [text], "host": text},
        },
        "duration_s": 1.5,
        "ended": BEGUN,
    }


def _entries(text: str, task: str):
    seq = 0

    def entry(event: Event, phase: str | None = None, about: str | None = None, **data: object) -> Entry:
        nonlocal seq
        seq += 1
        return Entry(seq, BEGUN + seq, RUN, phase, about, event, data)

    yield entry(Event.RUN_STARTED, pid=1, host=text, by=text)
    yield entry(Event.ATTEMPT_STARTED, "a", task, attempt=1, pid=1, log=f".doit/logs/{text}.log", tried=0)
    told = {"problem": text, "class": "permanent", "rule": text, "exit_code": 1, "signal": None, "peak_memory": 7}
    yield entry(Event.ATTEMPT_ENDED, "a", task, attempt=1, outcome="failed", duration=1.5, **told)
    for value in (text, 3, 4.5):
        metric = {"name": text, "kind": "metric", "value": value, "bound": text, "result": "fail"}
        yield entry(Event.JUDGED, "a", "a", outcome="failed", digest=DIGEST, verdicts=[metric])
    who = {"digest": DIGEST, "by": text, "role": text, "source": text, "channel": text, "reason": text}
    yield entry(Event.APPROVED, "a", **who)
    yield entry(Event.WAIVED, "a", **who, criterion=text, until=None)
    yield entry(Event.RUN_ENDED, ends={text: 1})
