"""What an inbox shows of a mail before it is opened (standards P09)."""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Level, Place
from newsletter.issue.fields import mask

_LONGEST: Final = 150
"""Characters; phones show about 40, desktop clients up to about 70."""
_FEWEST_LETTERS: Final = 3
_ANSWER: Final = re.compile(r"\s*(re|fwd?|vs|vl|sv|vb|aw|wg)\s*:", re.IGNORECASE)
"""Marks of answers and forwarded mail in English, Finnish, Swedish and German clients."""


@rule("NL404", Level.ERROR, "the subject says something")
def subject_says_something(matter: Matter) -> Iterator[Remark]:
    """Look for letters beside personal fields."""
    for place, subject in _subjects(matter):
        constant = re.sub(r"\{\{.*?\}\}", "", subject)
        if len(re.findall(r"\w", constant)) < _FEWEST_LETTERS:
            yield Remark(place, "the subject hardly says anything", "say what the issue is about")


@rule("NL405", Level.ERROR, "the subject has at most 150 characters")
def subject_is_short(matter: Matter) -> Iterator[Remark]:
    """Count the characters of the subject."""
    for place, subject in _subjects(matter):
        if len(subject) > _LONGEST:
            yield Remark(
                place,
                f"the subject has {len(subject)} characters; {_LONGEST} are the most",
                "phones show about 40: put what matters first",
            )


@rule("NL406", Level.ERROR, "the subject does not look like an answer or a forwarded mail")
def subject_is_no_answer(matter: Matter) -> Iterator[Remark]:
    """Look for Re:, Fwd:, VS: and the like."""
    for place, subject in _subjects(matter):
        if match := _ANSWER.match(mask(subject)):
            yield Remark(
                place,
                f"the subject begins with '{match[0].strip()}' as if it answered a mail",
                "Gmail and others punish that; take it out",
            )


@rule("NL407", Level.WARNING, "an issue has a preheader")
def preheader_is_there(matter: Matter) -> Iterator[Remark]:
    """Look for the line that inboxes show beside the subject."""
    if not matter.document.issue.preheader:
        yield Remark(
            matter.document.key_place(("subject",)),
            "there is no preheader, so inboxes show whatever comes first",
            "add 'preheader: …', one sentence that goes on from the subject",
        )


def _subjects(matter: Matter) -> Iterator[tuple[Place, str]]:
    """Give every subject with its place: one, or several that are tried."""
    for arm, subject in matter.document.issue.subjects.items():
        yield matter.document.place(("subject", arm) if arm else ("subject",)), subject
