"""How subject and preheader look in the list of an inbox, and how they sound when read aloud."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.checks.subject import LONGEST, lines, named, subjects
from newsletter.errors import Family, Level

_COMFORTABLE: Final = 70
_LONGEST_PREHEADER: Final = 150
_LOUD: Final = re.compile(r"\b[^\W\d_]{4,}(?:\W+[^\W\d_]{2,})+\b")
"""At least two words, one of them long: EU and EAKR alone are no shouting."""
_MARKS: Final = re.compile(r"[!?]{2,}|!\s+!")
_FIELD: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_JOINS: Final = re.compile(r"[\s\u200d\ufe0f]+")


@rule(
    "NL408",
    Level.WARNING,
    Family.SUBJECT,
    "subject and preheader begin with a word, not with a picture",
    why="screen readers say the picture's name first, and filters know the habit from spam",
    hint="move the sign behind the words, or take it out",
)
def begins_with_words(matter: Matter) -> Iterator[Remark]:
    """Look at the first sign: emoji and other pictures of Unicode."""
    for path, text in lines(matter):
        first = _JOINS.sub("", text)[:1]
        if first and unicodedata.category(first) in {"So", "Sk"}:
            yield Remark(matter.document.place(path, 0), f"the {named(path)} begins with {first!r}")


@rule(
    "NL409",
    Level.WARNING,
    Family.SUBJECT,
    "subject and preheader do not shout",
    why="capitals and rows of '!' read like spam, and screen readers may spell them out",
    hint="write words as in a sentence, with one mark at its end",
)
def does_not_shout(matter: Matter) -> Iterator[Remark]:
    """Look for several words in capitals one after the other, and for '!!'."""
    for path, text in lines(matter):
        said = _FIELD.sub(lambda field: "q" * len(field[0]), text)
        loud = next((found for found in _LOUD.finditer(said) if found[0].isupper()), None)
        if found := loud or _capitals(said) or _MARKS.search(said):
            place = matter.document.place(path, found.start())
            yield Remark(place, f"{found[0]!r} in the {named(path)} shouts")


def _capitals(text: str) -> "re.Match[str] | None":
    """Find two neighbouring words in capitals inside a longer sentence."""
    return next(
        (
            found
            for found in re.finditer(r"\b[^\W\d_a-zåäö]{4,}\W+[^\W\d_a-zåäö]{4,}\b", text)
            if found[0].isupper()
        ),
        None,
    )


@rule(
    "NL410",
    Level.WARNING,
    Family.SUBJECT,
    "the preheader has at most 150 characters",
    why="inboxes show 40 to 130 of them; screen readers read all before the title",
    hint="one short sentence that goes on from the subject",
)
def preheader_is_short(matter: Matter) -> Iterator[Remark]:
    """Count the characters of the preheader."""
    text = matter.document.issue.preheader or ""
    if len(text) > _LONGEST_PREHEADER:
        place = matter.document.place(("preheader",), _LONGEST_PREHEADER)
        yield Remark(place, f"the preheader has {len(text)} characters")


@rule(
    "NL414",
    Level.WARNING,
    Family.SUBJECT,
    "the preheader says more than the subject",
    why="the inbox would show the same words twice, and screen readers say them twice",
    hint="say what else the issue holds",
)
def preheader_says_more(matter: Matter) -> Iterator[Remark]:
    """Compare the preheader with each subject, letters only."""
    said = _letters(matter.document.issue.preheader or "")
    if said and any(said == _letters(subject) for _, subject in subjects(matter)):
        place = matter.document.place(("preheader",))
        yield Remark(place, "the preheader repeats the subject")


@rule(
    "NL415",
    Level.NOTE,
    Family.SUBJECT,
    "the subject has at most 70 characters",
    why="phones show about 40, desktop programs about 70",
    hint="put what matters first, or leave the end to the preheader",
)
def subject_fits(matter: Matter) -> Iterator[Remark]:
    """Count the characters of each subject; NL405 refuses what is far too long."""
    for path, text in subjects(matter):
        if _COMFORTABLE < len(text) <= LONGEST:
            place = matter.document.place(path, _COMFORTABLE)
            yield Remark(place, f"the subject has {len(text)} characters; inboxes cut it here")


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text).casefold()
