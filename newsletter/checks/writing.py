"""Slips of YAML that no parser notices."""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level
from newsletter.issue.skeletons import SKELETONS
from newsletter.issue.source import Mark


@rule(
    "NL441",
    Level.WARNING,
    Family.WRITING,
    "a text does not end at a '#'",
    why="YAML takes the rest of the line for a comment, and readers never get it",
    hint="put the whole text in quotes; a comment begins with '# '",
)
def text_is_not_cut(matter: Matter) -> Iterator[Remark]:
    """Look for what YAML takes for a comment and the writer meant as text: 'Kirje #3'."""
    for path, _ in matter.document.texts():
        file, end, rest = matter.document.source.rest_of_line(path)
        if match := re.match(r"\s+(?=#\w)", rest):
            yield Remark(
                file.at(Mark(end.line, end.column + match.end())),
                "from '#' on this is a comment, not part of the text",
                "put the whole text in quotes; a comment begins with '# '",
            )


_PLACEHOLDERS: Final = frozenset(
    text for skeleton in SKELETONS.values() for text in skeleton.placeholders
)


@rule(
    "NL444",
    Level.ERROR,
    Family.WRITING,
    "the words of the skeleton are replaced",
    why="readers would get the hints that newsletter new wrote for the writer",
    hint="write your own text in their place, or take the block out",
)
def skeleton_is_filled(matter: Matter) -> Iterator[Remark]:
    """Look for texts that stand as newsletter new wrote them."""
    for path, text in matter.document.texts():
        if text.strip() in _PLACEHOLDERS:
            yield Remark(
                matter.document.place(path),
                "this is still the text of the skeleton",
                "write your own text in its place, or take the block out",
            )


_NOTE: Final = re.compile(r"(?<!\w)(?:TODO|FIXME|TBD|XXX+|(?i:lorem ipsum))(?![\w/])")


@rule(
    "NL447",
    Level.WARNING,
    Family.WRITING,
    "no note to yourself is left",
    why="readers would get what was only meant for whoever writes the issue",
    hint="do what the note says, or make it a comment: # …",
)
def no_note_is_left(matter: Matter) -> Iterator[Remark]:
    """Look for TODO, lorem ipsum and the like; the skeleton's own words have a rule."""
    for path, text in matter.document.texts():
        found = None if text.strip() in _PLACEHOLDERS else _NOTE.search(text)
        if found:
            place = matter.document.place(path, found.start())
            yield Remark(place, f"{found[0]!r} is a note to yourself")
