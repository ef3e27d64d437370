"""Days, times and spans of time, as a reader of the language writes them.

Finnish, Swedish and English by their language offices' rules (Kotus, Språkrådet, Oxford style);
other languages by CLDR's patterns.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from newsletter.i18n.locales import locale, primary


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a language writes: `a` is the start, `b` the end, after the colon a CLDR pattern.

    Weekdays by EEE, never by ccc: Babel's cache can lose what a language says for the latter, when
    a language with little data of its own (dv) is asked first.
    """

    day: str
    month: str
    """Whole days within one month."""
    year: str
    """Whole days within one year."""
    moment: str
    hours: str
    """From one time to another of the same day."""


_FINNISH: Final = _Manner(
    day="{a:EEE d.M.y}",
    month="{a:EEE}–{b:EEE} {a:d.}–{b:d.M.y}",
    year="{a:EEE d.M.} – {b:EEE d.M.y}",
    moment="{a:EEE d.M.y} klo {a:H.mm}",
    hours="{a:EEE d.M.y} klo {a:H.mm}–{b:H.mm}",
)
_SWEDISH: Final = _Manner(
    day="{a:EEE d MMMM y}",
    month="{a:EEE}–{b:EEE} {a:d}–{b:d MMMM y}",
    year="{a:EEE d MMMM} – {b:EEE d MMMM y}",
    moment="{a:EEE d MMMM y} kl. {a:H.mm}",
    hours="{a:EEE d MMMM y} kl. {a:H.mm}–{b:H.mm}",
)
_ENGLISH: Final = _Manner(
    day="{a:EEE d MMMM y}",
    month="{a:EEE}–{b:EEE} {a:d}–{b:d MMMM y}",
    year="{a:EEE d MMMM} – {b:EEE d MMMM y}",
    moment="{a:EEE d MMMM y}, {a:HH:mm}",
    hours="{a:EEE d MMMM y}, {a:HH:mm}–{b:HH:mm}",
)
_MANNERS: Final = {"fi": _FINNISH, "sv": _SWEDISH, "en": _ENGLISH}


def day(moment: date, language: str) -> str:
    """Write a day: ke 4.3.2026, ons 4 mars 2026, Wed 4 March 2026."""
    return _manner(language).day.format(a=_Written(moment, language))


def when(starts: date, ends: date | None, language: str) -> str:
    """Write when something is: ke 4.3.2026 klo 18.00–20.00.

    A `date` is a whole day, a `datetime` a time of its own clock; an aware end is told by the clock
    of the start. Two whole days of one month are written as ke–pe 4.–6.3.2026.
    """
    ends = _same_clock(ends, starts)
    if ends is None or ends == starts:
        return _one(starts, language)
    if isinstance(starts, datetime) and isinstance(ends, datetime):
        if _date(starts) == _date(ends):
            return _write(_manner(language).hours, starts, ends, language)
    elif not isinstance(starts, datetime) and not isinstance(ends, datetime):
        return _days(starts, ends, language)
    return f"{_one(starts, language)} – {_one(ends, language)}"


def _days(starts: date, ends: date, language: str) -> str:
    manner = _manner(language)
    if (starts.year, starts.month) == (ends.year, ends.month):
        return _write(manner.month, starts, ends, language)
    if starts.year == ends.year:
        return _write(manner.year, starts, ends, language)
    return f"{_one(starts, language)} – {_one(ends, language)}"


def _one(moment: date, language: str) -> str:
    manner = _manner(language)
    pattern = manner.moment if isinstance(moment, datetime) else manner.day
    return _write(pattern, moment, moment, language)


def _write(pattern: str, starts: date, ends: date, language: str) -> str:
    return pattern.format(a=_Written(starts, language), b=_Written(ends, language))


def _date(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _same_clock(ends: date | None, starts: date) -> date | None:
    """Read an aware end on the clock of an aware start, and drop both zones."""
    if isinstance(ends, datetime) and ends.tzinfo and isinstance(starts, datetime):
        return ends.astimezone(starts.tzinfo) if starts.tzinfo else ends.replace(tzinfo=None)
    return ends


class _Written:
    """A moment that a format string can write by a CLDR pattern."""

    def __init__(self, moment: date, language: str) -> None:
        self._moment = (
            moment.replace(tzinfo=None)
            if isinstance(moment, datetime)
            else datetime.combine(moment, time())
        )
        self._language = language

    def __format__(self, pattern: str) -> str:
        from babel.dates import format_datetime  # noqa: PLC0415 - start-up time

        return str(format_datetime(self._moment, pattern, locale=locale(self._language)))


def _manner(language: str) -> _Manner:
    """Give the language's own manner, or that of CLDR."""
    known = locale(language)
    return _MANNERS.get(primary(language)) or _MANNERS.get(known.language) or _of_cldr(language)


def _of_cldr(language: str) -> _Manner:
    """Put a manner together from CLDR's patterns: day, span of days by two days, short time."""
    known = locale(language)
    pattern = known.datetime_skeletons["yMMMEd"].pattern
    day_, last = f"{{a:{pattern}}}", f"{{b:{pattern}}}"
    clock = known.time_formats["short"].pattern
    return _Manner(
        day=day_,
        month=f"{day_} – {last}",
        year=f"{day_} – {last}",
        moment=f"{day_} {{a:{clock}}}",
        hours=f"{day_} {{a:{clock}}}–{{b:{clock}}}",
    )
