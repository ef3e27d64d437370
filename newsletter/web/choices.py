"""What somebody can change on their page of preferences; each act touches what was touched alone.

Two pages of the same person may be open at once, and one of them is old. So a form says also what
it showed, and only what differs from that is a wish.
"""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from newsletter.i18n import day, translate
from newsletter.register import audit, changing, suppressions, terms, typed
from newsletter.register.subscriptions import (
    Act,
    Pause,
    Proof,
    State,
    join,
    move,
    move_all,
    standing,
)
from newsletter.web import entering, forms
from newsletter.web.body import Form
from newsletter.web.site import Site
from newsletter.web.standing import Person

PERIOD: Final = "period"
UNTIL: Final = "until"
NEW: Final = "new-address"
WAS: Final = "was-"
"""Before the name of a control: what it showed."""
MONTHS: Final = ("1", "3", "6")
A_DAY: Final = "day"
"""The period that the reader gives an end to."""

_LONGEST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an act: what is told, or what is wrong by the name of the control."""

    told: tuple[str, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is at their page, and what they sent."""

    site: Site
    person: Person
    form: Form
    language: str
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """Where days begin and end."""
        return ZoneInfo(self.site.settings.time_zone)

    @property
    def today(self) -> date:
        """The day that it is there."""
        return self.now.astimezone(self.zone).date()

    def proof(self, *, wording: str = "", notice: str = "") -> Proof:
        """Say of a change that its reader made it here."""
        given = bool(wording)
        return Proof(
            method="preferences",
            source="preferences",
            by="subscriber",
            now=self.now,
            basis="consent" if given else "",
            wording=wording,
            notice=notice,
            form=f"{self.site.settings.public_url}/preferences" if given else "",
            asked_at=self.now if given else None,
        )

    def names(self, lists: Sequence[str]) -> str:
        """Name lists in a sentence."""
        return ", ".join(self.site.list_name(item, self.language) for item in lists)

    def note(self, connection: Connection, what: str, lists: Sequence[str]) -> None:
        """Write down that they changed something about lists."""
        audit.note(
            connection,
            "preferences changed",
            by="subscriber",
            now=self.now,
            subscriber_id=self.person.id,
            what=what,
            lists=list(lists),
        )


def is_suppressed(connection: Connection, site: Site, person: Person, now: datetime) -> bool:
    """Tell whether the address must not be mailed: then no list can be joined here."""
    return bool(suppressions.among(connection, [person.address_key], keys=site.keys, now=now))


def joinable(site: Site, person: Person, now: datetime) -> list[str]:
    """Name the lists that somebody can be on by a tick: the public ones, and those they are on."""
    held = person.where(now, State.PENDING, State.ACTIVE, State.PAUSED)
    cleaned = person.where(now, State.CLEANED)
    return [
        item.id
        for item in site.settings.lists
        if item.id in held or (item.public and item.id not in cleaned)
    ]


def choose_lists(connection: Connection, reader: Reader) -> Answer:
    """Leave what is no longer ticked, join what is ticked anew; the tick is a consent."""
    ticked, shown = reader.form.every(forms.LISTS), reader.form.every(WAS + forms.LISTS)
    left = [
        name
        for name in shown
        if name not in ticked
        and move(connection, reader.person.id, name, Act.LEAVE, reader.proof())
    ]
    joined = _join(connection, reader, [name for name in ticked if name not in shown])
    if left or joined:
        reader.note(connection, "lists", [*left, *joined])
    told = []
    if joined:
        told.append(
            translate("From now on you get: {lists}.", reader.language, lists=reader.names(joined))
        )
    if left:
        told.append(
            translate("You no longer get: {lists}.", reader.language, lists=reader.names(left))
        )
    return Answer(tuple(told) or _nothing(reader))


def _join(connection: Connection, reader: Reader, wanted: Sequence[str]) -> list[str]:
    site, person = reader.site, reader.person
    offered = joinable(site, person, reader.now)
    has = person.where(reader.now, State.ACTIVE, State.PAUSED)
    lists = [name for name in wanted if name in offered and name not in has]
    if not lists or is_suppressed(connection, site, person, reader.now):
        return []
    wording, notice = terms.keep(
        connection, site.settings, offered, reader.language, now=reader.now
    )
    proof = reader.proof(wording=wording, notice=notice)
    return [name for name in lists if _put_on(connection, person.id, name, proof)]


def _put_on(connection: Connection, subscriber_id: int, list_id: str, proof: Proof) -> bool:
    # Whoever holds the link has the mailbox, so this is as good as a confirmed form: but not for
    # an address that is suppressed, which only CONFIRM would lead out of.
    return (
        join(connection, subscriber_id, list_id, State.ACTIVE, proof)
        or move(connection, subscriber_id, list_id, Act.ASK_AGAIN, proof)
        or _confirm(connection, subscriber_id, list_id, proof)
    )


def _confirm(connection: Connection, subscriber_id: int, list_id: str, proof: Proof) -> bool:
    found = standing(connection, subscriber_id, list_id)
    return (
        found is not None
        and found.state is State.PENDING
        and move(connection, subscriber_id, list_id, Act.CONFIRM, proof)
    )


def leave_all(connection: Connection, reader: Reader) -> Answer:
    """Leave every list, at once."""
    left = move_all(connection, reader.person.id, Act.LEAVE, reader.proof())
    if left:
        reader.note(connection, "left all", left)
    return Answer((translate("You get no more letters from us.", reader.language),))


def pause(connection: Connection, reader: Reader) -> Answer:
    """Let all lists rest until a day; a pause because of bounces stays what it is."""
    until, fault = _until(reader)
    if until is None:
        return Answer(faults=fault)
    rest = Pause(datetime.combine(until, time(), reader.zone), "asked")
    lists = [
        name
        for name, place in reader.person.places.items()
        if (place.state is State.ACTIVE or place.pause_reason == "asked")
        and move(connection, reader.person.id, name, Act.PAUSE, reader.proof(), pause=rest)
    ]
    if not lists:
        return Answer(_nothing(reader))
    reader.note(connection, "paused", lists)
    written = day(until, reader.language)
    return Answer((translate("No letters before {day}.", reader.language, day=written),))


def resume(connection: Connection, reader: Reader) -> Answer:
    """End every pause now."""
    lists = move_all(connection, reader.person.id, Act.RESUME, reader.proof())
    if not lists:
        return Answer(_nothing(reader))
    reader.note(connection, "resumed", lists)
    return Answer((translate("The break is over: letters come again.", reader.language),))


def change_details(connection: Connection, reader: Reader) -> Answer:
    """Set language, names and fields, as far as they were touched."""
    settings, form = reader.site.settings, reader.form
    touched = {
        name: value
        for name, value in entering.values_of(form, settings).items()
        if value != form.one(WAS + entering.control_name(name))
    }
    clean, faults = entering.check_values(touched, settings, reader.language)
    language = form.one(forms.LANGUAGE)
    if language and language != form.one(WAS + forms.LANGUAGE):
        if language not in forms.tongues(settings):
            wrong = translate("Choose from what is offered here.", reader.language)
            faults = {**faults, forms.LANGUAGE: wrong}
        clean = {**clean, "language": language}
    if faults:
        return Answer(faults=faults)
    changed = changing.change_in(
        connection, reader.person.id, clean, settings=settings, by="subscriber", now=reader.now
    )
    if not changed:
        return Answer(_nothing(reader))
    # Whoever chose another language reads on in that one.
    spoken = reader.site.language_for(clean.get("language", reader.person.language))
    return Answer((translate("Your details are saved.", spoken),))


def _until(reader: Reader) -> tuple[date | None, dict[str, str]]:
    """Read until when; None, and what is wrong, for what is no day in the coming year."""
    period, language = reader.form.one(PERIOD), reader.language
    if period in MONTHS:
        return later(reader.today, int(period)), {}
    if period != A_DAY:
        return None, {PERIOD: translate("Choose from what is offered here.", language)}
    if (written := typed.read("date", reader.form.one(UNTIL).strip())) is None:
        return None, {UNTIL: translate("Write the date like 2026-03-02 or 2.3.2026.", language)}
    until = date.fromisoformat(written)
    if not reader.today < until <= reader.today + timedelta(days=_LONGEST_DAYS):
        return None, {UNTIL: translate("Choose a day within a year from now.", language)}
    return until, {}


def later(today: date, months: int) -> date:
    """Give the same day some months later, or the last day of that month."""
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(today.day, last))


def _nothing(reader: Reader) -> tuple[str, ...]:
    return (translate("Nothing was changed: it was like that already.", reader.language),)
