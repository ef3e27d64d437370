"""SparkPost: nothing is signed, so basic auth (developers.sparkpost.com, webhooks, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import Call, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, bags, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "delivery": ("delivered", ""),
    "delay": ("deferred", "soft"),
    "policy_rejection": ("rejected", ""),
    "generation_failure": ("rejected", ""),
    "generation_rejection": ("rejected", ""),
    "spam_complaint": ("complained", ""),
    "list_unsubscribe": ("unsubscribed", ""),
    "link_unsubscribe": ("unsubscribed", ""),
    **dict.fromkeys(
        (
            "injection",
            "open",
            "initial_open",
            "click",
            "amp_open",
            "amp_initial_open",
            "amp_click",
            "relay_injection",
            "relay_rejection",
            "relay_delivery",
            "relay_tempfail",
            "relay_permfail",
            "ab_test_completed",
            "ab_test_cancelled",
            "success",
            "error",
            "sms_status",
        ),
        OTHER,
    ),
}
_CLASSES: Final[dict[str, Meaning]] = {
    "10": ("bounced", "hard"),
    "30": ("bounced", "hard"),
    "23": ("bounced", "policy"),
    "25": ("rejected", ""),
    "50": ("bounced", "policy"),
    "51": ("bounced", "policy"),
    "52": ("bounced", "policy"),
    "53": ("bounced", "policy"),
    "54": ("bounced", "policy"),
    "60": OTHER,
    "80": OTHER,
    "90": ("unsubscribed", ""),
    "100": OTHER,
}
"""By `bounce_class`; the others are soft. 23: a mail too large; 60, 80, 100: machines answer."""


class Hook(Plain):
    """An array of events in envelopes; an empty envelope is a ping."""

    proof: ClassVar[Proof] = "password"

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check basic auth."""
        del now
        signing.basic(call, keys)

    def read(self, call: Call) -> list[Told]:
        """Read all events."""
        envelopes = [item.bag("msys") for item in bags(json_of(call.body))]
        return [_told(Bag(event)) for item in envelopes for event in item.data.values()]


def _told(event: Bag) -> Told:
    name = event.text("type")
    meaning = _MEANINGS.get(name, UNKNOWN)
    if name in ("bounce", "out_of_band"):
        meaning = _CLASSES.get(event.text("bounce_class"), ("bounced", "soft"))
    return told(
        event,
        meaning,
        name,
        ids=(event.text("event_id"),),
        at=event.text("timestamp"),
        key=key_in(event.value("rcpt_meta")),
        address=event.text("raw_rcpt_to") or event.text("rcpt_to"),
        code=event.text("error_code"),
        text=event.text("raw_reason") or event.text("reason"),
    )
