"""Days that the calendar has, on the weekdays that are said of them."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Final

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level

_WEEKDAYS: Final = {
    "fi": ("maanantai", "tiistai", "keskiviikko", "torstai", "perjantai", "lauantai", "sunnuntai"),
    "sv": ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
}
_SHORT: Final = {
    "fi": ("ma", "ti", "ke", "to", "pe", "la", "su"),
    "sv": ("mån", "tis", "ons", "tors", "fre", "lör", "sön"),
    "en": ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
}
_MONTHS: Final = (
    "tammikuuta januari january", "helmikuuta februari february", "maaliskuuta mars march",
    "huhtikuuta april", "toukokuuta maj may", "kesäkuuta juni june", "heinäkuuta juli july",
    "elokuuta augusti august", "syyskuuta september", "lokakuuta oktober october",
    "marraskuuta november", "joulukuuta december",
)  # fmt: skip
_MONTH_OF: Final = {
    name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()
}
_NUMBER_OF: Final = {
    name: number
    for names in (*_WEEKDAYS.values(), *_SHORT.values())
    for number, name in enumerate(names)
}
_DAY: Final = (
    rf"(?P<day>\d{{1,2}})(?:\.\s?(?P<month>\d{{1,2}})\.|\.?\s(?P<name>{'|'.join(_MONTH_OF)})\b)"
    r"(?:\s?(?P<year>20\d\d)(?!\d))?"
)
_DATE: Final = re.compile(rf"(?<![\w.,/]){_DAY}", re.IGNORECASE)


@rule(
    "NL448",
    Level.WARNING,
    Family.DATES,
    "a day is one of the calendar, and on the weekday that is said of it",
    why="who comes on the wrong day has come in vain, and others do not come at all",
    hint="look into a calendar, and at the year",
)
def weekday_fits(matter: Matter) -> Iterator[Remark]:
    """Look for '31.4.2026', and 'ti 4.5.2026' or 'måndag 5 maj' on another weekday.

    Where no year is said, neither the last such day nor the next one fits.
    """
    said = _said(matter.document.issue.language)
    for path, text in matter.document.texts():
        for offset, message in (*_missing(text), *_elsewhere(text, said, matter.now)):
            yield Remark(matter.document.place(path, offset), message)


def _missing(text: str) -> Iterator[tuple[int, str]]:
    """Find days that no calendar has; without a year it may be a time: 9.30."""
    for found in _DATE.finditer(text):
        if found["year"] and not _date(found, int(found["year"])):
            yield found.start(), f"no calendar has the day {found[0]}"


def _elsewhere(text: str, said: re.Pattern[str], now: datetime | None) -> Iterator[tuple[int, str]]:
    """Find days on another weekday than is said."""
    for found in said.finditer(text):
        days = list(_days(found, now))
        wanted = _NUMBER_OF[found["weekday"].lower()]
        if days and not found["several"] and wanted not in {day.weekday() for day in days}:
            day = days[0]
            name = _WEEKDAYS["en"][day.weekday()].capitalize()
            yield found.start("weekday"), f"{day.day}.{day.month}.{day.year} is a {name}"


@cache
def _said(language: str) -> re.Pattern[str]:
    """Make the pattern of a day behind its weekday, and what is before: 'ma-ke 4.5.'."""
    known = [name for names in _WEEKDAYS.values() for name in names]
    weekday = "|".join((*known, *_SHORT.get(language, ())))
    ending = r"(?:na|sta|hin|ksi|en)?\.?"
    several = rf"(?P<several>\b(?:{weekday}){ending}\s*(?:[–/,-]|\bja\b|\boch\b|\band\b)\s*)?"
    return re.compile(
        rf"(?<!\d\s)(?<!\d\.\s){several}\b(?P<weekday>{weekday}){ending},?\s+(?:den\s|the\s)?{_DAY}",
        re.IGNORECASE,
    )


def _days(found: re.Match[str], now: datetime | None) -> Iterator[date]:
    """Give the day that is meant, or those that may be: the next one and the last."""
    if found["year"]:
        years: tuple[int, ...] = (int(found["year"]),)
    elif now:
        day = _date(found, now.year)
        past = day is not None and day < now.date()
        years = (now.year + 1, now.year) if past else (now.year, now.year - 1)
    else:
        years = ()
    for year in years:
        if day := _date(found, year):
            yield day


def _date(found: re.Match[str], year: int) -> date | None:
    month = int(found["month"]) if found["month"] else _MONTH_OF[found["name"].lower()]
    try:
        return date(year, month, int(found["day"]))
    except ValueError:
        return None
