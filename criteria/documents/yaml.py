"""YAML and JSON text to plain data that knows the place of every value; hostile text is refused early.

The only home of PyYAML. Data is built straight from the parser's events, so a limit is noticed when it is
passed and not after the memory is gone. JSON takes the same way in: its tokens feed the same builder.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

import yaml


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may be at most. `nodes` counts an alias as all that it stands for."""

    size: int = 16_000_000
    depth: int = 50
    nodes: int = 1_000_000
    items: int = 10_000
    keys: int = 100_000
    scalar: int = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Line and column in a text, both counted from 1."""

    line: int
    column: int


class YamlError(Exception):
    """The text is not a document we accept: `message` says why, `line` and `column` where (from 1)."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message, line, column)
        self.message, self.line, self.column = message, line, column

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Document:
    """A document's plain `data` (dict, list, str, int, float, bool, None), with the place of each part."""

    data: Any
    _text: str = field(repr=False)
    _tree: _Tree = field(repr=False)

    def place(self, path: Sequence[str | int]) -> Place:
        """Where the value at `path` begins; where there is none, its nearest ancestor that exists."""
        tree, _ = self._walk(path)
        return _place(self._text, tree if isinstance(tree, int) else tree.at)

    def key_place(self, path: Sequence[str | int]) -> Place:
        """Where the key that `path` ends with begins; the value where it has no key, else as in `place`."""
        parent, rest = self._walk(path[:-1])
        if path and not rest and isinstance(parent, _Branch) and parent.keys is not None and path[-1] in parent.keys:
            return _place(self._text, parent.keys[str(path[-1])])
        if rest:  # the parent is missing too: its nearest ancestor's key says more than that one's value
            return self.key_place(path[: len(path) - 1 - rest])
        return self.place(path)

    def _walk(self, path: Sequence[str | int]) -> tuple[_Tree, int]:
        """The deepest part on the way to `path`, and how many steps were left."""
        tree = self._tree
        for done, step in enumerate(path):
            if isinstance(tree, int):
                return tree, len(path) - done
            try:
                tree = tree.values[step]
            except (KeyError, IndexError, TypeError):
                return tree, len(path) - done
        return tree, 0


def read(text: str, *, limits: Limits = Limits(), _pure: bool = False) -> Document:
    """Read one YAML document; an empty text is an empty mapping.

    Plain scalars are what they look like in YAML 1.2: `no`, `22:22`, `010` and dates are text. Keys are always
    text. Anchors, aliases and merge keys work; tags other than `!!str` do not. Raises YamlError.
    """
    text = _checked(text, limits)
    if match := _TAG_DIRECTIVE.search(text):  # useless without tags, and libyaml's time for many is quadratic
        _fail(text, match.start(), "%TAG is not supported; remove this line")
    builder = _Builder(text, limits)
    loader = (yaml.BaseLoader if _pure else _LOADER)(text)
    try:
        _feed(builder, loader.get_event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _fail(text, mark.index if mark else 0, _plain_words(error, text))
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        _fail(text, 0, f"this is not YAML: {error}")
    finally:
        loader.dispose()
    root = builder.root
    if not root.values:
        return Document({}, text, 0)
    return Document(root.values[0], text, root.branch.values[0])


def read_json(text: str, *, limits: Limits = Limits()) -> Document:
    """Read JSON text under the same limits. Raises YamlError, also for duplicate keys, NaN and Infinity."""
    text = _checked(text, limits, json=True)
    try:  # the grammar's judge; numbers stay text here, so none is too long to read
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        problem, at = error.msg[:1].lower() + error.msg[1:], error.pos
    except RecursionError:
        problem, at = "this is nested too deep", 0
    else:
        problem, at = "", 0
    builder = _Builder(text, limits)
    # A nesting that is too deep is told with its place, so the tokens are read even after a RecursionError.
    if not problem or problem.startswith("this is nested"):
        _feed_json(builder, text)
    if problem:
        _fail(text, at, problem)
    return Document(builder.root.values[0], text, builder.root.branch.values[0])


# -- the builder: data, places and limits in one pass ---------------------------------------------------------


@dataclass(slots=True)
class _Branch:
    """The places in a mapping or sequence, as offsets into the text: itself, its keys, what is in it."""

    at: int
    keys: dict[str, int] | None
    values: Any  # dict[str, _Tree] or list[_Tree]


_Tree: TypeAlias = int | _Branch


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is still being filled."""

    values: Any  # dict[str, Any] or list[Any]
    branch: _Branch
    anchor: str | None = None
    nodes_before: int = 0
    key: str | None = None  # of the value that comes next
    merge_at: int = -1  # where `<<` stands
    merges: list[tuple[dict[str, Any], _Branch]] = field(default_factory=list)


class _Builder:
    """Takes begin, end, scalar and alias in document order. Raises YamlError as soon as a limit is passed."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text, self.limits = text, limits
        self.root = _Open([], _Branch(0, None, []))
        self.stack = [self.root]
        self.nodes = 0
        self.anchors: dict[str, tuple[Any, _Tree, int]] = {}

    def begin(self, values: Any, at: int, anchor: str | None) -> None:
        top = self.stack[-1]
        if top.key is None and top.branch.keys is not None:
            hint = "; put quotes around a text that begins with { or [" if self.text[at : at + 1] in ("{", "[") else ""
            self.fail(at, f"a key must be text, this is a {'list' if type(values) is list else 'mapping'}{hint}")
        if len(self.stack) > self.limits.depth:
            self.fail(at, f"this is nested more than {self.limits.depth:,} deep")
        before = self.nodes
        self.count(1, at)
        branch = _Branch(at, {}, {}) if type(values) is dict else _Branch(at, None, [])
        self.stack.append(_Open(values, branch, anchor, before))

    def end(self) -> None:
        top = self.stack.pop()
        if top.merge_at >= 0:
            _merge(top)
        if top.anchor is not None:
            self.anchors[top.anchor] = top.values, top.branch, self.nodes - top.nodes_before
        self.put(top.values, top.branch, top.branch.at)

    def scalar(self, text: str, plain: bool, at: int, anchor: str | None = None) -> None:
        if len(text) > self.limits.scalar:
            self.fail(at, f"this text is longer than {self.limits.scalar:,} characters")
        weight = 1 + len(text) // 1000  # or aliases of a long text could stand for terabytes
        self.count(weight, at)
        if not plain and not text.isascii() and _SURROGATE.search(text):
            self.fail(at, "half of a surrogate pair is not a character")
        top = self.stack[-1]
        keys = top.branch.keys
        if keys is None or top.key is not None:
            value = _resolve(text) if plain else text
            if anchor is not None:
                self.anchors[anchor] = value, at, weight
            self.put(value, at, at)
            return
        if anchor is not None:
            self.anchors[anchor] = text, at, weight
        if plain and text == "<<":
            first, top.merge_at = top.merge_at, at
        else:
            first = keys.get(text, -1)
            keys[text] = at
        if first >= 0:
            was = _place(self.text, first)
            self.fail(at, f"the key {_short(text)} is already at line {was.line}, column {was.column}")
        if len(keys) > self.limits.keys:
            self.fail(at, f"this mapping has more than {self.limits.keys:,} keys")
        top.key = text

    def alias(self, name: str, at: int) -> None:
        top = self.stack[-1]
        if top.key is None and top.branch.keys is not None:
            self.fail(at, "an alias cannot be a key; write the key out")
        if any(part.anchor == name for part in self.stack):
            self.fail(at, f"*{name} stands inside the very thing it stands for")
        if name not in self.anchors:
            self.fail(at, f"*{name} stands for nothing: no &{name} comes before it")
        value, tree, weight = self.anchors[name]
        self.count(weight, at)
        self.put(value, at if isinstance(tree, int) else _Branch(at, tree.keys, tree.values), at)

    def put(self, value: Any, tree: _Tree, at: int) -> None:
        top = self.stack[-1]
        if top.branch.keys is None:
            if len(top.values) >= self.limits.items and top is not self.root:
                self.fail(at, f"this list has more than {self.limits.items:,} items")
            top.values.append(value)
            top.branch.values.append(tree)
            return
        key, top.key = top.key, None
        if top.merge_at >= 0 and key == "<<" and "<<" not in top.branch.keys:
            self.merge(value, tree, at)
        else:
            top.values[key] = value
            top.branch.values[key] = tree

    def merge(self, value: Any, tree: _Tree, at: int) -> None:
        """Note what `<<` brings in. Aliases were counted at full weight, so this is never more than `nodes` keys."""
        sources = value if type(value) is list else [value]
        if any(type(source) is not dict for source in sources) or isinstance(tree, int):
            self.fail(at, "<< takes a mapping, or a list of mappings")
        branches = tree.values if type(value) is list else [tree]
        self.stack[-1].merges.extend(zip(sources, branches, strict=True))

    def count(self, weight: int, at: int) -> None:
        self.nodes += weight
        if self.nodes > self.limits.nodes:
            self.fail(at, f"with its aliases written out, the document has more than {self.limits.nodes:,} nodes")

    def fail(self, at: int, message: str) -> NoReturn:
        _fail(self.text, at, message)


def _merge(top: _Open) -> None:
    """Put what `<<` brought in under the mapping's own keys; of two sources the first wins."""
    values: dict[str, Any] = {}
    keys: dict[str, int] = {}
    trees: dict[str, _Tree] = {}
    for source, branch in reversed(top.merges):
        values.update(source)
        keys.update(branch.keys or {})
        trees.update(branch.values)
    values.update(top.values)
    keys.update(top.branch.keys or {})
    trees.update(top.branch.values)
    top.values, top.branch = values, _Branch(top.branch.at, keys, trees)


# -- YAML events ----------------------------------------------------------------------------------------------

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml where PyYAML was built with it
_TAG_DIRECTIVE = re.compile(r"^%TAG", re.MULTILINE)
_STR = "tag:yaml.org,2002:str"


def _feed(builder: _Builder, next_event: Any) -> None:
    documents = 0
    while (event := next_event()) is not None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            if event.tag is not None and event.tag != _STR:
                _refuse_tag(builder, event)
            plain = not event.style and event.tag is None
            builder.scalar(event.value, plain, event.start_mark.index, event.anchor)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if event.tag is not None:
                _refuse_tag(builder, event)
            builder.begin({} if kind is yaml.MappingStartEvent else [], event.start_mark.index, event.anchor)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            builder.end()
        elif kind is yaml.AliasEvent:
            builder.alias(event.anchor, event.start_mark.index)
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                builder.fail(event.start_mark.index, "a second document begins here; a file holds one")


def _refuse_tag(builder: _Builder, event: Any) -> NoReturn:
    tag = event.tag.replace("tag:yaml.org,2002:", "!!")
    builder.fail(event.start_mark.index, f"the tag {_short(tag)} is not supported; remove it, or quote the text")


_WORDS = (  # what libyaml and PyYAML say, and what that means to someone who is writing a config file
    ("mapping values are not allowed", "a ':' is not expected here; check the indentation, or quote the text"),
    ("sequence entries are not allowed", "a '-' is not expected here; begin the list on a line of its own"),
    ("comment or line break", "a text that begins with > or | must be quoted"),
    ("chomping or indentation", "a text that begins with > or | must be quoted"),
    ("unexpected end of stream", "the closing quote is missing"),
    ("unexpected document indicator", "the closing quote is missing"),
    ("expected ',' or ']'", "a ',' or the closing ']' is missing"),
    ("expected ',' or '}'", "a ',' or the closing '}' is missing"),
    ("could not find expected ':'", "a ':' is missing after this key"),
    ("expected key", "this line does not fit in; check the indentation"),
    ("expected <block end>", "this line does not fit in; check the indentation"),
    ("expected '-' indicator", "this line does not fit in the list; check the indentation"),
    ("expected node content", "a value is missing here"),
    ("expected the node content", "a value is missing here"),
    ("unknown escape character", "this is not an escape sequence; write \\\\ for a backslash, or use single quotes"),
)


def _plain_words(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = error.problem or error.context or "this is not YAML"
    mark = error.problem_mark
    if "cannot start any token" in problem and mark is not None:
        if text[mark.index : mark.index + 1] == "\t":
            return "a tab indents this line; use spaces"
        return f"a text cannot begin with {text[mark.index : mark.index + 1]!r}; quote it"
    for theirs, ours in _WORDS:
        if theirs in problem:
            return ours
    return " ".join((f"{error.context}: " if error.context and error.problem else "").split() + problem.split())


# -- JSON tokens ----------------------------------------------------------------------------------------------

_TOKEN = re.compile(r'[ \t\r\n,:]*(?:([\[{])|([\]}])|("[^"\\]*(?:\\.[^"\\]*)*")|([^\s\[\]{},:"]+))')


def _feed_json(builder: _Builder, text: str) -> None:
    """Feed the tokens of a text that is known to be JSON, or is at least up to a nesting that is too deep."""
    for match in _TOKEN.finditer(text):
        token, at, group = match[match.lastindex or 0], match.start(match.lastindex or 0), match.lastindex
        if group == 1:
            builder.begin({} if token == "{" else [], at, None)
        elif group == 2:
            builder.end()
        elif group == 3:
            builder.scalar(json.loads(token) if "\\" in token else token[1:-1], False, at)
        elif token.endswith(("NaN", "Infinity")):
            builder.fail(at, f"{token} is not JSON; write null, or a text")
        else:
            builder.scalar(token, True, at)


# -- scalars, characters and places ---------------------------------------------------------------------------

_NAMED: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{sign + name: float(sign + "inf") for sign in ("", "+", "-") for name in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMBER = re.compile(r"[-+]?(?:(0|[1-9][0-9]*)|(?:0|[1-9][0-9]*)?\.[0-9]+|(?:0|[1-9][0-9]*)\.?)(?:[eE][-+]?[0-9]+)?")
_DIGITS = 4000  # Python refuses to read or write longer integers, and takes quadratic time near there
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _resolve(text: str) -> Any:
    """What a plain scalar means: null, a truth value, a number, or itself."""
    if text in _NAMED:
        return _NAMED[text]
    if text[0] not in "0123456789+-." or len(text) > _DIGITS:
        return text
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    return int(text) if match[1] is not None and match.end(1) == len(text) else float(text)


def _checked(text: str, limits: Limits, *, json: bool = False) -> str:
    """The text without a byte order mark. Raises YamlError if it is too large or has characters it must not."""
    text = text.removeprefix("\ufeff")
    if len(text) > limits.size:
        raise YamlError(f"the text is longer than {limits.size:,} characters", 1, 1)
    if match := (_SURROGATE if json else _CONTROL).search(text):
        _fail(text, match.start(), f"the character U+{ord(match[0]):04X} is not allowed here")
    return text


def _place(text: str, at: int) -> Place:
    starts = _line_starts(text)
    line = bisect_right(starts, at)
    return Place(line, at - starts[line - 1] + 1)


@lru_cache(maxsize=4)
def _line_starts(text: str) -> list[int]:
    """Looked for once: a large document is asked for thousands of places."""
    return [0, *(newline.end() for newline in re.finditer("\n", text))]


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")


def _fail(text: str, at: int, message: str) -> NoReturn:
    place = _place(text, at)
    raise YamlError(message, place.line, place.column)
