"""Slips of YAML that no parser notices."""

import re
from collections.abc import Iterator

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level
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
