"""YAML and JSON text in; plain data, places and refusals out."""

import json
import math
import string
from functools import partial

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from criteria.documents.yaml import Limits, Place, YamlError, read, read_json

both_parsers = pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)


def refused(text, pure=False, reader=read, **limits):
    """The error that reading `text` raises, as (message, line, column)."""
    call = partial(read, _pure=pure) if reader is read else reader
    with pytest.raises(YamlError) as caught:
        call(text, limits=Limits(**limits))
    error = caught.value
    assert error.line >= 1
    assert error.column >= 1
    return error.message, error.line, error.column


def paths(data, at=()):
    """Every path in a tree with its value."""
    yield at, data
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from paths(value, (*at, key))


def both_places(document, path):
    return document.place(path), document.key_place(path)


# -- what scalars mean ----------------------------------------------------------------------------------------


@both_parsers
@pytest.mark.parametrize(
    ("plain", "value"),
    [
        *[(text, None) for text in ("", "~", "null", "Null", "NULL")],
        *[(text, True) for text in ("true", "True", "TRUE")],
        *[(text, False) for text in ("false", "False", "FALSE")],
        *[("0", 0), ("-0", 0), ("+7", 7), ("42", 42), ("-13", -13), ("9" * 4000, int("9" * 4000))],
        *[("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("-1.5E-2", -0.015), ("0.0", 0.0), ("+.5", 0.5)],
        *[(".inf", math.inf), ("-.Inf", -math.inf), ("+.INF", math.inf)],
        *[(text, text) for text in ("no", "yes", "on", "off", "y", "n", "nUll", "tRue")],
        *[(text, text) for text in ("22:22", "010", "2013-01-01", "1_000", "0x1F", "0o17", "00", "01.5", "1.2.3")],
        *[(text, text) for text in (".", "+", "-.", "e3", "1e", ".e3", "..", "+-1", "inf", "nan", "1 2", "9" * 4001)],
    ],
)
def test_a_plain_scalar_is_what_it_looks_like(plain, value, pure):
    read_value = read(f"key: {plain}\n", _pure=pure).data["key"]
    assert read_value == value
    assert type(read_value) is type(value)


def test_nan():
    assert math.isnan(read("x: .nan").data["x"])


@both_parsers
@pytest.mark.parametrize("text", ["null", "true", "1", "1.5", ".inf", "~", "<<"])
def test_what_is_quoted_tagged_or_in_a_block_is_text(text, pure):
    written = f"a: '{text}'\nb: \"{text}\"\nc: |-\n  {text}\nd: >-\n  {text}\ne: !!str {text}\n"
    assert read(written, _pure=pure).data == dict.fromkeys("abcde", text)


@both_parsers
def test_keys_are_text_as_they_are_written(pure):
    data = read("on: 1\n1: 2\ntrue: 3\n~: 4\n1.50: 5\n2020-01-01: 6\n'q': 7\n? long\n: 8\n", _pure=pure).data
    assert data == {"on": 1, "1": 2, "true": 3, "~": 4, "1.50": 5, "2020-01-01": 6, "q": 7, "long": 8}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\ufeff"])
def test_an_empty_text_is_an_empty_mapping(text):
    document = read(text)
    assert document.data == {}
    assert document.place(["a", 3]) == document.key_place([]) == Place(1, 1)


# -- anchors, aliases, merge keys -----------------------------------------------------------------------------


@both_parsers
def test_an_alias_is_the_thing_it_stands_for(pure):
    document = read("a: &x [1, {k: v}]\nb: *x\nc: &s text\nd: *s\n&k key: *k\n", _pure=pure)
    assert document.data == {"a": [1, {"k": "v"}], "b": [1, {"k": "v"}], "c": "text", "d": "text", "key": "key"}
    assert document.place(["b"]) == Place(2, 4)
    assert document.place(["b", 1, "k"]) == Place(1, 15)
    assert document.place(["d"]) == Place(4, 4)


@both_parsers
def test_own_keys_win_over_merged_ones_and_earlier_sources_over_later(pure):
    text = """
    one: &one {a: 1, b: 1, c: 1}
    two: &two {b: 2, c: 2, d: 2}
    both: {c: 3, <<: [*one, *two], e: 3}
    single: {<<: *two, b: 4}
    inline: {<<: {x: 5}, y: 5}
    nested: {<<: {<<: *one, a: 6}}
    """
    document = read(text, _pure=pure)
    assert document.data["both"] == {"a": 1, "b": 1, "c": 3, "d": 2, "e": 3}
    assert document.data["single"] == {"b": 4, "c": 2, "d": 2}
    assert document.data["inline"] == {"x": 5, "y": 5}
    assert document.data["nested"] == {"a": 6, "b": 1, "c": 1}
    assert document.place(["both", "d"]) == Place(3, 31)
    assert document.key_place(["both", "d"]) == Place(3, 28)


names = st.sampled_from("abcde")
flat = st.dictionaries(names, st.integers(0, 9), max_size=4)


@given(st.lists(flat, min_size=1, max_size=4), flat)
def test_merging_agrees_with_pyyaml(sources, own):
    lines = [f"s{i}: &s{i} {json.dumps(source)}" for i, source in enumerate(sources)]
    entries = [f"<<: [{', '.join(f'*s{i}' for i in range(len(sources)))}]", *(f"{k}: {v}" for k, v in own.items())]
    text = "\n".join([*lines, f"all: {{{', '.join(entries)}}}"])
    assert read(text).data == yaml.safe_load(text)


@both_parsers
@pytest.mark.parametrize(
    ("text", "says", "line", "column"),
    [
        ("a: &a [*a]", "*a stands inside the very thing", 1, 8),
        ("a: &a {b: {c: *a}}", "*a stands inside the very thing", 1, 15),
        ("a: &a {<<: *a}", "*a stands inside the very thing", 1, 12),
        ("a: *b", "no &b comes before it", 1, 4),
        ("a: &a x\n*a : 1", "an alias cannot be a key", 2, 1),
        ("<<: 3", "<< takes a mapping", 1, 5),
        ("<<: [{a: 1}, 3]", "<< takes a mapping", 1, 5),
        ("<<: {a: 1}\n<<: {b: 1}", "the key '<<' is already at line 1, column 1", 2, 1),
    ],
)
def test_aliases_and_merges_that_mean_nothing(text, says, line, column, pure):
    message, *at = refused(text, pure)
    assert says in message
    assert at == [line, column]


# -- refusals -------------------------------------------------------------------------------------------------


@both_parsers
@pytest.mark.parametrize(
    ("text", "says", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "the key 'a' is already at line 1, column 1", 3, 1),
        ("1: x\n'1': y", "the key '1' is already at line 1, column 1", 2, 1),
        ("a: {{ x }}", "a key must be text, this is a mapping; put quotes", 1, 5),
        ("? [a, b]\n: 1", "a key must be text, this is a list", 1, 3),
        ("a: !!python/object/apply:os.system [ls]", "the tag '!!python/object/apply:os.system' is not supported", 1, 4),
        ("a: !foo bar", "the tag '!foo' is not supported", 1, 4),
        ("a: !!binary aGk=", "the tag '!!binary' is not supported", 1, 4),
        ("!!map {a: 1}", "the tag '!!map' is not supported", 1, 1),
        ("!!int 1: 2", "the tag '!!int' is not supported", 1, 1),
        ("%TAG ! tag:x,2000:\n---\na: 1", "%TAG is not supported", 1, 1),
        ("a: 1\n---\nb: 2\n", "a second document begins here", 2, 1),
        ("a:\n\tb: 1", "a tab indents this line", 2, 1),
        ("a: b\0c", "the character U+0000 is not allowed", 1, 5),
        ("a: b\x1b[31m", "the character U+001B is not allowed", 1, 5),
        ("a: \ud800", "the character U+D800 is not allowed", 1, 4),
        ('a: "\\ud800"', "", 1, 4),
        ("a: @x", "a text cannot begin with '@'; quote it", 1, 4),
        ("a: b: c", "a ':' is not expected here", 1, 5),
        ("pass: >= 0.95", "begins with > or | must be quoted", 1, 8),
        ("a: [1\nb: 2", "", 2, 2),
        ('a: "x', "the closing quote is missing", 1, 6),
        ("a:\n  b: 1\n c: 2", "this line does not fit in", 3, 2),
        ("a: - b", "a '-' is not expected here", 1, 4),
        ("}", "a value is missing here", 1, 1),
        ('a: "\\d"', "this is not an escape sequence", 1, 6),
    ],
)
def test_refused_with_its_place_and_in_plain_words(text, says, line, column, pure):
    message, *at = refused(text, pure)
    assert says in message
    assert at[0] == line
    if says:  # without a text the two parsers do not agree on where it is
        assert abs(at[1] - column) <= (1 if "escape" in says else 0)


@both_parsers
@pytest.mark.parametrize(
    "text", ['"\\UFFFFFFFF"', '"\\U00110000"', "%YAML " + "9" * 5000 + ".1\n--- 1", "\x80", "a: \ufffe"]
)
def test_what_makes_parsers_stumble_is_an_error_like_others(text, pure):
    refused(text, pure)


@both_parsers
def test_each_limit_is_kept(pure):
    assert "longer than 10 characters" in refused("a: 1234567890", pure, size=10)[0]
    assert "more than 3 deep" in refused("[[[[1]]]]", pure, depth=3)[0]
    assert read("[[[1]]]", limits=Limits(depth=3), _pure=pure).data == [[[1]]]
    assert "more than 5 nodes" in refused("[1, 2, 3, 4, 5]", pure, nodes=5)[0]
    assert refused("a:\n- 1\n- 2\n- 3\n", pure, items=2) == ("this list has more than 2 items", 4, 3)
    assert "more than 2 keys" in refused("{a: 1, b: 2, c: 3}", pure, keys=2)[0]
    assert "longer than 5 characters" in refused("a: 123456", pure, scalar=5)[0]


# -- hostile texts: each is refused, and long before it could hurt ---------------------------------------------


@both_parsers
def test_billion_laughs(pure):
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    assert "more than 1,000,000 nodes" in refused("\n".join(lines), pure)[0]


@both_parsers
def test_aliases_of_a_long_text_count_by_its_length(pure):
    text = f"a: &a {'x' * 900_000}\nb: [{', '.join(['*a'] * 2000)}]\n"
    assert "more than 1,000,000 nodes" in refused(text, pure)[0]


@both_parsers
def test_merge_bomb(pure):
    lines = ["a0: &a0 {k1: 1, k2: 2, k3: 3}"]
    lines += [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 10)]
    assert "more than 1,000,000 nodes" in refused("\n".join(lines), pure)[0]


@both_parsers
def test_a_flow_list_of_a_megabyte(pure):
    message, line, column = refused("a: [" + "1," * 500_000 + "1]", pure)
    assert (message, line, column) == ("this list has more than 10,000 items", 1, 5 + 20_000)


@both_parsers
@pytest.mark.parametrize("text", ["[" * 10_000, "{a: " * 10_000, "- " * 10_000, "? " * 10_000, '{"a":[' * 10_000])
def test_nesting_of_ten_thousand(text, pure):
    refused(text, pure)


@pytest.mark.parametrize("text", ["[" * 10_000, '{"a":' * 10_000, "[" * 10_000 + "]" * 10_000])
def test_nesting_of_ten_thousand_in_json(text):
    assert "more than 50 deep" in refused(text, reader=read_json)[0]


def test_a_hundred_thousand_tag_directives():
    assert "%TAG" in refused("".join(f"%TAG !a{i}! b\n" for i in range(100_000)) + "---\na: 1")[0]


@given(st.text(st.sampled_from("ab1 -:,[]{}&*!|>'\"%@?#\n\t.<~\\"), max_size=60))
def test_any_text_is_read_or_refused(text):
    for pure in (False, True):
        try:
            document = read(text, _pure=pure)
        except YamlError as error:
            places = [(error.line, error.column)]
        else:
            places = [(at.line, at.column) for path, _ in paths(document.data) for at in both_places(document, path)]
        assert min(min(place) for place in places) >= 1


# -- JSON -----------------------------------------------------------------------------------------------------


@given(trees, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_json_comes_back(data, indent, ascii_only):
    assert read_json(json.dumps(data, indent=indent, ensure_ascii=ascii_only)).data == data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"a":\t[1,\t2]}', {"a": [1, 2]}),
        ('"\\ud83d\\ude00\\/\\u0041"', "😀/A"),
        ('{"<<": {"a": 1}}', {"<<": {"a": 1}}),
        ('{"' + "k" * 2000 + '"\n:1}', {"k" * 2000: 1}),
        ("\ufeff[]", []),
        ("[1E400]", [math.inf]),
    ],
)
def test_json_that_is_not_yaml(text, data):
    assert read_json(text).data == data


@pytest.mark.parametrize(
    ("text", "says", "line", "column"),
    [
        ("", "expecting value", 1, 1),
        ('{"a": 1,\n "a": 2}', "the key 'a' is already at line 1, column 2", 2, 2),
        ("[1,\n NaN]", "NaN is not JSON", 2, 2),
        ("[-Infinity]", "-Infinity is not JSON", 1, 2),
        ('["\\ud800"]', "half of a surrogate pair", 1, 2),
        ("[1,\n 2", "expecting ',' delimiter", 2, 3),
        ("{'a': 1}", "expecting property name", 1, 2),
        ('"a\nb"', "invalid control character", 1, 3),
    ],
)
def test_json_refused(text, says, line, column):
    message, *at = refused(text, reader=read_json)
    assert says in message
    assert at == [line, column]


# -- places ---------------------------------------------------------------------------------------------------

plain_words = st.text(string.ascii_letters, min_size=1, max_size=8).map(lambda word: f"w{word}")
places_trees = st.recursive(
    plain_words,
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(plain_words, inner, min_size=1, max_size=4),
    max_leaves=20,
)


def first_word(value):
    """The text that the value begins with in block style."""
    while isinstance(value, dict | list):
        if isinstance(value, list):
            return "-"
        value = next(iter(value))
    return value


@given(places_trees)
def test_every_place_points_at_its_value_and_key(data):
    text = yaml.safe_dump({"top": data}, sort_keys=False)
    lines = text.splitlines()
    document = read(text)
    assert document.data == {"top": data}
    for path, value in paths({"top": data}):
        at = document.place(path)
        assert lines[at.line - 1][at.column - 1 :].startswith(first_word(value))
        if path and isinstance(path[-1], str):
            at = document.key_place(path)
            assert lines[at.line - 1][at.column - 1 :].startswith(f"{path[-1]}:")


@given(places_trees, st.sampled_from([None, 1]))
def test_every_place_in_json_points_at_its_value(data, indent):
    text = json.dumps({"é😀": data}, indent=indent, ensure_ascii=False)
    lines = text.splitlines()
    document = read_json(text)
    for path, value in paths(document.data):
        at = document.place(path)
        start = "{" if isinstance(value, dict) else "[" if isinstance(value, list) else json.dumps(value)
        assert lines[at.line - 1][at.column - 1 :].startswith(start)


class Quoting(yaml.SafeDumper):
    """Writes every text in double quotes."""


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


@given(trees, st.booleans())
def test_what_pyyaml_writes_comes_back(data, flow):
    text = yaml.dump(data, Dumper=Quoting, default_flow_style=flow, allow_unicode=True)
    assert read(text).data == data
    assert read(text, _pure=True).data == data


@both_parsers
def test_missing_paths_lead_to_the_nearest_ancestor(pure):
    document = read("# comment\na:\n  b: [x, {c: 1}]\n", _pure=pure)
    assert document.place(["a", "b", 1, "c"]) == Place(3, 14)
    assert document.place(["a", "b", 7]) == Place(3, 6)
    assert document.place(["a", "b", "c"]) == Place(3, 6)
    assert document.place(["a", "b", 0, "x", "y"]) == Place(3, 7)
    assert document.key_place(["a", "b"]) == Place(3, 3)
    assert document.key_place(["a", "b", 0]) == Place(3, 7)
    assert document.key_place(["a", "nope"]) == Place(3, 3)
    assert document.key_place(["a", "nope", "deeper"]) == Place(2, 1)
    assert document.key_place(["nope"]) == Place(2, 1)
    assert document.key_place([]) == Place(2, 1)


@both_parsers
def test_columns_count_characters(pure):
    assert read("ключ: {é: 😀, b: 1}", _pure=pure).place(["ключ", "b"]) == Place(1, 17)
    assert read("\ufeffa: 1\r\nb: 2\r\n", _pure=pure).place(["b"]) == Place(2, 4)
