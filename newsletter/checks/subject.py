"""What an inbox shows of a mail before it is opened (standards P09)."""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level
from newsletter.issue.fields import mask
from newsletter.issue.source import Path

LONGEST: Final = 150
"""Characters; phones show about 40, desktop clients up to about 70."""
_FEWEST_LETTERS: Final = 3
_ANSWER: Final = re.compile(r"\s*(re|fwd?|vs|vl|sv|vb|aw|wg)\s*:", re.IGNORECASE)
"""Marks of answers and forwarded mail in English, Finnish, Swedish and German clients."""


@rule(
    "NL404",
    Level.ERROR,
    Family.SUBJECT,
    "the subject says something",
    why="whoever has no name in the register would get a subject of a comma",
    hint="say what the issue is about, beside any personal field",
)
def subject_says_something(matter: Matter) -> Iterator[Remark]:
    """Look for letters beside personal fields."""
    for path, subject in subjects(matter):
        constant = re.sub(r"\{\{.*?\}\}", "", subject)
        if len(re.findall(r"\w", constant)) < _FEWEST_LETTERS:
            place = matter.document.place(path)
            yield Remark(place, "the subject hardly says anything", "say what the issue is about")


@rule(
    "NL405",
    Level.ERROR,
    Family.SUBJECT,
    "the subject has at most 150 characters",
    why="phones show about 40 characters, desktop programs about 70; nobody sees the rest",
    hint="put what matters first and leave the rest to the preheader",
)
def subject_is_short(matter: Matter) -> Iterator[Remark]:
    """Count the characters of the subject."""
    for path, subject in subjects(matter):
        if len(subject) > LONGEST:
            yield Remark(
                matter.document.place(path, LONGEST),
                f"the subject has {len(subject)} characters; {LONGEST} are the most",
                "phones show about 40: put what matters first",
            )


@rule(
    "NL406",
    Level.ERROR,
    Family.SUBJECT,
    "subject and preheader do not look like an answer or a forwarded mail",
    why="Gmail and others punish subjects that pretend to answer a mail",
    hint="take the mark out",
)
def subject_is_no_answer(matter: Matter) -> Iterator[Remark]:
    """Look for Re:, Fwd:, VS: and the like."""
    for path, text in lines(matter):
        if match := _ANSWER.match(mask(text)):
            yield Remark(
                matter.document.place(path, 0),
                f"the {named(path)} begins with '{match[0].strip()}' as if it answered a mail",
                "Gmail and others punish that; take it out",
            )


@rule(
    "NL407",
    Level.WARNING,
    Family.SUBJECT,
    "an issue has a preheader",
    why="inboxes show whatever comes first, often an address or 'view in browser'",
    hint="add 'preheader: …', one sentence that goes on from the subject",
)
def preheader_is_there(matter: Matter) -> Iterator[Remark]:
    """Look for the line that inboxes show beside the subject."""
    if not matter.document.issue.preheader:
        yield Remark(
            matter.document.key_place(("subject",)),
            "there is no preheader, so inboxes show whatever comes first",
            "add 'preheader: …', one sentence that goes on from the subject",
        )


def subjects(matter: Matter) -> Iterator[tuple[Path, str]]:
    """Give every subject with its path: one, or several that are tried."""
    for arm, subject in matter.document.issue.subjects.items():
        yield ("subject", arm) if arm else ("subject",), subject


def lines(matter: Matter) -> Iterator[tuple[Path, str]]:
    """Give what inboxes show in bold and beside it: the subjects and the preheader."""
    yield from subjects(matter)
    if preheader := matter.document.issue.preheader:
        yield ("preheader",), preheader


def named(path: Path) -> str:
    """Name a line of the inbox."""
    return str(path[0])
