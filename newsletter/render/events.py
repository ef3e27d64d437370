"""Events for the reader's own calendar: a file of iCalendar (RFC 5545), and a date plate."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from newsletter.errors import InputError
from newsletter.i18n.locales import locale
from newsletter.issue.blocks import Block
from newsletter.issue.event import Event
from newsletter.render import plaintext
from newsletter.render.gallery import Gallery
from newsletter.settings import Settings

PRODUCT: Final = "-//newsletter//newsletter 1//EN"
"""Who made the file (RFC 5545, 3.7.3)."""

Plain = Callable[[str], str]
"""Gives a frozen text as those see it of whom nothing is known: a file is the same for all."""


@dataclass(frozen=True, slots=True)
class Plate:
    """A date as a leaf of a calendar shows it."""

    day: str
    month: str


def plate(starts: date, language: str) -> Plate:
    """Write a day and its month: 4 and maalis, mars, Mar."""
    from babel.dates import format_date  # noqa: PLC0415 - start-up time

    day = starts.date() if isinstance(starts, datetime) else starts
    known = locale(language)
    month = format_date(day, "LLL", locale=known).rstrip(".")
    return Plate(str(day.day), month)


class Calendars:
    """The calendar files of one issue; they become files of the gallery."""

    def __init__(
        self, gallery: Gallery, issue: str, settings: Settings, blocks: Iterable[Block],
        plain: Plain,
    ) -> None:  # fmt: skip
        self._gallery = gallery
        self._plain = plain
        domain = settings.list_domain or settings.sender.address.rpartition("@")[2]
        self._uids: list[tuple[Event, str]] = []
        for block in blocks:
            if isinstance(block, Event):
                self._uids.append((block, self._uid(block, issue, domain)))

    def url(self, event: Event) -> str:
        """Give the address of an event's file; empty where a mail cannot link to one.

        Raises InputError for a time that no calendar reaches.
        """
        uid = next(uid for known, uid in self._uids if known is event)
        try:
            content = calendar(event, uid, self._plain)
        except OverflowError as error:
            raise InputError(
                f"no calendar reaches the time of the event {event.title!r}",
                hint="look at its year",
            ) from error
        address = self._gallery.keep(content, "ics")
        # A part of the mail itself (cid:) is for images: no client follows a link to it.
        return address if address.startswith(("https://", "http://")) else ""

    def _uid(self, event: Event, issue: str, domain: str) -> str:
        """Name an event by its issue and start: the same in each language, however it is told."""
        same = sum(known.starts == event.starts for known, _ in self._uids)
        name = f"{issue}/{event.starts.isoformat()}/{same}"
        return f"{hashlib.sha256(name.encode()).hexdigest()[:32]}@{domain}"


def calendar(event: Event, uid: str, plain: Plain = str) -> bytes:
    """Write an event as an iCalendar file; the same event gives the same bytes."""
    from icalendar import Calendar  # noqa: PLC0415 - start-up time
    from icalendar import Event as Entry  # noqa: PLC0415 - same

    entry = Entry()
    entry.add("uid", uid)
    entry.add("dtstamp", _stamp(event.starts))
    entry.add("summary", plain(event.title))
    entry.add("dtstart", event.starts)
    if ends := _end(event):
        entry.add("dtend", ends)
    if event.place:
        entry.add("location", plain(event.place))
    if event.body:
        entry.add("description", _prose(plain(event.body)))
    if event.url:
        entry.add("url", plain(event.url))
    whole = Calendar()
    whole.add("prodid", PRODUCT)
    whole.add("version", "2.0")
    whole.add_component(entry)
    last = event.ends or event.starts
    whole.add_missing_timezones(
        first_date=date(event.starts.year, 1, 1), last_date=date(last.year, 12, 31)
    )
    return bytes(whole.to_ical())


def _end(event: Event) -> date | None:
    """Give DTEND, which is exclusive: the day after the last one (RFC 5545, 3.6.1)."""
    if event.ends is None or isinstance(event.ends, datetime):
        return event.ends
    return event.ends + timedelta(days=1)


def _stamp(starts: date) -> datetime:
    """Give DTSTAMP, which a clock would make another each time: a moment surely past."""
    return datetime(max(starts.year - 1, 1970), 1, 1, tzinfo=UTC)


def _prose(markdown: str) -> str:
    """Write Markdown as plain text in long lines, which calendars break themselves."""
    notes = plaintext.Notes()
    return "\n\n".join(part for part in (notes.prose(markdown, 10_000), notes.addresses()) if part)
