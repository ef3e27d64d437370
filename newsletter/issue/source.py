"""The text of an issue file, and where in it everything stands."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Final

from newsletter.errors import Place

Path = tuple[str | int, ...]
"""Keys and indexes from the top of the file: ("blocks", 1, "button", "url")."""

FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ufeff\ufffe\uffff\ud800-\udfff]"
)
"""Control characters clip mails in Gmail and break headers (standards P12 and F10).

With them the overrides of writing direction, U+202A to U+202E: they make a text or an address read
otherwise than it is; Unicode's own successors, the isolates, are allowed (UAX #9).
"""
LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
_WORD: Final = re.compile(r"\{\{|[^\s\"'\\{]+|\S")


class Style(Enum):
    """How a text is written in YAML, as far as positions depend on it."""

    LITERAL = "|"
    OTHER = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A position: line and column, both from 0, in characters."""

    line: int
    column: int


@dataclass(frozen=True)
class File:
    """A file's text."""

    name: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the file without their breaks."""
        return LINE_BREAK.split(self.text)

    def at(self, mark: Mark) -> Place:
        """Show a position."""
        return place_at(self.name, self.lines, mark)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value begins and ends, and where its key is, if it has one."""

    start: Mark
    end: Mark
    key: Mark | None = None
    style: Style = Style.OTHER
    file: File | None = None
    """Where it is, when not in the issue's own file."""


@dataclass(frozen=True)
class Source:
    """A file's text with its data and the positions of all values.

    Where snippets were put in, their values have positions in their own files.
    """

    name: str
    text: str
    data: Any
    """An issue's mapping, or a snippet's list."""
    spans: Mapping[Path, Span]

    @cached_property
    def file(self) -> File:
        """The issue's own file."""
        return File(self.name, self.text)

    def rest_of_line(self, path: Path) -> tuple[File, Mark, str]:
        """Give what stands behind a value on the line where it ends, and where that is."""
        span = self.spans[self.resolve(path)]
        file = span.file or self.file
        row = file.lines[span.end.line] if span.end.line < len(file.lines) else ""
        return file, span.end, row[span.end.column :]

    def resolve(self, path: Path) -> Path:
        """Follow a path as far as the file has it, leaving out steps that the file leaves out.

        A block in its short form lacks a step that the model has: links/0 for links/items/0. The
        step of columns inside columns may be left out of the path too.
        """
        found: Path = ()
        for step in path:
            if (*found, step) in self.spans:
                found = (*found, step)
            elif (*found, *found[-1:], step) in self.spans:
                found = (*found, *found[-1:], step)
        return found

    def place(self, path: Path, offset: int | None = None) -> Place:
        """Find the value at a path, or the character `offset` of its text."""
        found = self.resolve(path)
        span = self.spans[found]
        if offset is None or not isinstance(text := self.value(found), str):
            return self._at(span, span.start)
        return self._at(span, self._inside(span, text, offset))

    def key_place(self, path: Path) -> Place:
        """Find the key of the value at a path; in a list, the value itself."""
        span = self.spans[self.resolve(path)]
        return self._at(span, span.key or span.start)

    def value(self, path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
        """Give the data at a path that the file has."""
        value: Any = self.data
        for step in path:
            value = value[step]
        return value

    def texts(self) -> Iterator[tuple[Path, str]]:
        """Give every text of the file, as written, with its path."""
        for path in self.spans:
            if isinstance(value := self.value(path), str):
                yield path, value

    def _at(self, span: Span, mark: Mark) -> Place:
        return (span.file or self.file).at(mark)

    def _inside(self, span: Span, text: str, offset: int) -> Mark:
        if span.style is Style.LITERAL:
            return self._inside_literal(span, text, offset)
        lines = (span.file or self.file).lines
        row = lines[span.start.line] if span.start.line < len(lines) else ""
        for first in (span.start.column, span.start.column + 1):  # behind a quote
            if row.startswith(text, first):
                return Mark(span.start.line, first + offset)
        return self._same_word(span, text, offset, lines)

    def _same_word(self, span: Span, text: str, offset: int, lines: list[str]) -> Mark:
        """Folding and escapes change the text: look for the same occurrence of the same word."""
        word = _WORD.match(text, offset)
        if word is None:
            return span.start
        earlier = len(re.findall(re.escape(word[0]), text[:offset]))
        for line in range(span.start.line, span.end.line + 1):
            row = lines[line] if line < len(lines) else ""
            first = span.start.column if line == span.start.line else 0
            last = span.end.column if line == span.end.line else len(row)
            for match in re.finditer(re.escape(word[0]), row[:last]):
                if match.start() >= first:
                    if not earlier:
                        return Mark(line, match.start())
                    earlier -= 1
        return span.start

    def _inside_literal(self, span: Span, text: str, offset: int) -> Mark:
        """In a literal block scalar, every line is the text's, moved by the indentation."""
        before = text[:offset]
        number = before.count("\n")
        column = offset - (before.rfind("\n") + 1)
        row = text.split("\n")[number]
        lines = (span.file or self.file).lines
        line = min(span.start.line + 1 + number, len(lines) - 1)
        return Mark(line, max(0, len(lines[line]) - len(row)) + column)


def place_at(name: str, lines: list[str], mark: Mark) -> Place:
    """Show a position; one behind the end of the file is moved to its last line."""
    line = min(mark.line, len(lines) - 1)
    # A file that ends with a line break has an empty last line, which shows nothing.
    while line > 0 and line == len(lines) - 1 and not lines[line]:
        line -= 1
    source = lines[line]
    column = mark.column if line == mark.line else len(source)
    # An excerpt goes to terminals, which obey control characters.
    shown = FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", source)
    return Place(name, line + 1, min(column, len(source)) + 1, shown)
