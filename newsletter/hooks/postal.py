"""Postal: RSA over the body (docs.postalserver.io, webhooks; its Ruby source, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import EVENTS, Call, Kind, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "MessageSent": ("delivered", ""),
    "MessageDelayed": ("deferred", "soft"),
    # Any answer with a 5, whatever it says.
    "MessageDeliveryFailed": ("bounced", ""),
    "MessageBounced": ("bounced", ""),
    **dict.fromkeys(
        ("MessageHeld", "MessageLinkClicked", "MessageLoaded", "DomainDNSError"), OTHER
    ),
}


class Hook(Plain):
    """One event a request; the key is the server's public one, base64 of DER; the tag has ours."""

    proof: ClassVar[Proof] = "rsa"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"complained", "rejected", "unsubscribed"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check `X-Postal-Signature-256`; the older header with SHA-1 proves nothing here."""
        del now
        signature = call.headers.get("x-postal-signature-256", "")
        signing.rsa_sha256(keys, call.body, signature)

    def read(self, call: Call) -> list[Told]:
        """Read the one event."""
        event = Bag(json_of(call.body))
        name, payload = event.text("event"), event.bag("payload")
        mail = payload.bag("original_message" if name == "MessageBounced" else "message")
        return [
            told(
                event,
                _MEANINGS.get(name, UNKNOWN),
                name,
                ids=(event.text("uuid"),),
                at=event.text("timestamp"),
                key=key_in(mail.value("tag")),
                address=mail.text("to"),
                text=f"{payload.text('output')} {payload.text('details')}".strip(),
            )
        ]
