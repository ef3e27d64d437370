"""When a mailing is to go out, as people write it: local times of the workspace's time zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from newsletter.errors import InputError
from newsletter.mailing.control import quiet
from newsletter.settings import Settings
from newsletter.settings.sending import duration

_FORMS: Final = 'write "2026-12-01 09:00", or with an offset 2026-12-01T09:00+02:00'
_FARTHEST: Final = timedelta(days=366)
"""Who mails later than in a year has mistyped the year."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a mailing may begin; aware, in UTC."""

    at: datetime
    latest: datetime
    """A run that comes later asks first."""


def read_schedule(
    at: str, latest: str | None, settings: Settings, *, now: datetime, despite_quiet: bool = False
) -> Schedule:
    """Read the times of `send --at --latest`; raises InputError, also for a time in quiet hours."""
    zone = settings.time_zone
    begin = moment(at, zone)
    if begin <= now:
        raise InputError(
            f"{at} is over: it is {said(now, zone)} now",
            hint="name a time to come; to mail it now, leave --at out",
        )
    if begin - now > _FARTHEST:
        raise InputError(f"{at} is more than a year away", hint="check the year")
    end = quiet.ends(settings.sending.windows, zone, begin)
    if end and not despite_quiet:
        raise InputError(
            f"{at} lies in the quiet hours, which end at {said(end, zone)}",
            hint="choose another time, or say --despite-quiet",
        )
    return Schedule(begin, _latest(latest or settings.sending.latest, begin, zone))


def moment(text: str, zone: str) -> datetime:
    """Read a time, local or with an offset; raises InputError, also where clocks are turned."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(f"{text!r} is no time", hint=_FORMS) from error
    if not re.search(r"\d[T ]\d", text.strip()):
        raise InputError(f"{text!r} has no hour", hint=_FORMS)
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    return _unambiguous(found, ZoneInfo(zone))


def said(when: datetime, zone: str) -> str:
    """Say a time as staff see it: "Tue 2026-12-01 09:00"."""
    return f"{when.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}"


def _unambiguous(found: datetime, zone: ZoneInfo) -> datetime:
    first, second = (found.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    utc = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return utc
    written = f"{found:%Y-%m-%d %H:%M}"
    if utc.astimezone(zone).replace(tzinfo=None) != found:
        raise InputError(
            f"{written} does not exist in {zone.key}: the clocks are set forward then",
            hint=f"did you mean {utc.astimezone(zone):%H:%M}?",
        )
    raise InputError(
        f"{written} comes twice in {zone.key}: the clocks are set back then",
        hint=f"say which: {first.isoformat(timespec='minutes')} or "
        f"{second.isoformat(timespec='minutes')}",
    )


def _latest(text: str, begin: datetime, zone: str) -> datetime:
    """Read how late it may begin: a length, an hour of that day or the next, or a whole time."""
    if re.fullmatch(r"\d?\d:\d\d", text.strip()):
        latest = _next(text.strip(), begin, ZoneInfo(zone))
    elif re.match(r"\d{4}-", text.strip()):
        latest = moment(text, zone)
    else:
        try:
            latest = begin + duration(text)
        except ValueError as error:
            raise InputError(f"--latest {error}", hint="or name a time: 11:00") from error
    if latest <= begin:
        raise InputError(
            f"--latest {text} is not after the time of the mailing, {said(begin, zone)}",
            hint="say how late it may begin: 2h, or a time after it",
        )
    return latest


def _next(text: str, begin: datetime, zone: ZoneInfo) -> datetime:
    """Find when the clock shows this next."""
    hours, minutes = (int(part) for part in text.split(":"))
    try:
        at = time(hours, minutes)
    except ValueError as error:
        raise InputError(f"there is no time {text}", hint="e.g. --latest 11:00") from error
    day = begin.astimezone(zone).date()
    found = [
        datetime.combine(day + timedelta(days=days), at, zone).astimezone(UTC) for days in (0, 1)
    ]
    return next(when for when in found if when > begin or when is found[-1])
