"""Lettermint: HMAC over time and body (docs.lettermint.co, webhooks, 2026-11).

That the server's answer stands in `data.response` is an assumption: nothing machine-readable says.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import EVENTS, Call, Forged, Kind, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "message.delivered": ("delivered", ""),
    "message.soft_bounced": ("bounced", "soft"),
    "message.hard_bounced": ("bounced", "hard"),
    "message.failed": ("rejected", ""),
    "message.suppressed": ("rejected", ""),
    "message.spam_complaint": ("complained", ""),
    "message.unsubscribed": ("unsubscribed", ""),
    **dict.fromkeys(
        (
            "message.created",
            "message.sent",
            "message.opened",
            "message.clicked",
            "message.inbound",
            "webhook.test",
        ),
        OTHER,
    ),
}


class Hook(Plain):
    """One event a request."""

    proof: ClassVar[Proof] = "hmac"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"deferred"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check `X-Lettermint-Signature: t=…,v1=…`; the delivery header must say the same time."""
        header = call.headers.get("x-lettermint-signature", "")
        parts = dict(part.strip().split("=", 1) for part in header.split(",") if "=" in part)
        time = parts.get("t", "")
        if call.headers.get("x-lettermint-delivery", "") != time:
            raise Forged("two different times")
        signing.recent(time, now)
        signing.hexadecimal(keys, f"{time}.".encode() + call.body, parts.get("v1", ""))

    def read(self, call: Call) -> list[Told]:
        """Read the one event."""
        event = Bag(json_of(call.body))
        name, data = event.text("event") or event.text("type"), event.bag("data")
        answer = data.bag("response")
        return [
            told(
                event,
                _MEANINGS.get(name, UNKNOWN),
                name,
                ids=(event.text("id"),),
                at=event.text("timestamp") or event.text("created_at"),
                key=key_in(data.value("metadata")),
                address=data.text("recipient"),
                code=answer.text("enhanced_status_code") or answer.text("status_code"),
                text=answer.text("content") or data.text("reason"),
            )
        ]
