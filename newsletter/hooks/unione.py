"""UniOne (Unisender Go): MD5 of the body with the API key in it (docs.unione.io, 2026-11)."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import EVENTS, Call, Forged, Kind, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "delivered": ("delivered", ""),
    "soft_bounced": ("deferred", "soft"),
    "hard_bounced": ("bounced", "hard"),
    "spam": ("complained", ""),
    "unsubscribed": ("unsubscribed", ""),
    **dict.fromkeys(("sent", "opened", "clicked", "subscribed"), OTHER),
}
_FILTERED: Final = ("err_spam", "err_blacklisted", "err_too_large")
"""Beginnings of `delivery_status` that say nothing about the reader."""
_SPAM_BLOCK: Final = "transactional_spam_block"
"""Another event than that of a mail's fate: an address of theirs is on a list of blocked ones."""
_AUTH: Final = re.compile(rb'("auth"\s*:\s*")([0-9a-fA-F]{32})(")')


class Hook(Plain):
    """Up to 100 events; the webhook's key is the API key."""

    proof: ClassVar[Proof] = "md5"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"rejected"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check the field `auth`."""
        del now
        found = _AUTH.search(call.body)
        if found is None:
            raise Forged("no signature")
        before, after = call.body[: found.start(2)], call.body[found.end(2) :]
        signing.md5_of(keys, lambda key: before + key.encode() + after, found[2].decode())

    def read(self, call: Call) -> list[Told]:
        """Read all events; they have no id of their own."""
        users = Bag(json_of(call.body)).bags("events_by_user")
        return [_told(event) for user in users for event in user.bags("events")]


def _told(event: Bag) -> Told:
    data = event.bag("event_data")
    name = data.text("status")
    info = data.bag("delivery_info")
    meaning = _MEANINGS.get(name, UNKNOWN)
    if name == "hard_bounced" and info.text("delivery_status").startswith(_FILTERED):
        meaning = ("bounced", "policy")
    return told(
        event,
        OTHER if event.text("event_name") == _SPAM_BLOCK else meaning,
        name or event.text("event_name"),
        at=data.text("event_time"),
        key=key_in(data.value("metadata")),
        address=data.text("email"),
        text=info.text("destination_response") or info.text("delivery_status"),
    )
