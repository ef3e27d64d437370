"""Resend: Standard Webhooks under Svix's header names (resend.com/docs/webhooks, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import EVENTS, Call, Kind, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "email.delivered": ("delivered", ""),
    "email.delivery_delayed": ("deferred", "soft"),
    "email.complained": ("complained", ""),
    "email.suppressed": ("rejected", ""),
    "email.failed": ("rejected", ""),
    **dict.fromkeys(
        (
            "email.sent",
            "email.opened",
            "email.clicked",
            "email.scheduled",
            "email.received",
            "contact.created",
            "contact.updated",
            "contact.deleted",
            "domain.created",
            "domain.updated",
            "domain.deleted",
        ),
        OTHER,
    ),
}
_BOUNCES: Final[dict[str, Meaning]] = {
    "Permanent": ("bounced", "hard"),
    "Transient": ("bounced", "soft"),
}


_FILTERED: Final = ("MessageTooLarge", "ContentRejected", "AttachmentRejected")


class Hook(Plain):
    """One event a request, named by `svix-id`."""

    proof: ClassVar[Proof] = "standard"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"unsubscribed"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check by the secret `whsec_…`."""
        signing.standard(call, keys, now, prefix="svix")

    def read(self, call: Call) -> list[Told]:
        """Read the one event; we mail one person at a time, so `to` has one."""
        event = Bag(json_of(call.body))
        name, data = event.text("type"), event.bag("data")
        bounce = data.bag("bounce")
        meaning = _MEANINGS.get(name, UNKNOWN)
        if name == "email.bounced":
            meaning = _BOUNCES.get(bounce.text("type"), ("bounced", ""))
            if bounce.text("subType") in ("Suppressed", "OnAccountSuppressionList"):
                meaning = ("rejected", "")
            elif bounce.text("subType") in _FILTERED:
                meaning = ("bounced", "policy")
        to = data.value("to")
        diagnostic = bounce.value("diagnosticCode")
        said = " ".join(map(str, diagnostic)) if isinstance(diagnostic, list) else ""
        reason = data.text("failed", "reason") or data.text("suppressed", "message")
        return [
            told(
                event,
                meaning,
                name,
                ids=(call.headers.get("svix-id", ""),),
                at=event.text("created_at"),
                key=key_in(data.value("tags")),
                address=to[0] if isinstance(to, list) and to and isinstance(to[0], str) else "",
                text=said or bounce.text("message") or reason,
            )
        ]
