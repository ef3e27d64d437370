"""What another service's export says of somebody: on the list, left, bounced; and since when."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """How somebody stands in the export; only who is active is put on a list here."""

    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"
    LEFT = "left"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


RANKS: Final = tuple(Status)
"""Of several rows with one address the last of these counts: leaving always wins."""

# Creamailer's own are active, unsubscribed, bounced, spamreport and deleted.
_WORDS: Final = {
    Status.ACTIVE: (
        "active", "subscribed", "subscriber", "confirmed", "aktiivinen", "tilaaja", "tilannut",
        "tilattu", "voimassa", "vahvistettu", "aktiv", "prenumerant", "prenumererar", "bekräftad",
    ),
    Status.LEFT: (
        "left", "unsubscribed", "unsubscribe", "deleted", "removed", "opted out", "perunut",
        "peruttu", "peruuttanut", "peruutettu", "lopettanut", "eronnut", "poistunut", "poistettu",
        "avslutad", "avslutat", "avregistrerad", "avprenumererad", "borttagen", "raderad",
    ),
    Status.BOUNCED: (
        "bounced", "bounce", "hard bounce", "hard bounced", "cleaned", "invalid", "palautunut",
        "palautettu", "bounssannut", "toimimaton", "virheellinen", "studsad", "studsat", "studsade",
        "ogiltig",
    ),
    Status.COMPLAINED: (
        "complained", "complaint", "spam report", "spam", "abuse", "roskaposti",
        "roskapostiilmoitus", "ilmoitettu roskapostiksi", "skräppost", "skräppostanmälan",
    ),
    Status.UNCONFIRMED: (
        "unconfirmed", "pending", "not confirmed", "vahvistamaton", "vahvistamatta",
        "odottaa vahvistusta", "odottaa", "obekräftad", "väntar",
    ),
}  # fmt: skip


def _fold(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", text).casefold())


_KNOWN: Final = {_fold(word): status for status, words in _WORDS.items() for word in words}

HINT: Final = "known are active, unsubscribed, deleted, bounced, spamreport and the like"


def read(text: str) -> Status | None:
    """Read a status in Finnish, Swedish or English; None for any other word."""
    return _KNOWN.get(_fold(text))


_TIME: Final = re.compile(
    r"(?:(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)"
    r"|(?P<day_>\d\d?)\. ?(?P<month_>\d\d?)\. ?(?P<year_>\d{4}))"
    r"(?:(?:T|,? +(?:klo |kl\.? )?)"
    r"(?P<hour>\d\d?)[.:](?P<minute>\d\d)(?:[.:](?P<second>\d\d)(?:[.,]\d+)?)?"
    r" ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_TOMORROW: Final = timedelta(days=1)

TIME_HINT: Final = "write it as 2026-03-02 or 2.3.2026, with or without a time: 2.3.2026 14:30"


def read_time(text: str, zone: tzinfo, *, now: datetime) -> datetime | None:
    """Read when somebody subscribed: 2026-03-02 or 2.3.2026, with or without a time of day.

    Local to `zone` unless it says otherwise. None for any other text, and for a time still to
    come: an order of numbers such as 03/02/2026 is never guessed.
    """
    if not (found := _TIME.fullmatch(text)):
        return None
    part = found.groupdict(default="")
    year, month, day = (int(part[name] or part[f"{name}_"]) for name in ("year", "month", "day"))
    hour, minute, second = (int(part[name] or 0) for name in ("hour", "minute", "second"))
    try:
        if written := part["zone"].replace("UTC", "Z"):
            zone = datetime.strptime(written, "%z").tzinfo or zone
        local = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _EARLIEST <= moment <= now + _TOMORROW else None
