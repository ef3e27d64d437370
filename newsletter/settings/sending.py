"""What newsletter.toml says of sending: when not, how late, by whose word, how fast."""

import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from newsletter.settings.brakes import Brakes
from newsletter.settings.kinds import Section

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_QUIET: Final = re.compile(
    r"(?:(?P<days>[a-z,\s–-]+?)\s+)?(?P<start>\d?\d:\d\d)\s*[–-]\s*(?P<end>\d?\d:\d\d)"
)
_QUIET_FORMS: Final = 'write "21:00-07:00", or with days "fri-sun 18:00-24:00"'
_DURATION: Final = re.compile(r"(?:(\d{1,3})\s*d)?\s*(?:(\d{1,3})\s*h)?\s*(?:(\d{1,4})\s*m)?")
_DAY: Final = 24 * 60
"""Minutes."""


@dataclass(frozen=True, slots=True)
class Window:
    """Hours in which nothing goes out: from `start`, on these weekdays, for so many minutes."""

    days: frozenset[int]
    """Of the start; Monday is 0."""
    start: time
    end: time
    """Of the next day when it is not after `start`."""


def window(text: str) -> Window:
    """Read "[DAYS ]HH:MM-HH:MM"; raises ValueError with words for people."""
    found = _QUIET.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"{text!r} does not fit; {_QUIET_FORMS}")
    start, end = _clock(found["start"]), _clock(found["end"])
    if start == _DAY:
        raise ValueError(f"{text!r}: a day begins at 00:00, not at 24:00")
    if start == end:
        raise ValueError(f"{text!r} is empty; for a whole day write 00:00-24:00")
    return Window(_days(found["days"] or "mon-sun"), _time(start), _time(end % _DAY))


def duration(text: str) -> timedelta:
    """Read "2h", "90m", "1h30m" or "1d"; raises ValueError with words for people."""
    found = _DURATION.fullmatch(text.strip().lower())
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    length = timedelta(days=days, hours=hours, minutes=minutes)
    if not length:
        raise ValueError(f"{text!r} does not fit; write 2h, 90m, 1h30m or 1d")
    return length


def _clock(text: str) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    if minutes > 59 or hours * 60 + minutes > _DAY:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(f"there is no time {text}")
    return hours * 60 + minutes


def _time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = (name.strip() for name in part.replace("–", "-").partition("-"))
        for name in (first, last or first):
            if name not in DAYS:
                raise ValueError(f"no day {name!r}; the days are {', '.join(DAYS)}")
        number, end = DAYS.index(first), DAYS.index(last or first)
        found.add(number)
        while number != end:  # sat-mon goes around
            number = (number + 1) % len(DAYS)
            found.add(number)
    return frozenset(found)


def _as_list(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    return (value,) if isinstance(value, str) else value


def _some_time_left(value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse hours that leave no minute of the week to send in."""
    quiet = bytearray(7 * _DAY)
    for text in value:
        found = window(text)
        start, end = (at.hour * 60 + at.minute for at in (found.start, found.end))
        for day in found.days:
            for minute in range(start, end if end > start else end + _DAY):
                quiet[(day * _DAY + minute) % len(quiet)] = 1
    if all(quiet):
        raise ValueError("these hours leave no time to send in")
    return value


def _as_written(value: str) -> str:
    duration(value)
    return value


class SendingRules(Section):
    """When mailings go out, by whose word, and how fast."""

    quiet: Annotated[
        tuple[str, ...], BeforeValidator(_as_list), AfterValidator(_some_time_left)
    ] = ()
    """Hours in which nothing goes out, in the workspace's time zone: "21:00-07:00", or several with
    days: ["mon-fri 21:00-07:00", "sat-sun 00:00-24:00"]; the days are those of the start."""
    latest: Annotated[str, AfterValidator(_as_written)] = "2h"
    """How late a mailing with a time may begin; later, somebody is asked first: 90m, 2h, 1d."""
    approval: Literal["none", "required", "four-eyes"] = "none"
    """required: only what `newsletter approve` approved goes out, byte for byte; four-eyes: and
    somebody else than the sender approved it."""
    threads: Annotated[int, Field(ge=1, le=16)] = 4
    """Calls to the provider at the same time, in one run."""
    engine: Literal["auto", "local", "procrastinate"] = "auto"
    """Who hands over what `newsletter send` has planned: local: this process; procrastinate: the
    workers on PostgreSQL; auto: the workers if one of them is alive, else this process."""
    brakes: Brakes = Brakes()

    @property
    def windows(self) -> tuple[Window, ...]:
        """The quiet hours, read."""
        return tuple(window(text) for text in self.quiet)
