"""Exceptions that a file allows itself, each with a reason, in comments.

`# newsletter: allow NL423 because …` allows that finding on its own line; on a line of its own, on
the next line that is none of comments; both with all lines of a text that begins there. Before the
first key it also allows what is about the file as a whole. A comment is what YAML takes for one.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from newsletter.errors import Entry, Family, Finding, Level, Place
from newsletter.issue.scalars import scalars
from newsletter.issue.source import File, Mark, Span

REASONED: Final = Entry(
    "NL521",
    Level.WARNING,
    Family.EXCEPTIONS,
    "an exception says why",
    why="whoever reads the issue next year must be able to tell whether the reason still holds",
    hint="write # newsletter: allow NL423 because … ; until then nothing is allowed",
)
NEEDED: Final = Entry(
    "NL522",
    Level.NOTE,
    Family.EXCEPTIONS,
    "an exception is needed",
    why="one that stays behind would hide the next slip in the same place",
    hint="take the comment out",
)
UNDERSTOOD: Final = Entry(
    "NL523",
    Level.WARNING,
    Family.EXCEPTIONS,
    "an exception names rules that exist and can be allowed",
    why="a misspelt exception allows nothing, though it looks as if it did",
    hint="write # newsletter: allow NL423 because …",
)

_COMMENT: Final = re.compile(r"(?:^|(?<=\s))#+\s*newsletter:\s*(?P<words>.*?)\s*$", re.IGNORECASE)
_ALLOW: Final = re.compile(
    r"allow\s+(?P<codes>NL\w+(?:\s*(?:,|and)?\s+NL\w+)*)"
    r"\s*(?:(?:because|koska|eftersom)\b|[:–—-])?\s*(?P<reason>.*)",
    re.IGNORECASE,
)
"""People write the reason in their own language."""
_FEWEST_LETTERS: Final = 3
_ALL: Final = "newsletter check --explain all lists the rules"


@dataclass(frozen=True, slots=True)
class Exemption:
    """One comment: which rules it allows to be broken, and where."""

    file: File
    place: Place
    codes: tuple[str, ...]
    reason: str
    lines: frozenset[int]
    """From 1; 0 is the file as a whole."""

    def allows(self, finding: Finding) -> bool:
        """Tell whether a finding is what the comment is about."""
        place = finding.place
        return (
            bool(self.reason)
            and finding.rule in self.codes
            and place.file == self.file.name
            and place.line in self.lines
        )


def exemptions(file: File) -> Iterator[Exemption]:
    """Read the comments of a file; without codes: one that cannot be understood."""
    if "newsletter:" not in file.text.lower():
        return
    texts = list(scalars(file.text))
    top = next((n for n, row in enumerate(file.lines) if row.split("#")[0].strip()), 0)
    for number, row in enumerate(file.lines):
        found = _COMMENT.search(row)
        if not found or any(_inside(span, row, number, found.start()) for span in texts):
            continue
        at = number if row[: found.start()].strip() else _next(file.lines, number)
        lines = {at, *(line for span in texts if span.start.line == at for line in _rows(span))}
        said = _ALLOW.fullmatch(found["words"])
        reason = said["reason"] if said else ""
        yield Exemption(
            file=file,
            place=file.at(Mark(number, found.start())),
            codes=tuple(re.findall(r"NL\w+", said["codes"].upper())) if said else (),
            reason=reason if len(re.findall(r"\w", reason)) >= _FEWEST_LETTERS else "",
            lines=frozenset({line + 1 for line in lines} | ({0} if number < top else set())),
        )


def remarks(
    found: Iterable[Exemption], used: Collection[tuple[Exemption, str]], known: Collection[str],
    allowable: Collection[str], *, asked: Collection[str],
) -> Iterator[Finding]:  # fmt: skip
    """Say what is wrong with exemptions, and which of them nothing needs.

    `known` are all codes, `allowable` those that a file may break, `asked` those that were looked
    for this time.
    """
    for one in found:
        if not one.codes:
            yield UNDERSTOOD.finding(one.place, "a comment for the tool that it does not know")
        if one.codes and not one.reason:
            yield REASONED.finding(one.place, f"no reason why {' and '.join(one.codes)} may be")
        for code in one.codes:
            if code not in known:
                yield UNDERSTOOD.finding(one.place, f"no rule {code!r}", near_codes(code, known))
            elif code not in allowable:
                message = f"{code} cannot be allowed: it is an error everywhere"
                hint = "mend what it says, and take the comment out"
                yield UNDERSTOOD.finding(one.place, message, hint)
            elif code in asked and one.reason and (one, code) not in used:
                yield NEEDED.finding(one.place, f"nothing here breaks {code}")


def near_codes(code: str, known: Collection[str]) -> str:
    """Make the hint for a code that is not known: the first of its tens, else how to see all."""
    alike = [one for one in sorted(known) if one[:-1] == code.strip().upper()[: len(one) - 1]][:3]
    return f"did you mean {' or '.join(alike)}?" if alike else _ALL


def _rows(span: Span) -> range:
    """Give the lines of a text; one that ends before a line's first sign is not on it."""
    return range(span.start.line, span.end.line + bool(span.end.column))


def _inside(span: Span, row: str, line: int, column: int) -> bool:
    """Tell whether a place is in a text; behind the | or > of one that begins below, it is not."""
    start, end = span.start, span.end
    if line == start.line and row[start.column : start.column + 1] in {"|", ">"}:
        return False
    return (start.line, start.column) <= (line, column) < (end.line, end.column)


def _next(lines: list[str], number: int) -> int:
    """Find the next line that holds more than a comment."""
    for at in range(number + 1, len(lines)):
        if lines[at].split("#")[0].strip() or lines[at].lstrip()[:1] not in {"", "#"}:
            return at
    return number
