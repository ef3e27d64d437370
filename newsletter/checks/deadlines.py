"""Days by which readers are asked to do something: still to come."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level

_DAY: Final = r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>20\d{2})"
_BY: Final = (
    re.compile(rf"{_DAY}\s+(?:mennessä|saakka|asti)\b", re.IGNORECASE),
    re.compile(rf"\b(?:viimeistään|senast(?:\s+den)?|by|until)\s+(?:\w+\s+)?{_DAY}", re.IGNORECASE),
)
"""A deadline says its year here; without one, it cannot be told which is meant."""


@rule(
    "NL443",
    Level.WARNING,
    Family.DATES,
    "a day by which readers are to act is still to come",
    why="text that is copied from an earlier issue asks for what is no longer possible",
    hint="look at the day and the year, or take the sentence out",
)
def deadlines_are_to_come(matter: Matter) -> Iterator[Remark]:
    """Look for '31.3.2026 mennessä', 'senast 31.3.2026' and the like that are over."""
    if matter.now is None:
        return
    today = matter.now.date()
    for path, text in matter.document.texts():
        for pattern in _BY:
            for found in pattern.finditer(text):
                day = _date(found)
                if day and day < today:
                    place = matter.document.place(path, found.start("day"))
                    yield Remark(place, f"{day.day}.{day.month}.{day.year} is over")


def _date(found: re.Match[str]) -> date | None:
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
