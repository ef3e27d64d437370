"""MailerSend: HMAC of the body, no signed time (developers.mailersend.com, webhooks, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import EVENTS, Call, Kind, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "activity.delivered": ("delivered", ""),
    "activity.deferred": ("deferred", "soft"),
    "activity.soft_bounced": ("bounced", "soft"),
    "activity.hard_bounced": ("bounced", "hard"),
    "activity.spam_complaint": ("complained", ""),
    "activity.unsubscribed": ("unsubscribed", ""),
    **dict.fromkeys(
        (
            "activity.sent",
            "activity.opened",
            "activity.opened_unique",
            "activity.clicked",
            "activity.clicked_unique",
            "activity.survey_opened",
            "activity.survey_submitted",
            "sender_identity.verified",
            "maintenance.start",
            "maintenance.end",
            "inbound_forward.failed",
            "email_single.verified",
            "email_list.verified",
            "bulk_email.completed",
            "webhook.test",
        ),
        OTHER,
    ),
}


class Hook(Plain):
    """One event a request; our key comes back among the tags."""

    proof: ClassVar[Proof] = "hmac"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"rejected"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check the header `Signature`."""
        del now
        signing.hexadecimal(keys, call.body, call.headers.get("signature", ""))

    def read(self, call: Call) -> list[Told]:
        """Read the one event."""
        event = Bag(json_of(call.body))
        name, data = event.text("type"), event.bag("data")
        return [
            told(
                event,
                _MEANINGS.get(name, UNKNOWN),
                name,
                ids=(data.text("id"), name),
                at=data.text("created_at") or event.text("created_at"),
                key=key_in(data.value("email", "tags")),
                address=data.text("email", "recipient", "email"),
                text=data.text("morph", "reason") or data.text("morph", "readable_reason"),
            )
        ]
