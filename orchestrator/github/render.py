"""What issues, comments and statuses should say: rendered from where the plan stands. Pure, and the same for the same
journal, so that nothing is written while nothing happened.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from criteria.words import one_line

from ..gate.digest import SHORT
from ..gate.judge import HINDRANCE
from ..plan import Plan
from ..reasons import asked_of
from ..views.graph.mermaid import drawable
from ..views.graph.model import Node
from ..views.markdown import ICONS, cell, code, open_points, plan_table, state_line
from ..views.words import change_lines, plural, printable, seconds
from .access import PLAN
from .news import ASKED, DONE, News

LONGEST = 65_000
"""Characters of a body: GitHub takes 65,536."""
LONGEST_GRAPH = 20_000
LONGEST_POINTS = 12_000
LONGEST_TITLE = 200
TITLE = 256
"""Characters that a title may have."""
MOST_ORDERS = 20
DESCRIPTION = 140
"""Characters that the description of a commit's status may have (GitHub's documentation, Commit statuses)."""
RESULTS = {"pass": "[x] ", "warn": "[ ] warning: ", "review": "[ ] ", "fail": "[ ] "}
"""How the line of a verdict begins: what does not hold has no tick, be it waived."""


@dataclass(frozen=True, slots=True)
class IssueText:
    """An issue as it should be."""

    key: str
    mark: str
    """What its body begins with: hidden, and the same for ever."""
    title: str
    body: str
    is_open: bool
    reason: str = "completed"
    """Why it is closed."""


@dataclass(frozen=True, slots=True)
class CommentText:
    """A comment that should be there."""

    key: str
    mark: str
    issue: str
    """The key of its issue."""
    body: str


@dataclass(frozen=True, slots=True)
class StatusText:
    """What should be said of the commit."""

    context: str
    state: str
    description: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All that GitHub should show."""

    issues: tuple[IssueText, ...]
    comments: tuple[CommentText, ...]
    statuses: tuple[StatusText, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the plan stands, as far as it is shown."""

    plan: Plan
    data: Mapping[str, Any]
    """What `doit status --json` says."""
    nodes: Sequence[Node]
    news: Sequence[News]
    head: tuple[int, str]
    """The number and the hash of the journal's newest entry."""


def mark_of(plan: str, kind: str, what: str = "") -> str:
    """The hidden comment by which something of ours is found again; `--` would end it early, so no `-` is in it."""
    parts = [quote(part, safe="", errors="surrogatepass").replace("-", "%2D") for part in (plan, what)]
    return f"<!-- phasegate {kind} {' '.join(filter(None, parts))} -->"


def issue_of(phase: str) -> str:
    """The key of a phase's issue."""
    return f"{PLAN} {phase}"


def is_issue(key: str) -> bool:
    """Is this the key of an issue of ours?"""
    return key == PLAN or key.startswith(f"{PLAN} ")


def picture(
    scene: Scene,
    written: Collection[str] = (),
    said: Collection[str] = (),
    *,
    phase_issues: bool,
    statuses: bool,
) -> Picture:
    """What GitHub should show.

    Args:
        written: the keys of the issues that are there already.
        said: the contexts of the statuses that the commit has already.
    """
    phases = {phase["phase"]: phase for phase in scene.data["phases"]}
    begun = [phase for phase in phases.values() if phase["attempts"] or phase["state"] == "running"]
    issues = [_plan_issue(scene)]
    if phase_issues:
        issues += [_phase_issue(scene, phase) for phase in begun]
    there = {issue.key for issue in issues}
    issues += [_former_issue(scene, key.removeprefix(issue_of(""))) for key in written if key not in there]
    comments = []
    for one in scene.news:
        place = issue_of(one.phase) if one.phase and issue_of(one.phase) in there else PLAN
        mark = mark_of(scene.plan.name, "comment", one.key)
        body = _cut("\n".join([mark, *_told(scene, one, phases)]))
        comments.append(CommentText(one.key, mark, place, body))
    texts = [text for phase in phases.values() if statuses and (text := _status(phase, said))]
    return Picture(tuple(issues), tuple(comments), tuple(texts))


def _plan_issue(scene: Scene) -> IssueText:
    name = scene.plan.name
    mark = mark_of(name, "plan")
    points = open_points(scene.data, LONGEST_POINTS)
    head = [mark, state_line(scene.data)]
    if points:
        head += ["", "### What it waits for", points, *_orders(scene)]
    graph = drawable(scene.nodes)
    if graph is not None and len(graph.text) <= LONGEST_GRAPH:
        left_out = f"\nWithout {plural(graph.left_out, 'phase')} that are done." if graph.left_out else ""
        head += ["", "```mermaid", graph.text.rstrip("\n"), "```", *([left_out] if left_out else [])]
    number, hash_ = scene.head
    journal = f"Journal: {plural(number, 'entry', 'entries')}, head `{hash_}`."
    foot = f"\n\n{journal} Written by phasegate from it; edits are lost."
    text = "\n".join(head) + "\n\n"
    table = plan_table(scene.data, LONGEST - len(text) - len(foot))
    done = scene.data["state"] == "done"
    return IssueText(PLAN, mark, _title(f"Plan {name}"), f"{text}{table}{foot}", not done)


def _phase_issue(scene: Scene, phase: Mapping[str, Any]) -> IssueText:
    name, state = phase["phase"], phase["state"]
    mark = mark_of(scene.plan.name, "phase", name)
    took = "" if phase["duration_s"] is None else f", the last one took {seconds(phase['duration_s'])}"
    lines = [
        mark,
        f"{ICONS[state]} **{cell(phase['title'])}**, a phase of plan **{cell(scene.plan.name)}**, is {state}.",
        *([cell(phase["reason"], 2000)] if phase["reason"] else []),
        "",
        *([f"Digest `{phase['digest'][:SHORT]}`. "] if phase["digest"] else []),
        f"{plural(phase['attempts'], 'attempt')}{took}.",
        *_approved(phase),
        "",
        *(f"- {RESULTS[v['result']]}{code(v['name'])}: {cell(v['message'], 500)}" for v in phase["verdicts"]),
    ]
    text = _cut("\n".join(lines))
    return IssueText(issue_of(name), mark, _title(f"{scene.plan.name}: {name}"), text, state != "done")


def _cut(text: str) -> str:
    """Of a text that GitHub would not take, the lines that it takes."""
    return text if len(text) <= LONGEST else text[:LONGEST].rpartition("\n")[0] + "\n… and more"


def _former_issue(scene: Scene, name: str) -> IssueText:
    """The issue of a phase that has none any more: the plan lost it, or `issues: phase` was taken back."""
    mark, plan = mark_of(scene.plan.name, "phase", name), cell(scene.plan.name)
    if name not in scene.plan.phases:
        told = f"Plan **{plan}** has no phase {code(name)} any more."
    else:
        told = f"{code(name)}, a phase of plan **{plan}**, is shown in the plan's issue."
    return IssueText(
        issue_of(name), mark, _title(f"{scene.plan.name}: {name}"), f"{mark}\n{told}", False, "not_planned"
    )


def _approved(phase: Mapping[str, Any]) -> Iterator[str]:
    approval = phase["approval"]
    if phase["state"] == "done" and approval is not None:
        yield f"Approved by {cell(approval['by'])} ({cell(approval['channel'])})."


def _orders(scene: Scene) -> Iterator[str]:
    """How to open what waits."""
    waiting = [phase for phase in scene.data["phases"] if phase["state"] == "waiting" and phase["digest"]]
    if waiting:
        yield "\nTo open a gate, comment one of these lines, with a reason behind it:"
        yield _fenced([f"/approve {phase['phase']} {phase['digest'][:SHORT]}" for phase in waiting[:MOST_ORDERS]])


def _told(scene: Scene, one: News, phases: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The text of a comment."""
    if one.kind == DONE:
        yield f"✅ **{cell(scene.plan.name)}** is done."
        return
    assert one.phase is not None
    phase, entry = scene.plan.phases[one.phase], one.entry
    title = f"**{cell(phases[one.phase]['title'])}** ({code(phase.name)})"
    if one.kind == ASKED:
        whom = cell(asked_of(phase.rule, phase.rule.quorum))
        yield f"✋ {title} waits for an approval{whom}.{_summons(phase.rule.by)}"
    else:
        yield f"❌ {title} failed."
        if problem := entry.data.get("problem"):
            yield f"\n{cell(problem, 1000)}"
    wrong = [v for v in entry.data.get("verdicts", ()) if v["result"] in ("review", "fail")]
    yield from (f"- {code(v['name'])}: {cell(v['message'], 500)}" for v in wrong[:MOST_ORDERS])
    yield from (f"- {cell(line)}" for line in change_lines(entry.data.get("changes", ())))
    if digest := str(entry.data.get("digest", ""))[:SHORT]:
        yield "\nComment one of these lines, with a reason behind it:"
        can_be = [v["name"] for v in wrong if v["kind"] != HINDRANCE and _can_be_typed(v["name"])]
        waivers = [f"/waive {phase.name} {name} {digest}" for name in can_be[:MOST_ORDERS]]
        approve = [f"/approve {phase.name} {digest}", f"/reject {phase.name}"] if one.kind == ASKED else []
        yield _fenced([*approve, *waivers])


def _summons(names: Sequence[str]) -> str:
    """Those whom a rule names as people or teams of GitHub: they are called, the others are names of anybody."""
    known = [name for name in names if re.fullmatch(r"@[\w-]+(/[\w.-]+)?", name, re.ASCII)]
    return f" {' '.join(known)}" if known else ""


def _can_be_typed(criterion: str) -> bool:
    return "`" not in criterion and printable(one_line(criterion)) == criterion


def _fenced(lines: Sequence[str]) -> str:
    return "\n".join(["```", *lines, "```"])


def _status(phase: Mapping[str, Any], said: Collection[str]) -> StatusText | None:
    """What is said of the commit: once a gate was decided, and from then on."""
    context = f"phasegate/{phase['phase']}"
    state = {"done": "success", "failed": "failure", "waiting": "pending"}.get(phase["state"])
    if state is None and context not in said:
        return None
    told = phase["reason"] or f"{phase['title']} is {phase['state']}"
    return StatusText(context, state or "pending", printable(one_line(told, DESCRIPTION))[:DESCRIPTION])


def _title(text: str) -> str:
    """A title shows text as it is, and pings nobody; what is no character is taken out."""
    return printable(one_line(text, LONGEST_TITLE)).replace("@", "@\u200b")[:TITLE]
