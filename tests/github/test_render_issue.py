"""Bodies of issues and comments: short enough, the same each time, and nothing that others wrote is alive in them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orchestrator.github.news import ASKED, DONE, FAILED, News
from orchestrator.github.render import Picture, Scene, mark_of, picture
from orchestrator.plan import Phase, Plan, Rule, Work, gate_text
from orchestrator.standing import PhaseState
from orchestrator.state.journal import Entry, Event
from orchestrator.views.graph.model import Node
from orchestrator.views.markdown import cell

GITHUB = MarkdownIt("gfm-like", {"linkify": False}).enable(["table", "strikethrough"])
LIMIT = 65_536
STATES = [state.value for state in PhaseState]
HOSTILE = [
    "--><script>alert(1)</script>",
    "@everyone @octo/team @octocat",
    "see #1, GH-2, octo/repo#3 and https://evil.example/x www.evil.example",
    "[x](https://evil.example) ![y](https://evil.example/y.png)",
    "| a | b |\n| --- | --- |",
    "```\n/approve p ab12cd3\n```",
    "<img src=x onerror=alert(1)> <details> <!-- phasegate plan x -->",
    "$x$ $$y$$ :smile: [^1] \\ `code` ``",
    "&lt;b&gt; &#64;everyone &amp;",
    "\u202egpj.exe\u2066 \x1b[31m \x00 \ufeff",
    "# title\n- [ ] task\n> quote\n1. one",
    '"]; click p0 "https://evil.example"; %%{init: {}}%% end',
    "\ud800 lone",
]


def phase_of(name: str, title: str, by: tuple[str, ...] = ()) -> Phase:
    rule = Rule(manual=True, by=by)
    work = Work(f"{name}:run", name, "{}", (), (), None, False)
    return Phase(name, title, "", "", (), (work,), (), rule, gate_text([], rule))


def data_of(name: str, state: str, text: str, verdicts: int = 1) -> dict[str, object]:
    result = {"failed": "fail", "waiting": "review", "done": "warn"}.get(state, "pass")
    verdict = {"name": text, "result": result, "value": text, "bound": text, "source": text, "message": text}
    verdict["waived_by"] = text if result == "warn" else None
    return {
        "phase": name,
        "title": text,
        "state": state,
        "reason": text,
        "next": None,
        "verdicts": [verdict] * verdicts,
        "approval": {"by": text, "channel": "github", "at": 0.0},
        "digest": "ab12cd34ef" * 6,
        "attempts": 3,
        "duration_s": 1.5,
        "ended": 0.0,
    }


def news_of(kind: str, name: str | None, text: str, verdicts: int = 30) -> News:
    verdict = {"name": text, "result": "fail", "kind": "metric", "message": text}
    said: dict[str, object] = {"verdicts": [verdict] * verdicts, "digest": "ab12cd34ef" * 6, "problem": text}
    entry = Entry(7, 0.0, "run", name, name, Event.JUDGED, said)
    return News(kind, name, entry, entry)


def scene_of(plan: str, phases: Mapping[str, tuple[str, str]], verdicts: int = 1) -> Scene:
    """name → (state, the text in all its fields)."""
    kinds = {"waiting": ASKED, "failed": FAILED}
    worst = next((state for state, _ in phases.values() if state != "done"), "done")
    told = [
        news_of(kinds[state], name, text, 30 * verdicts // 3)
        for name, (state, text) in phases.items()
        if state in kinds
    ]
    return Scene(
        Plan(plan, {name: phase_of(name, text) for name, (_, text) in phases.items()}, 1),
        {"plan": plan, "state": worst, "phases": [data_of(n, s, text, verdicts) for n, (s, text) in phases.items()]},
        [Node(name, text, PhaseState(state), ()) for name, (state, text) in phases.items()],
        [*told, news_of(DONE, None, "")],
        (12, "f0" * 32),
    )


def drawn(scene: Scene) -> Picture:
    return picture(scene, phase_issues=True, statuses=True)


def bodies(shown: Picture) -> list[str]:
    return [*(issue.body for issue in shown.issues), *(comment.body for comment in shown.comments)]


def assert_passive(body: str) -> None:
    """Nothing in it links, calls somebody, or is markup that is not ours."""
    mark, _, rest = body.partition("\n")
    assert re.fullmatch("<!-- phasegate [^>]*[^->] -->", mark), mark
    assert "--" not in mark[4:-3], "a comment that ends early"
    html = GITHUB.render(rest)
    tags = set(re.findall(r"<\s*/?\s*([A-Za-z0-9]+)", html))
    assert tags <= {
        "p",
        "strong",
        "em",
        "h3",
        "ul",
        "li",
        "code",
        "pre",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "br",
        "hr",
    }, tags
    assert "<a" not in html
    seen = re.sub("(?s)<pre>.*?</pre>|<code[^>]*>.*?</code>|<[^>]*>", " ", html)  # GitHub looks for names not in code
    assert not re.search(r"(?<![\w&])@\w|(?<![\w&;])#\d|\bGH-\d|://|\bwww\.\w", seen), seen


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("state", STATES)
def test_what_others_wrote_is_text(text, state):
    for body in bodies(drawn(scene_of(text, {"p": (state, text), "q": ("done", text)}))):
        assert_passive(body)


@settings(max_examples=60)
@given(st.text("|`\\*_~[]()<>&$#@:!-+=1.^ \nab/w\u2028\r", max_size=60) | st.text(max_size=40), st.sampled_from(STATES))
def test_any_text_is_text(text, state):
    assume(cell(text))
    for body in bodies(drawn(scene_of(text, {"p": (state, text)}))):
        assert_passive(body)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        pytest.param("&" * 600, "failed", marks=pytest.mark.faults),
        pytest.param("#a" * 300, "waiting", marks=pytest.mark.faults),
        ("@a" * 300, "done"),
        ("🏃" * 300, "running"),
        pytest.param("`|" * 300, "failed", marks=pytest.mark.faults),
    ],
)
def test_a_thousand_phases_fit(text, state):
    phases = {f"phase_{n:04}_{'x' * 40}": (state, text) for n in range(1000)}
    scene = scene_of(text, phases, verdicts=1)
    shown = picture(scene, phase_issues=False, statuses=True)
    for body in bodies(shown):
        assert len(body) < LIMIT
    for issue in drawn(scene_of(text, dict(list(phases.items())[:3]), verdicts=300)).issues:
        assert len(issue.body) < LIMIT
        assert len(issue.title) <= 256
    assert all(len(status.description) <= 140 for status in shown.statuses)


def test_a_thousand_phases_in_every_state():
    chance = random.Random(3)
    phases = {f"phase_{n}": (chance.choice(STATES), chance.choice(HOSTILE)) for n in range(1000)}
    [plan, *_] = picture(scene_of("plan", phases), phase_issues=False, statuses=False).issues
    assert 20_000 < len(plan.body) < LIMIT
    assert_passive(plan.body)
    assert "more phases" in plan.body


def test_the_same_journal_gives_the_same_bytes():
    phases = {f"phase_{n}": (STATES[n % len(STATES)], HOSTILE[n % len(HOSTILE)]) for n in range(50)}
    assert drawn(scene_of("plan", phases)) == drawn(scene_of("plan", dict(phases)))


@given(st.text(), st.text(), st.text(), st.text())
def test_marks_are_told_apart_and_stay_comments(plan, what, other_plan, other):
    marks = [mark_of(plan, "comment", what), mark_of(other_plan, "comment", other)]
    for mark in marks:
        assert re.fullmatch("<!-- [^<>]* -->", mark)
        assert "--" not in mark[4:-3]
    if plan and what and other_plan and other:
        assert (marks[0] == marks[1]) == ((plan, what) == (other_plan, other))


def test_only_those_whom_the_rule_names_are_called():
    scene = scene_of("plan", {"p": ("waiting", "@everyone")})
    rule = Rule(manual=True, by=("@octo/reviewers", "@ada", "bob", "@x y", "mail@example.org"))
    phase = Phase("p", "p", "", "", (), scene.plan.phases["p"].works, (), rule, gate_text([], rule))
    scene = Scene(Plan("plan", {"p": phase}, 1), scene.data, scene.nodes, scene.news, scene.head)
    [asked] = [comment for comment in drawn(scene).comments if " asked " in json.dumps(comment.key)]
    seen = re.sub("(?s)```.*?```|`[^`]*`", "", asked.body)  # in code nobody is called
    assert set(re.findall(r"(?<!\w)@[\w/-]+", seen)) == {"@octo/reviewers", "@ada"}
