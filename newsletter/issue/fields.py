"""Personal fields in texts: `{{ first_name }}` and `{{ first_name | default("reader") }}`.

The syntax is Jinja's, read by Jinja's own lexer and parser; nothing else of Jinja is let through.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from jinja2 import Environment, TemplateSyntaxError, nodes

from newsletter.errors import InputError, near
from newsletter.issue.rules import Rule

_ANY: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_SIGNS: Final = ("{{", "}}", "{%", "{#")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_USAGE: Final = 'write {{ name }} or {{ name | default("…") }}'


@dataclass(frozen=True, slots=True)
class Field:
    """An open place for a subscriber's field; `offset` is where it begins in the text."""

    name: str
    fallback: str | None
    offset: int


class FieldError(InputError):
    """A text has something between braces that is no personal field."""

    def __init__(self, message: str, hint: str, offset: int, rule: Rule) -> None:
        super().__init__(message, hint=hint)
        self.offset = offset
        self.rule = rule


@cache
def _environment() -> Environment:
    return Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 - never renders


def parse(text: str, known: Sequence[str]) -> tuple[str | Field, ...]:
    """Split a text into constant parts and fields.

    Raises FieldError at the first thing that is no field among `known`.
    """
    parts, faults = parse_all(text, known)
    if faults:
        raise faults[0]
    return parts


def mask(text: str) -> str:
    """Put letters in the place of fields, as many as they have characters: offsets stay true."""
    return _ANY.sub(lambda match: "q" * len(match[0]), text)


def parse_all(
    text: str, known: Sequence[str]
) -> tuple[tuple[str | Field, ...], tuple[FieldError, ...]]:
    """Split a text like `parse`, and give every fault in it, in order."""
    if not any(sign in text for sign in _SIGNS):
        return ((text,) if text else ()), ()
    parts: list[str | Field] = []
    faults: list[FieldError] = []
    position = 0
    for start, end in _braces(text, faults):
        if start > position:
            parts.append(text[position:start])
        try:
            parts.append(_field(text[start:end], start, known))
        except FieldError as error:
            faults.append(error)
        position = end
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts), tuple(sorted(faults, key=lambda fault: fault.offset))


_LONGEST: Final = 500
"""Characters of one field with its fallback; keeps reading linear."""
_OPEN_HINTS: Final = {
    "{%": ("'{%' begins a program, which texts do not hold", "to show a block to some only: when:"),
    "{#": ("'{#' begins a comment of templates", "write comments as YAML: # …"),
    "}}": ("'}}' without its '{{'", _USAGE),
}


def _braces(text: str, faults: list[FieldError]) -> Iterator[tuple[int, int]]:
    """Give the begin and end of everything that begins with `{{`; note what else there is."""
    position = 0
    while match := re.compile(r"\{\{|\}\}|\{%|\{#").search(text, position):
        start = match.start()
        if match[0] != "{{":
            faults.append(FieldError(*_OPEN_HINTS[match[0]], start, Rule.FIELD_SYNTAX))
            position = match.end()
        elif end := _end(text, start):
            yield start, end
            position = end
        else:
            faults.append(FieldError("'{{' without its '}}'", _USAGE, start, Rule.FIELD_SYNTAX))
            position = match.end()


def _end(text: str, start: int) -> int | None:
    """Find where the field that begins at `start` ends; braces in quotes do not end it."""
    piece = text[start : start + _LONGEST]
    if "}}" not in piece:
        return None
    position = start
    try:
        for _, token, written in _environment().lex(piece):
            position += len(written)
            if token == "variable_end":  # noqa: S105 - a token of a language
                return start + piece.index("}}", position - start - len(written)) + 2
    except TemplateSyntaxError:
        pass
    found = piece.find("}}")
    return start + found + 2 if found >= 0 else None


def _field(written: str, offset: int, known: Sequence[str]) -> Field:
    if written[2] in "-+" or written[-3] in "-+":
        raise _fault("'{{-' is not used in texts", offset)
    try:
        output = _environment().parse(written).body[0]
    except TemplateSyntaxError as error:
        what = "nothing" if not written[2:-2].strip() else "something that is no field"
        raise _fault(f"there is {what} between the braces", offset) from error
    assert isinstance(output, nodes.Output)
    match output.nodes:
        case [nodes.Name(name=name)]:
            return Field(_checked(name, offset, known), None, offset)
        case [
            nodes.Filter(
                node=nodes.Name(name=name),
                name="default",
                args=[nodes.Const(value=str(fallback))],
                kwargs=[],
            )
        ]:
            if _CONTROL.search(fallback):
                raise _fault("the default text has a line break or control character", offset)
            return Field(_checked(name, offset, known), fallback, offset)
        case [node]:
            raise _fault(_describe(node), offset)
    raise _fault("this is no personal field", offset)


def _checked(name: str, offset: int, known: Sequence[str]) -> str:
    if name in known:
        return name
    raise FieldError(
        f"subscribers have no field {name!r}", near(name, known), offset, Rule.FIELD_UNKNOWN
    )


def _describe(node: nodes.Node) -> str:
    match node:
        case nodes.Filter(name="default"):
            return "default takes one text in quotes"
        case nodes.Filter(name=name):
            return f"'| {name}' is not known; the only addition is default"
        case nodes.Getattr() | nodes.Getitem():
            return "a personal field is one name, without dots or brackets"
        case nodes.Call():
            return "a personal field is one name, nothing is called"
        case nodes.Const() | nodes.TemplateData():
            return "this is a plain text, no personal field"
        case _:
            return "a personal field is one name, nothing is computed"


def _fault(message: str, offset: int) -> FieldError:
    return FieldError(message, _USAGE, offset, Rule.FIELD_SYNTAX)
