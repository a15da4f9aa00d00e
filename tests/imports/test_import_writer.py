"""What an import writes reads back as what was meant, whatever it was."""

from hypothesis import given
from hypothesis import strategies as st

from criteria.documents.yaml import read
from orchestrator.config.validate import validate
from orchestrator.imports.model import Draft, Imported, Note
from orchestrator.imports.writer import criteria_text, phases_text, scalar

# YAML has no NUL, and no lone surrogates; neither comes out of a file that was read
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)
TRICKY = st.sampled_from(["true", "1", "null", "~", "- x", "a: b", "a #b", "{x}", "[x", "'", '"', "*x", "&x", "%x", "@x", " x",
                          "x ", "a\nb\n", "\n", "a\n  b\n\nc", "  a\nb", "\ta", "é🚀", "\x85", "\u2028", "a,b", "|", ">", "=", "<<"])  # fmt: skip
ANY = st.one_of(TEXTS, TRICKY)
SOME = ANY.filter(lambda text: text.strip() != "")


@given(ANY)
def test_scalars_read_back(text):
    assert read(f"[{scalar(text)}, {scalar(text)}]").data == [text, text]
    assert read(f"a:\n  b: {scalar(text, alone=True)}\n").data == {"a": {"b": text}}


@given(
    run=SOME,
    title=SOME,
    paths=st.lists(SOME, max_size=3),
    env=st.dictionaries(st.sampled_from(["A", "B"]), ANY),
    bash=st.booleans(),
    told=ANY,
    asleep=st.booleans(),
)
def test_phases_read_back(run, title, paths, env, bash, told, asleep):
    work = ["bash", "-e", "-c", run] if bash else run
    draft = Draft("a", "f:1", "a", run=work, title=title, description=run, inputs=paths, env=env, asleep=asleep)
    note = Note("f:1", "a", told, told)
    text = phases_text(Imported("f", "tool", title, (draft, Draft("b", "f:2", "b", run="x")), (note,)))
    found = read(text).data
    expected = {"title": title, "description": run, "run": work}
    expected |= {key: value for key, value in (("inputs", paths), ("env", env)) if value}
    assert found["plan"] == title
    assert found["phases"] == ({} if asleep else {"a": expected}) | {"b": {"run": "x"}}
    assert validate("phases", read(text), "f") == []


def test_criteria_read_back():
    draft = Draft("a", "f:1", "a", run="x", criteria=[{"json": "m: 1.json"}, {"file": "x"}])
    imported = Imported("f", "tool", "p", (draft,), ())
    assert read(criteria_text(imported)).data == {"a": [{"json": "m: 1.json"}, {"file": "x"}]}
    assert validate("criteria", read(criteria_text(imported)), "f") == []
