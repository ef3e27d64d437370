"""Mailgun: HMAC over a time and a token, not over the event (documentation.mailgun.com, 2026)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import parse_qsl

from newsletter.hooks import Bounce, Call, Plain, Proof, Told, Unreadable, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "delivered": ("delivered", ""),
    "rejected": ("rejected", ""),
    "complained": ("complained", ""),
    "unsubscribed": ("unsubscribed", ""),
    **dict.fromkeys(
        (
            "accepted",
            "stored",
            "opened",
            "clicked",
            "list_member_uploaded",
            "list_member_upload_error",
            "list_uploaded",
        ),
        OTHER,
    ),
}


_REASONS: Final[dict[str, Bounce]] = {"bounce": "hard", "espblock": "policy", "old": "soft"}
"""Of a permanent failure; old: tried until it was too old. Others say no more than the server."""


class Hook(Plain):
    """Since the signature does not cover the event, the token is the event's id: it counts once."""

    proof: ClassVar[Proof] = "hmac"

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check the signature in the body, which must be read for that."""
        proof = _form(call.body) or Bag(json_of(call.body)).bag("signature")
        time = proof.text("timestamp")
        signing.recent(time, now, signing.RETRIED)
        content = (time + proof.text("token")).encode()
        signing.hexadecimal(keys, content, proof.text("signature"))

    def read(self, call: Call) -> list[Told]:
        """Read the one event."""
        if _form(call.body):
            raise Unreadable("a form of Mailgun's old webhooks: make one of the present kind there")
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


def _form(body: bytes) -> Bag | None:
    """Read the proof of an old webhook, which is a form; None for anything else."""
    if body.lstrip()[:1] in (b"{", b"["):
        return None
    try:
        fields = dict(parse_qsl(body.decode(), max_num_fields=200))
    except ValueError:
        return None
    return Bag(fields) if "signature" in fields else None


def _meaning(event: Bag, name: str) -> Meaning:
    if name != "failed":
        return _MEANINGS.get(name, UNKNOWN)
    if event.text("severity") == "temporary":
        return "deferred", "soft"
    # It was on the account's own list of suppressions: nobody tried.
    if event.text("reason").startswith("suppress-"):
        return "rejected", ""
    return "bounced", _REASONS.get(event.text("reason"), "")
