"""SendGrid: ECDSA over time and body (twilio.com/docs/sendgrid, event webhook, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import Call, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, bags, json_of, key_in, told

_HEADER: Final = "x-twilio-email-event-webhook-"
_MEANINGS: Final[dict[str, Meaning]] = {
    "delivered": ("delivered", ""),
    "deferred": ("deferred", "soft"),
    # Not tried: suppressed by them, or the account's own fault.
    "dropped": ("rejected", ""),
    "spamreport": ("complained", ""),
    "unsubscribe": ("unsubscribed", ""),
    "group_unsubscribe": ("unsubscribed", ""),
    **dict.fromkeys(
        ("processed", "open", "click", "group_resubscribe", "account_status_change"), OTHER
    ),
}
_CLASSES: Final[dict[str, Meaning]] = {
    "Invalid Address": ("bounced", "hard"),
    "Reputation": ("bounced", "policy"),
    "Content": ("bounced", "policy"),
    "Frequency or Volume Too High": ("bounced", "policy"),
    "Technical": ("bounced", "soft"),
    "Mailbox Unavailable": ("bounced", "soft"),
}


class Hook(Plain):
    """An array of events a request; the key is the public one of the settings page."""

    proof: ClassVar[Proof] = "ecdsa"

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check the signature in the headers."""
        time = call.headers.get(_HEADER + "timestamp", "")
        signing.recent(time, now, signing.RETRIED)
        signature = call.headers.get(_HEADER + "signature", "")
        signing.ecdsa(keys, time.encode() + call.body, signature)

    def read(self, call: Call) -> list[Told]:
        """Read all events; `custom_args` stand flat among their fields."""
        return [_told(event) for event in bags(json_of(call.body))]


def _told(event: Bag) -> Told:
    name = event.text("event")
    meaning = _MEANINGS.get(name, UNKNOWN)
    if name == "bounce":
        own = event.text("type") == "blocked"
        meaning = _CLASSES.get(
            event.text("bounce_classification"), ("bounced", "policy" if own else "hard")
        )
    return told(
        event,
        meaning,
        name,
        ids=(event.text("sg_event_id"),),
        at=event.text("timestamp"),
        key=key_in(event.data),
        address=event.text("email"),
        code=event.text("status"),
        text=event.text("reason") or event.text("response"),
    )
