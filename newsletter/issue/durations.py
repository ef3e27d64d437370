"""Lengths of time as people write them: "0 minutes", "4h", "3 days", "2 weeks"."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator

from newsletter.issue.rules import Rule
from newsletter.issue.texts import fault

_WRITTEN: Final = re.compile(r"(?P<sign>[-–+]?)\s*(?P<count>\d{1,6})\s*(?P<unit>[a-z]*)")
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 24 * 60, "week": 7 * 24 * 60}
_UNITS: Final = {
    **{form: unit for unit in _MINUTES for form in (unit[0], unit, f"{unit}s")},
    "min": "minute",
}
_FORMS: Final = "write a number and its unit: 30 minutes, 4 hours, 3 days or 2 weeks"
_LONGEST: Final = timedelta(days=3 * 366)
"""Nobody remembers for longer what they signed up for."""


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not value.strip():
        fault(Rule.DURATION, "there is no length of time here", _FORMS)
    text = value.strip()
    found = _WRITTEN.fullmatch(text.lower())
    if not found or (found["unit"] and found["unit"] not in _UNITS):
        fault(Rule.DURATION, f"{text[:60]!r} is no length of time", _FORMS)
    if found["sign"] in {"-", "–"}:
        fault(Rule.DURATION, f"{text!r} lies in the past", "time only goes on: leave the minus out")
    count = int(found["count"])
    if not found["unit"] and count:
        fault(Rule.DURATION, f"{text!r} has no unit", _FORMS)
    length = timedelta(minutes=count * _MINUTES[_UNITS.get(found["unit"], "minute")])
    if length > _LONGEST:
        fault(Rule.DURATION, f"{text!r} is more than three years", "choose a shorter time")
    return length


Duration = Annotated[timedelta, BeforeValidator(_duration, json_schema_input_type=str)]
"""Not negative; as "0", or with a unit: minutes, hours, days, weeks, or their first letters."""


def spoken(length: timedelta) -> str:
    """Say a length in its largest whole unit: "3 days", "4 hours", "90 minutes"."""
    minutes = int(length.total_seconds()) // 60
    unit = next(
        (name for name, size in reversed(_MINUTES.items()) if minutes and not minutes % size),
        "minute",
    )
    count = minutes // _MINUTES[unit]
    return f"{count} {unit}" + ("" if count == 1 else "s")
