"""Secrets do not get through, in no spelling, wherever the output is cut; everything else does."""

from __future__ import annotations

import base64
import json
import shlex
import urllib.parse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phases.masking import Masker

SECRET = "p@ss w0rd/+'\"\\é€"


def streamed(masker: Masker, chunks: list[bytes]) -> bytes:
    stream = masker.stream()
    return b"".join([*map(stream.feed, chunks), stream.flush()])


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data in chunks of these sizes, the last one with all that is left."""
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [*chunks, data]


def test_a_secret_becomes_three_stars():
    assert Masker(["hunter22"]).text("login: hunter22, again: hunter22!") == "login: ***, again: ***!"


@pytest.mark.parametrize("values", [[], [""], ["12345"], ["         "], ["\n\n\n\n\n\n"]])
def test_with_nothing_to_mask_everything_passes(values):
    masker = Masker(values)
    assert not masker
    assert masker.text("12345") == "12345"
    chunk = b"12345"
    assert masker.stream().feed(chunk) is chunk


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote(SECRET),
        urllib.parse.quote(SECRET, safe="!'()*"),
        urllib.parse.quote_plus(SECRET),
        "p%40ss%20w0rd%2f%2b%27%22%5c%c3%a9%e2%82%ac",
        "p%40ss+w0rd%2f%2b%27%22%5c%c3%a9%e2%82%ac",
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        shlex.quote(SECRET)[1:-1],
        SECRET.replace("'", "'\\''"),
        repr(SECRET)[1:-1],
        repr(SECRET.encode())[2:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_spellings(spelling):
    masker = Masker([SECRET])
    assert masker.text(f"<{spelling}>") == "<***>"
    assert streamed(masker, [f"<{spelling}>".encode()]) == b"<***>"


def test_python_escapes_one_kind_of_quotes_where_a_text_has_both():
    assert Masker(["it's me"]).text(repr("""say "it's me" now""")) == """'say "***" now'"""
    assert Masker(["it's me"]).text(repr("say it's me now")) == '"say *** now"'


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
@pytest.mark.parametrize("after", ["", "\n", "@host"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_of_a_text_that_holds_the_secret(before, after, encode):
    secret = "hunter22~~~???"
    text = encode((before + secret + after).encode()).decode()
    masked = Masker([secret]).text(text)
    shown = masked.partition("***")
    assert len(masked) < len(text) - len(secret)
    for at in range(3):
        determined = encode(b"." * at + secret.encode()).decode()[2:-4]
        assert not any(determined[i : i + 4] in part for part in shown for i in range(len(determined) - 3))


def test_the_lines_of_a_value_are_values():
    masker = Masker(["-----BEGIN-----\r\n  MIIEvQIBADAN\nshort\n"])
    assert masker.text("+ MIIEvQIBADAN\n") == "+ ***\n"
    assert masker.text("-----BEGIN-----\n") == "***\n"
    assert masker.text("short") == "short"


@pytest.mark.parametrize(
    ("secrets", "text", "masked"),
    [
        (["aaaaaa"], "aaaaaaaaaaa", "***"),
        (["aaaaaa"], "baaaaaaab", "b***b"),
        (["secret"], "secretsecret", "******"),
        (["secret", "secret-longer"], "secret secret-longer secret-long", "*** *** ***-long"),
        (["abcdefgh", "efghijkl"], "abcdefghijkl", "***"),
        (["cdefgh", "abcdefghij"], "abcdefgh abcdefghij", "ab*** ***"),
        (["ababab"], "abababab", "***"),
        (["aaaaab"], "aaaaaaaaab", "aaaa***"),
    ],
)
def test_overlaps_leave_no_rest_however_the_output_is_cut(secrets, text, masked):
    masker = Masker(secrets)
    assert masker.text(text) == masked
    data = text.encode()
    for first in range(len(data) + 1):
        for second in range(len(data) - first + 1):
            assert streamed(masker, cut(data, [first, second])) == masked.encode()


def test_only_what_may_become_a_secret_is_held_back():
    stream = Masker(["hunter22", "nt-secret"]).stream()
    assert stream.feed(b"password: ") == b"password: "
    assert stream.feed(b"hunt") == b""
    assert stream.feed(b"-") == b"hu"
    assert stream.feed(b"ing\n") == b"nt-ing\n"
    assert stream.feed(b"hunter22") == b"***"
    assert stream.feed(b"hunter2") == b""
    assert stream.flush() == b"hunter2"
    assert stream.flush() == b""


def test_bytes_that_are_no_text():
    everything = bytes(range(256)) * 3
    assert streamed(Masker(["hunter22"]), [everything]) == everything
    escaped = b"\xff\xfesecret".decode("utf-8", "surrogateescape")  # as os.environ has it
    assert streamed(Masker([escaped]), [b"a\xff\xfesecret\xff"]) == b"a***\xff"
    assert Masker([escaped]).text(f"a{escaped}b") == "a***b"
    assert Masker(["\ud800secret"]).text("a\ud800secret") == "a***"


letters = st.text("ab", min_size=6, max_size=14)
odd = st.text("aé€'\"\\/+ \n%", min_size=6, max_size=10)
secrets = st.lists(letters | odd | st.text("abcdef0123", min_size=6, max_size=20), min_size=1, max_size=4)


@st.composite
def outputs(draw) -> tuple[list[str], str]:
    """Secrets; and a text with whole secrets, pieces and spellings of them, and noise of the same characters."""
    values = draw(secrets)
    value = st.sampled_from(values)
    piece = st.one_of(
        value,
        st.builds(lambda one, size: one[:size], value, st.integers(1, 20)),
        st.builds(lambda one, size: one[size:], value, st.integers(1, 20)),
        value.map(urllib.parse.quote_plus),
        value.map(json.dumps),
        value.map(repr),
        st.builds(lambda a, b, c: base64.b64encode((a + b + c).encode()).decode(), st.text(), value, st.text()),
        st.text("ab", max_size=8),
        st.text(max_size=8),
    )
    return values, "".join(draw(st.lists(piece, max_size=12)))


@given(outputs(), st.lists(st.integers(0, 12), max_size=40))
@example((["aaaaaa", "aaaaaaab"], "aaaaaaaaaaab"), [7, 1, 1])
def test_a_stream_shows_what_the_whole_would_wherever_it_is_cut(output, sizes):
    values, text = output
    masker = Masker(values)
    masked = masker.text(text)
    assert streamed(masker, cut(text.encode(), sizes)) == masked.encode()
    for value in values:
        if value.isspace():
            continue
        for spelling in (value, urllib.parse.quote_plus(value), json.dumps(value)[1:-1], repr(value)[1:-1]):
            assert spelling not in masked


@given(st.lists(st.text("ab", min_size=6, max_size=9), min_size=1, max_size=3), st.text("abc", max_size=60))
def test_exactly_the_characters_of_occurrences_are_masked(values, text):
    """Against the definition, with each character looked at by itself."""
    inside = [(at, at + len(value)) for value in values for at in range(len(text)) if text.startswith(value, at)]
    masked = "".join(
        "*" if any(start <= at < end for start, end in inside) else character for at, character in enumerate(text)
    )
    stars = Masker(values).text(text)
    assert [part for part in stars.split("*") if part] == [part for part in masked.split("*") if part]


def test_much_output_in_one_chunk_of_nothing_but_secrets():
    masker = Masker(["aaaaaa", "secret"])
    assert streamed(masker, [b"a" * 3_000_000]) == b"***"
    assert streamed(masker, [b"secret " * 100_000]) == b"*** " * 100_000
