"""Postmark: nothing is signed, so basic auth in the URL (postmarkapp.com/developer, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import Call, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_BOUNCES: Final[dict[str, Meaning]] = {
    "HardBounce": ("bounced", "hard"),
    "BadEmailAddress": ("bounced", "hard"),
    "Transient": ("deferred", "soft"),
    "SoftBounce": ("bounced", "soft"),
    "DnsError": ("bounced", "soft"),
    "Unknown": ("bounced", ""),
    "SpamNotification": ("bounced", "policy"),
    "VirusNotification": ("bounced", "policy"),
    "ChallengeVerification": ("bounced", "policy"),
    "Blocked": ("bounced", "policy"),
    "DMARCPolicy": ("bounced", "policy"),
    "ManuallyDeactivated": ("rejected", ""),
    "SMTPApiError": ("rejected", ""),
    "TemplateRenderingFailed": ("rejected", ""),
    "SpamComplaint": ("complained", ""),
    "Unsubscribe": ("unsubscribed", ""),
    **dict.fromkeys(
        (
            "AddressChange",
            "AutoResponder",
            "InboundError",
            "OpenRelayTest",
            "Subscribe",
            "Unconfirmed",
        ),
        OTHER,
    ),
}
"""By `Type`. An automatic reply, a changed address and the like say nothing about the mailbox."""


class Hook(Plain):
    """One record a request."""

    proof: ClassVar[Proof] = "password"

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check basic auth."""
        del now
        signing.basic(call, keys)

    def read(self, call: Call) -> list[Told]:
        """Read the one record."""
        event = Bag(json_of(call.body))
        record, kind = event.text("RecordType"), event.text("Type")
        at = next((event.text(name) for name in _TIMES if event.text(name)), "")
        return [
            told(
                event,
                _meaning(event, record, kind),
                f"{record}/{kind}" if kind else record,
                ids=(event.text("MessageID"), record, event.text("ID") or at),
                at=at,
                key=key_in(event.value("Metadata")),
                address=event.text("Email") or event.text("Recipient"),
                text=event.text("Details") or event.text("Description"),
            )
        ]


_UNWEIGHED: Final = ("Open", "Click", "Inbound", "SubscriptionChange")
_TIMES: Final = ("BouncedAt", "DeliveredAt", "ChangedAt", "ReceivedAt")


def _meaning(event: Bag, record: str, kind: str) -> Meaning:
    if record == "Delivery":
        return "delivered", ""
    if record == "SpamComplaint":
        return "complained", ""
    if record == "Bounce":
        return _BOUNCES.get(kind, UNKNOWN)
    # Suppressions for bounces and complaints are told of by these as well.
    by_hand = event.text("SuppressionReason") == "ManualSuppression"
    if record == "SubscriptionChange" and event.value("SuppressSending") is True and by_hand:
        return "unsubscribed", ""
    return OTHER if record in _UNWEIGHED else UNKNOWN
