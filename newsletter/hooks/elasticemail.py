"""Elastic Email: a GET with a query, unsigned: basic auth (help.elasticemail.com, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import parse_qsl

from newsletter.hooks import EVENTS, Call, Kind, Plain, Proof, Told, Unreadable, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "Sent": ("delivered", ""),
    "AbuseReport": ("complained", ""),
    "Unsubscribed": ("unsubscribed", ""),
    **dict.fromkeys(("Opened", "Clicked"), OTHER),
}
_CATEGORIES: Final[dict[str, Meaning]] = {
    "NoMailbox": ("bounced", "hard"),
    "Spam": ("bounced", "policy"),
    "BlackListed": ("bounced", "policy"),
    "SPFProblem": ("bounced", "policy"),
    "ContentFilter": ("bounced", "policy"),
    "WhitelistingProblem": ("bounced", "policy"),
    "Throttled": ("bounced", "policy"),
    "CodeError": ("rejected", ""),
    "ManualCancel": ("rejected", ""),
    "Ignore": ("rejected", ""),
}
"""Of an error; every other one is soft."""


class Hook(Plain):
    """One event a request."""

    proof: ClassVar[Proof] = "password"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"deferred"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check basic auth."""
        del now
        signing.basic(call, keys)

    def read(self, call: Call) -> list[Told]:
        """Read the one event; `postback` is our key."""
        try:
            fields = dict(parse_qsl(call.body.decode(), max_num_fields=50))
        except ValueError as error:
            raise Unreadable("no query") from error
        event = Bag(fields)
        name, category = event.text("status"), event.text("category")
        meaning = _MEANINGS.get(name, UNKNOWN)
        if name == "Error":
            meaning = _CATEGORIES.get(category, ("bounced", "soft"))
        return [
            told(
                event,
                meaning,
                f"{name}/{category}" if category else name,
                ids=(event.text("messageid"), name, event.text("date"), event.text("to")),
                at=event.text("date"),
                key=key_in(event.value("postback")),
                address=event.text("to"),
            )
        ]
