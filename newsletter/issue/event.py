"""An event: its title and when it is, where, and what it is about; readers get a calendar file."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, PlainValidator, ValidationInfo

from newsletter.issue.rules import Rule
from newsletter.issue.texts import Line, Markdown, TitleLevel, Url, fault
from newsletter.issue.values import BaseBlock

TIME_ZONE: Final = "Europe/Helsinki"
"""Where events are, unless the settings say otherwise."""

_WRITTEN: Final = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"([T ](?P<time>\d{2}:\d{2})(:\d{2})?\s?(?P<offset>Z|[+-]\d{2}:?\d{2})?)?"
)
_DAY_FIRST: Final = re.compile(r"(?<!\d)(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)")
_YEAR_FIRST: Final = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_CLOCK: Final = re.compile(r"(?<![\d.:])(\d{1,2})(?:[.:](\d{2}))?(?![\d.:])")


def _moment(value: object, info: ValidationInfo) -> date:
    """Read a local time or a date; a datetime comes out aware, in the zone of the events."""
    if isinstance(value, date):
        value = value.isoformat()
    if not isinstance(value, str) or not value.strip():
        fault(Rule.TIME, "there is no time here", "write it as 2026-03-04T18:00, or 2026-03-04")
    text = value.strip()
    if not (written := _WRITTEN.fullmatch(text)):
        fault(Rule.TIME, f"{text[:60]!r} is no time", _right_form(text))
    try:
        if not written["time"]:
            return date.fromisoformat(written["date"])
        moment = datetime.fromisoformat("{date}T{time}{offset}".format(**written.groupdict("")))
        if moment.tzinfo:
            return moment.astimezone(_zone(info))
    except (ValueError, OverflowError):
        fault(Rule.TIME, f"there is no such day or time: {text!r}", "look it up in a calendar")
    return _in_zone(moment, _zone(info))


def _zone(info: ValidationInfo) -> ZoneInfo:
    context = cast("Mapping[str, Any]", info.context or {})
    return ZoneInfo(context.get("time_zone") or TIME_ZONE)


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """Put a local time into its zone; refuse what the clock skips or shows twice (PEP 495)."""
    early, late = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
    first, second = early.utcoffset() or timedelta(), late.utcoffset() or timedelta()
    if first < second:
        message = f"the clocks skip {local:%H:%M} on that day (summer time begins)"
        fault(Rule.TIME, message, "choose a time an hour later or earlier")
    if first > second:
        message = f"{local:%H:%M} comes twice on that day (summer time ends)"
        fault(Rule.TIME, message, f"say which: {early.isoformat(timespec='minutes')} is the first")
    return early


def _right_form(text: str) -> str:
    """Write what was probably meant in the form that is asked for."""
    usage = "write it as 2026-03-04T18:00, or 2026-03-04"
    if found := _DAY_FIRST.search(text):
        day, month, year = found.groups()
    elif found := _YEAR_FIRST.search(text):
        year, month, day = found.groups()
    else:
        return f"{usage}; the day is needed too" if _CLOCK.fullmatch(text) else usage
    rest = text[: found.start()] + " " + text[found.end() :]
    clock = _CLOCK.search(rest)
    meant = f"{int(year)}-{int(month):02}-{int(day):02}"
    if clock:
        meant += f"T{int(clock[1]):02}:{int(clock[2] or 0):02}"
    try:
        datetime.fromisoformat(meant)
    except ValueError:
        return usage
    return f"write it as {meant}"


def _after_start(value: date | None, info: ValidationInfo) -> date | None:
    starts: date | None = info.data.get("starts")
    if value is None or starts is None:
        return value
    if isinstance(value, datetime) and isinstance(starts, datetime):
        # Two times of one zone are compared as clocks show them; summer time needs the moments.
        if value.timestamp() <= starts.timestamp():
            fault(Rule.TIME, "the event ends before it starts", "look at both times again")
    elif isinstance(value, datetime) or isinstance(starts, datetime):
        hint = "give both the time of day, or neither"
        fault(Rule.TIME, "one of 'starts' and 'ends' has a time of day, the other not", hint)
    elif value < starts:
        fault(Rule.TIME, "the event ends before it starts", "look at both dates again")
    return value


Moment = Annotated[datetime | date, PlainValidator(_moment, json_schema_input_type=str)]
"""An aware datetime in the zone of the events, or a date for what lasts whole days."""


class Event(BaseBlock):
    """Something that people can come to."""

    kind: Literal["event"] = "event"
    title: Line
    """What it is."""
    level: TitleLevel = 0
    """Of the title among the headings: 3 below a heading of level 2, else 2."""
    starts: Moment
    """Local time, as 2026-03-04T18:00; or a date, for whole days."""
    ends: Annotated[Moment | None, AfterValidator(_after_start)] = None
    """For whole days, the last day."""
    place: Line | None = None
    """Where it is, so that a map finds it."""
    url: Url | None = None
    """Where there is more about it."""
    body: Markdown | None = None
    """What it is about, in Markdown."""
