"""YAML's syntax faults in plain words, with the slip that most often causes each."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from newsletter.errors import Place

_INDENT: Final = "lines of one list or mapping begin in the same column; indent with spaces"

_UNFIT: Final = "a line that does not fit the lines above it"
_QUOTE: Final = ("a quote that is not closed", "close it")
_OPENING: Final = re.compile(r"(?:^|[:-][ ]+)([\"'])")

_WORDS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "mapping values are not allowed",
        "a second ': ' in one line",
        'put the value in quotes: key: "Uutta: …"; or indent the line like its neighbours',
    ),
    ("could not find expected ':'", "a line that is no 'key: value'", "is ': ' missing?"),
    ("did not find expected key", _UNFIT, _INDENT),
    ("expected <block end>", _UNFIT, _INDENT),
    ("did not find expected '-' indicator", "a line in a list that begins with no dash", _INDENT),
    (
        "sequence entries are not allowed",
        "a list cannot begin here",
        "begin it on a new line",
    ),
    (
        "did not find expected ',' or '}'",
        "a '{' without its '}'",
        "close it, or put the text in quotes",
    ),
    ("expected ',' or '}'", "a '{' without its '}'", "close it, or put the text in quotes"),
    (
        "did not find expected ',' or ']'",
        "a '[' without its ']'",
        "close it, or put the text in quotes",
    ),
    ("expected ',' or ']'", "a '[' without its ']'", "close it, or put the text in quotes"),
    ("did not find expected node content", "a value is missing in the brackets", ""),
    ("expected the node content", "a value is missing in the brackets", ""),
    ("unexpected end of stream", *_QUOTE),
    ("unexpected document separator", *_QUOTE),
    ("unknown escape character", "a backslash that escapes nothing", "use single quotes, or \\\\"),
    ("hexdecimal", "a backslash that escapes nothing", "use single quotes, or \\\\"),
    ("hexadecimal", "a backslash that escapes nothing", "use single quotes, or \\\\"),
    ("invalid Unicode character", "an escape for a character that does not exist", "take it out"),
    ("alphabetic or numeric character", "a text that begins with * or &", "put it in quotes"),
    ("scanning a tag", "a text that begins with !", "put it in quotes"),
    ("undefined tag handle", "a text that begins with !", "put it in quotes"),
    ("directive", "a line that begins with %", "put the text in quotes"),
    ("expected <document start>", "text after the end of the issue", _INDENT),
    ("did not find expected <document start>", "text after the end of the issue", _INDENT),
    ("chomping or indentation", "text behind | or >", "begin the text on the next line"),
    ("comment or line break", "text behind | or >", "begin the text on the next line"),
    ("expected a comment", "text behind | or >", "begin the text on the next line"),
)


def explain(
    problem: str, context: str, place: Place, begun: Place | None, lines: Sequence[str]
) -> tuple[Place, str, str]:
    """Say where a syntax fault is, what it is, and what to do.

    `begun` is where the thing began that was being read; it is the better place when that thing
    was never closed. `lines` are those of the file.
    """
    if braces := re.search(r"(?::|^\s*-)\s+\{\{", place.source):
        place = replace(place, column=braces.end() - 1)
        return place, "a text that begins with {{", "put the whole text in quotes"
    if slip := _slip(problem, place):
        return place, *slip
    for part, message, hint in _WORDS:
        if part in problem or part in context:
            if message == _UNFIT and (quote := _opened(lines, place)):
                return quote, *_QUOTE
            unclosed = "not closed" in message or "without its" in message
            return (begun or place) if unclosed else place, message, hint
    where = f" ({context})" if context else ""
    return place, f"this is not YAML: {problem}{where}", ""


def _opened(lines: Sequence[str], place: Place) -> Place | None:
    """Find the quote lines above that a quote just before a fault has closed, if there is one.

    A quote that nobody closed ends at the next one, wherever that was meant to begin.
    """
    before = place.source[: place.column - 1].rstrip()
    sign = before[-1:]
    if sign not in {'"', "'"} or before.count(sign) > 1:
        return None
    line = next((at for at in range(place.line - 1, 0, -1) if sign in lines[at - 1]), 0)
    found = _OPENING.search(lines[line - 1]) if line else None
    if not found or found[1] != sign or lines[line - 1].count(sign) > 1:
        return None
    return Place(place.file, line, found.start(1) + 1, lines[line - 1])


def _slip(problem: str, place: Place) -> tuple[str, str] | None:
    """Recognise what people do most by the line itself, which YAML's own words do not tell."""
    line = place.source
    if re.match(r"[ ]*\t", line):
        return "a tab at the beginning of the line", "indent with spaces"
    if "cannot start any token" in problem:
        sign = line[place.column - 1 : place.column] or "this character"
        if sign == "\t":
            return "a tab where only spaces may stand", "replace it by a space"
        return f"a text that begins with {sign}", "put it in quotes"
    if re.search(r":\s+(\"[^\"]*\"|'[^']*')\s*[^\s#,}\]]", line) and "expected" in problem:
        return "text behind a closing quote", "put the whole text in one pair of quotes"
    return None
