"""Mailtrap: HMAC of the body, no signed time (docs.mailtrap.io, webhooks, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from newsletter.hooks import Call, Plain, Told, Unreadable, signing
from newsletter.hooks.reading import OTHER, Bag, Meaning, bags, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "delivery": ("delivered", ""),
    "soft bounce": ("bounced", "soft"),
    "bounce": ("bounced", "hard"),
    "suspension": ("rejected", ""),
    "reject": ("rejected", ""),
    "spam": ("complained", ""),
    "unsubscribe": ("unsubscribed", ""),
}


class Hook(Plain):
    """Up to 500 events, as `{"events": […]}` or one on each line."""

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check the header `Mailtrap-Signature`."""
        del now
        signing.hexadecimal(keys, call.body, call.headers.get("mailtrap-signature", ""))

    def read(self, call: Call) -> list[Told]:
        """Read all events."""
        return [_told(event) for event in _events(call.body)]


def _events(body: bytes) -> list[Bag]:
    try:
        whole = json_of(body)
    except Unreadable:
        return bags([json_of(line) for line in body.splitlines() if line.strip()])
    listed = Bag(whole).value("events")
    return bags(whole if listed is None else listed)


def _told(event: Bag) -> Told:
    name = event.text("event").replace("_", " ")
    return told(
        event,
        _MEANINGS.get(name, OTHER),
        name,
        ids=(event.text("event_id"),),
        at=event.text("timestamp"),
        key=key_in(event.value("custom_variables")),
        address=event.text("email"),
        code=event.text("response_code"),
        text=event.text("response") or event.text("reason"),
    )
