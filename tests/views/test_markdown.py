"""What comes from outside stays text in GitHub's Markdown: rendered, and compared with what it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from criteria.words import one_line
from orchestrator.views.markdown import ICONS, LONGEST, cell, code, open_points, plan_table, state_line, table

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = [
    "--><script>alert(1)</script>",
    "@everyone, @octo-org/team and ada@example.org",
    "#12 GH-3 octo/repo#4",
    "a|b `c` \\| d\\",
    "https://example.org/x www.example.org",
    "*a* _b_ __c__ ~~d~~ [x](y) ![i](j) $x$ [^1] :smile:",
    "1. x",
    "10) x",
    "- [ ] x",
    "+ x",
    "# x",
    "---",
    "===",
    "x\n\n# y",
    "> q",
    "```",
    "&lt;b&gt; &#64;everyone",
    "<!-- x -->",
    "\u202egpj.exe",
    "\\",
    "|",
    "\x1b[31mred",
]
MARKS = "|`\\*_~[]()<>&$#@:!-+=1.^ \nab/"


def plain(text: str) -> str:
    """The text as it should be seen."""
    return re.sub("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]", "", text)


def rendered(markdown: str) -> tuple[str, str]:
    """What is seen of it, and the markup around it."""
    html = GITHUB.render(markdown).strip()
    seen = re.sub("<[^>]*>", "", html).replace("&lt;", "<").replace("&gt;", ">")
    return seen.replace("&quot;", '"').replace("&amp;", "&"), "".join(re.findall("<[^>]*>", html))


def assert_passive(text: str) -> None:
    seen, markup = rendered(cell(text))
    assert markup in ("<p></p>", "")
    assert seen.replace("\u200b", "") == one_line(plain(text), LONGEST).strip()
    assert not re.search(r"@\w|#\w|GH-\d|://|www\.|:[\w+-]+:", seen, re.IGNORECASE), seen


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_seen_and_does_nothing(text):
    assert_passive(text)


@given(st.text(MARKS, max_size=40) | st.text(max_size=40))
def test_any_text_is_seen_and_does_nothing(text):
    assert_passive(text)


@given(st.lists(st.tuples(st.text(MARKS), st.text(MARKS)), min_size=1, max_size=4))
def test_a_table_has_the_cells_that_it_was_given(rows):
    markdown = table([("a", "b"), *((cell(a), code(b)) for a, b in rows)])
    tokens = [token for token in GITHUB.parse(markdown) if token.type == "inline"]
    assert len(tokens) == 2 + 2 * len(rows)
    assert rendered(markdown)[1].count("<tr>") == 1 + len(rows)


@given(st.text(MARKS + "xyz", max_size=30))
def test_code_is_code_whatever_is_in_it(text):
    seen, markup = rendered(code(text))
    assert seen.replace("\u200b", "") == one_line(text)
    assert markup == ("<p><code></code></p>" if seen else "")


def phase(name, state="done", **more):
    data = {
        "phase": name,
        "title": name,
        "state": state,
        "reason": None,
        "next": None,
        "verdicts": [],
        "approval": None,
        "digest": None,
        "attempts": 1,
        "duration_s": 1.25,
        "ended": 0.0,
    }
    return {**data, **more}


def verdict(name, result, message="m", waived_by=None):
    told = {"name": name, "result": result, "value": 1, "bound": "", "source": "", "message": message}
    return {**told, "waived_by": waived_by}


def test_the_table_says_state_verdicts_duration_and_approval():
    ada = {"by": "@ada", "channel": "command line", "at": 0.0}
    data = {
        "plan": "p",
        "state": "failed",
        "phases": [
            phase("a", title="First", verdicts=[verdict("x", "pass"), verdict("y", "review")], approval=ada),
            phase("b", "failed", reason="y is 3", verdicts=[verdict("x|", "fail"), verdict("y", "pass")]),
            phase("c", "blocked", reason="b is failed", duration_s=None),
            phase("w", verdicts=[verdict("x", "pass"), verdict("y", "warn"), verdict("z", "warn", "m", "@ada")]),
            phase("d", approval={"by": "policy", "channel": "policy", "at": 0.0}),
        ],
    }
    assert plan_table(data).splitlines() == [
        "| state | phase | title | criteria | took | approval |",
        "| --- | --- | --- | --- | --- | --- |",
        "| ✅ done | `a` | First | 1 of 2, 1 decided by a person | 1.2 s | by @&#8203;ada |",
        "| ❌ failed | `b` |  | 1 of 2, not <code>x&#124;</code> | 1.2 s | y is 3 |",
        "| ⛔ blocked | `c` |  |  |  | b is failed |",
        "| ✅ done | `w` |  | 1 of 3, 1 warning, 1 waived by @&#8203;ada | 1.2 s |  |",
        "| ✅ done | `d` |  |  | 1.2 s |  |",
    ]
    assert state_line(data) == "❌ **p** is failed: 3 done, 1 failed, 1 blocked"


def test_what_waits_comes_before_what_failed():
    data = {
        "plan": "p",
        "state": "failed",
        "phases": [
            phase("a"),
            phase("b", "failed", reason="<b>", verdicts=[verdict("x", "fail", "x is @3"), verdict("y", "pass")]),
            phase("c", "waiting", reason="waits for an approval by ada", next="`doit approve c`, then `doit`"),
            phase("d", "blocked", reason="b is failed"),
        ],
    }
    assert open_points(data).splitlines() == [
        "- ✋ `c`: waits for an approval by ada",
        "  - next: `doit approve c`, then `doit`",
        "- ❌ `b`: &lt;b&gt;",
        "  - x is @&#8203;3",
    ]
    assert open_points({**data, "phases": [phase("a")]}) == ""


def test_a_large_plan_is_cut_where_it_says_least():
    phases = [phase(f"phase_{n}", "failed" if n == 1500 else "done", title="x" * 60) for n in range(2000)]
    data = {"plan": "p", "state": "failed", "phases": phases}
    text = plan_table(data, 20_000)
    assert 15_000 < len(text) <= 20_000
    assert "`phase_1500`" in text
    shown = text.count("| `phase_")
    assert text.endswith(f"… and {2000 - shown} more phases")
    assert len(plan_table({**data, "phases": phases[:1]}, 0)) < 300


def test_every_state_has_its_picture():
    from orchestrator.standing import PhaseState

    assert set(ICONS) == {state.value for state in PhaseState}
