"""Reading YAML with positions: PyYAML's parser, an own event pass before it, YAML 1.2 scalars.

The event pass refuses what can harm (aliases, tags, deep nesting) before anything is composed, so
neither a bomb nor a crash in the C library gets through. Of YAML's types only true, false and null
are kept; every other plain scalar stays the text that was written, and the model decides what it
is: `no`, `12:30`, 0401234567 and dates lose nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from newsletter.errors import Finding, FindingsError, Place
from newsletter.issue.rules import Rule
from newsletter.issue.source import FORBIDDEN, LINE_BREAK, Mark, Path, Source, Span, Style, place_at
from newsletter.issue.syntax import explain

MOST_BYTES: Final = 200_000
"""Twice what a mail may weigh before Gmail cuts it: more could never be sent."""
MOST_DEPTH: Final = 40
MOST_NODES: Final = 5_000
_MOST_FAULTS: Final = 50
"""Of one kind: a binary file must not make half a million findings."""

_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
"""YAML 1.2.2 §10.3.2, the core schema."""

Base = type[yaml.SafeLoader] | type["yaml.CSafeLoader"]
FASTEST: Final[Base] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class _Reader:
    """One file being read: its text, and the faults so far."""

    name: str
    text: str = ""
    lines: list[str] = field(default_factory=lambda: [""])
    findings: list[Finding] = field(default_factory=list)
    spans: dict[Path, Span] = field(default_factory=dict)

    def add(self, rule: Rule, place: Place, message: str, hint: str = "") -> None:
        self.findings.append(rule.entry.finding(place, message, hint))

    def at(self, mark: Any) -> Place:  # noqa: ANN401 - PyYAML's marks of two classes, or ours
        return place_at(self.name, self.lines, Mark(mark.line, mark.column))

    def stop(self) -> None:
        if self.findings:
            raise FindingsError(self.findings)


def load(
    data: bytes, name: str, *, base: Base = FASTEST, begin: str = "begin with 'subject: …'"
) -> tuple[Source, list[Finding]]:
    """Read a YAML file whose top is a mapping; duplicate and odd keys come back as findings.

    `begin` is the hint where it is none. Raises FindingsError when it cannot be read as such.
    """
    reader, root = _open(data, name, base, begin)
    if not isinstance(root, MappingNode):
        reader.add(
            Rule.NO_MAPPING,
            reader.at(root.start_mark),
            "the file does not consist of keys and values",
            begin,
        )
        raise FindingsError(reader.findings)
    return _source(reader, root, _mapping(reader, root, ()))


def load_list(data: bytes, name: str, *, base: Base = FASTEST) -> tuple[Source, list[Finding]]:
    """Read a YAML file whose top is a list of blocks, as `load` reads a mapping."""
    begin = "begin with '- heading: …' or '- text: …'"
    reader, root = _open(data, name, base, begin)
    if not isinstance(root, SequenceNode):
        reader.add(
            Rule.SHAPE,
            reader.at(root.start_mark),
            "a snippet is a list of blocks; this file is none",
            begin,
        )
        raise FindingsError(reader.findings)
    return _source(reader, root, _value(reader, root, ()))


def _open(data: bytes, name: str, base: Base, begin: str) -> tuple[_Reader, Node]:
    """Look at a file from all sides before anything is built of it."""
    reader, loader = _Reader(name), _loader(base)
    _decode(reader, data)
    reader.stop()
    _characters(reader)
    reader.stop()
    try:
        _events(reader, loader)
        reader.stop()
        root = yaml.compose(reader.text, loader)
    except yaml.YAMLError as error:
        reader.add(Rule.SYNTAX, *_syntax(reader, error))
        raise FindingsError(reader.findings) from error
    if root is None or (isinstance(root, ScalarNode) and not root.value):
        reader.add(Rule.EMPTY_FILE, Place(name), "the file is empty", begin)
        raise FindingsError(reader.findings)
    return reader, root


def _source(
    reader: _Reader, root: Node, values: dict[str, Any] | list[Any]
) -> tuple[Source, list[Finding]]:
    if any(finding.rule == Rule.KEY for finding in reader.findings):
        # What such a key holds is lost; more findings would only tell about the loss.
        raise FindingsError(reader.findings)
    reader.spans[()] = _span(root, None)
    return Source(reader.name, reader.text, values, reader.spans), reader.findings


def _decode(reader: _Reader, data: bytes) -> None:
    if len(data) > MOST_BYTES:
        reader.add(
            Rule.SIZE,
            Place(reader.name),
            f"the file has {len(data):,} bytes; an issue has at most {MOST_BYTES:,}",
            "images stay files of their own, named by src",
        )
        return
    try:
        # utf-8-sig: Windows editors put a byte order mark in front.
        reader.text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # What stands before the fault is good; the rest is most often Latin-1.
        before = LINE_BREAK.split(good := data[: error.start].decode("utf-8-sig"))
        reader.lines = LINE_BREAK.split(good + data[error.start :].decode("latin-1"))
        byte = data[error.start]
        wide = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
        reader.add(
            Rule.ENCODING,
            reader.at(Mark(len(before) - 1, len(before[-1]))),
            f"the file is {'UTF-16' if wide else 'not UTF-8'} (byte 0x{byte:02x} at {error.start})",
            "save it as UTF-8: in the editor's 'Save as' choose the encoding UTF-8",
        )
        return
    reader.lines = LINE_BREAK.split(reader.text)


def _characters(reader: _Reader) -> None:
    for number, line in enumerate(reader.lines):
        if match := FORBIDDEN.search(line):
            reader.add(
                Rule.CHARACTER,
                reader.at(Mark(number, match.start())),
                f"the character U+{ord(match[0]):04X} cannot stand in an issue",
                "delete it; it is invisible, so delete and type the words around it again",
            )
            if len(reader.findings) == _MOST_FAULTS:
                return


def _events(reader: _Reader, loader: type[Any]) -> None:
    """Look at the events, which have no size, before anything is built from them."""
    depth = nodes = documents = 0
    for event in yaml.parse(reader.text, loader):
        mark = event.start_mark
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                reader.add(
                    Rule.DOCUMENTS,
                    reader.at(mark),
                    "a second document begins here; a file holds one issue",
                    "delete the line '---', or move what follows to a file of its own",
                )
                return
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            _innocent(reader, event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MOST_DEPTH or nodes > MOST_NODES:
            limit = f"{MOST_DEPTH} levels" if depth > MOST_DEPTH else f"{MOST_NODES:,} values"
            reader.add(Rule.DEPTH, reader.at(mark), f"an issue has at most {limit}")
            return
        if len(reader.findings) >= _MOST_FAULTS:
            return


def _innocent(reader: _Reader, event: yaml.NodeEvent) -> None:
    quote = "put a text that begins with this character in quotes"
    if isinstance(event, yaml.AliasEvent):
        message = f"'*{event.anchor}' is a YAML alias, which issues do not use"
        reader.add(Rule.ALIAS, reader.at(event.start_mark), message, quote)
        return
    if event.anchor:
        message = f"'&{event.anchor}' is a YAML anchor, which issues do not use"
        reader.add(Rule.ALIAS, reader.at(event.start_mark), message, quote)
    if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
        message = f"'{_written_tag(event.tag)}' is a YAML tag, which issues do not use"
        reader.add(Rule.TAG, reader.at(event.start_mark), message, quote)


def _written_tag(tag: str) -> str:
    prefix = "tag:yaml.org,2002:"
    return f"!!{tag.removeprefix(prefix)}" if tag.startswith(prefix) else tag


def _loader(base: Base) -> type[Any]:
    """Make a loader that resolves no plain scalar: each is text until `_scalar` looks at it."""
    return type("_Loader", (base,), {"yaml_implicit_resolvers": {}})


def _syntax(reader: _Reader, error: yaml.YAMLError) -> tuple[Place, str, str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not readable"
    context = getattr(error, "context", None) or ""
    place = reader.at(mark) if mark else Place(reader.name)
    begun = getattr(error, "context_mark", None)
    return explain(problem, context, place, reader.at(begun) if begun else None, reader.lines)


def _span(node: Node, key: Node | None) -> Span:
    literal = isinstance(node, ScalarNode) and node.style == "|"
    return Span(
        start=Mark(node.start_mark.line, node.start_mark.column),
        end=Mark(node.end_mark.line, node.end_mark.column),
        key=Mark(key.start_mark.line, key.start_mark.column) if key else None,
        style=Style.LITERAL if literal else Style.OTHER,
    )


def _value(reader: _Reader, node: Node, path: Path, key: Node | None = None) -> Any:  # noqa: ANN401
    reader.spans[path] = _span(node, key)
    if isinstance(node, MappingNode):
        return _mapping(reader, node, path)
    if isinstance(node, SequenceNode):
        return [_value(reader, item, (*path, index)) for index, item in enumerate(node.value)]
    return _scalar(reader, node)


def _scalar(reader: _Reader, node: Node) -> str | bool | None:
    text: str = node.value
    if not getattr(node, "style", None) and text in _CONSTANTS:
        return _CONSTANTS[text]
    # An escape in double quotes can make what the file itself does not hold.
    if match := FORBIDDEN.search(text) or re.search("\r", text):
        reader.add(
            Rule.CHARACTER,
            reader.at(node.start_mark),
            f"this text holds the character U+{ord(match[0]):04X}, which no issue may hold",
            "take out the escape that begins with a backslash",
        )
    return text


def _mapping(reader: _Reader, node: MappingNode, path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in _pairs(reader, node):
        name: str = key.value
        if name in values:
            first = reader.spans[(*path, name)].key
            line = first.line + 1 if first else 0
            reader.add(
                Rule.DUPLICATE,
                reader.at(key.start_mark),
                f"the key {name!r} is here twice; the first is on line {line}",
                "keep one of the two",
            )
            continue
        values[name] = _value(reader, value, (*path, name), key)
    return values


def _pairs(reader: _Reader, node: MappingNode) -> Iterator[tuple[ScalarNode, Node]]:
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value:
            yield key, value
            continue
        place = reader.at(key.start_mark)
        braces = "{{" in place.source
        reader.add(
            Rule.KEY,
            place,
            "a text that begins with {{" if braces else "a key must be a plain word",
            "put the whole text in quotes" if braces else "write 'key: value'",
        )
