"""Brevo: nothing is signed: basic auth or a bearer token (developers.brevo.com, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import Call, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, bags, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "delivered": ("delivered", ""),
    "deferred": ("deferred", "soft"),
    "soft_bounce": ("bounced", "soft"),
    "hard_bounce": ("bounced", "hard"),
    "invalid_email": ("bounced", "hard"),
    # They would not try: an address on their own list, or the account at its limit.
    "blocked": ("rejected", ""),
    "error": ("rejected", ""),
    "spam": ("complained", ""),
    "complaint": ("complained", ""),
    "unsubscribe": ("unsubscribed", ""),
    "unsubscribed": ("unsubscribed", ""),
    **dict.fromkeys(
        (
            "request",
            "sent",
            "opened",
            "unique_opened",
            "first_opening",
            "proxy_open",
            "unique_proxy_open",
            "click",
            "list_addition",
            "contact_updated",
            "contact_deleted",
        ),
        OTHER,
    ),
}


class Hook(Plain):
    """One event, or an array of up to 500."""

    proof: ClassVar[Proof] = "password"

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check basic auth or the bearer token."""
        del now
        signing.basic(call, keys)

    def read(self, call: Call) -> list[Told]:
        """Read all events; only `ts_epoch` has a sure zone, and there is no id."""
        return [_told(event) for event in bags(json_of(call.body))]


def _told(event: Bag) -> Told:
    name = event.text("event")
    at = event.text("ts_epoch") or event.text("ts_event")
    return told(
        event,
        _MEANINGS.get(name, UNKNOWN),
        name,
        ids=(event.text("message-id"), name, at, event.text("email")),
        at=at,
        key=key_in(event.value("X-Mailin-custom"), event.value("tags"), event.value("tag")),
        address=event.text("email"),
        text=event.text("reason"),
    )
