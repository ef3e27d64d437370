"""Mailgun: HMAC over a time and a token, not over the event (documentation.mailgun.com, 2026)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from newsletter.hooks import Call, Plain, Told, signing
from newsletter.hooks.reading import OTHER, Bag, Meaning, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "delivered": ("delivered", ""),
    "rejected": ("rejected", ""),
    "complained": ("complained", ""),
    "unsubscribed": ("unsubscribed", ""),
}


class Hook(Plain):
    """Since the signature does not cover the event, the token is the event's id: it counts once."""

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check the signature in the body, which must be read for that."""
        proof = Bag(json_of(call.body)).bag("signature")
        time = proof.text("timestamp")
        signing.recent(time, now, signing.RETRIED)
        content = (time + proof.text("token")).encode()
        signing.hexadecimal(keys, content, proof.text("signature"))

    def read(self, call: Call) -> list[Told]:
        """Read the one event."""
        whole = Bag(json_of(call.body))
        event = whole.bag("event-data")
        name, status = event.text("event"), event.bag("delivery-status")
        words = f"{status.text('message')} {status.text('description')}".strip()
        return [
            told(
                event,
                _meaning(event, name),
                name,
                ids=(whole.text("signature", "token"),),
                at=event.text("timestamp"),
                key=key_in(event.value("user-variables")),
                address=event.text("recipient"),
                code=status.text("enhanced-code") or status.text("code"),
                text=words or event.text("reason"),
            )
        ]


def _meaning(event: Bag, name: str) -> Meaning:
    if name != "failed":
        return _MEANINGS.get(name, OTHER)
    if event.text("severity") == "temporary":
        return "deferred", "soft"
    # It was on the account's own list of suppressions: nobody tried.
    if event.text("reason").startswith("suppress-"):
        return "rejected", ""
    policy = event.text("reason") == "espblock"
    # "old": tried until it was too old.
    soft = event.text("reason") == "old"
    return "bounced", "policy" if policy else "soft" if soft else "hard"
