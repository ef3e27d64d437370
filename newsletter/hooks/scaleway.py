"""Scaleway: events in an SNS envelope (scaleway.com/en/docs/transactional-email, 2025-10).

How its topics sign is not documented: the proof is basic auth in the subscription's address, which
is an assumption. A subscription is confirmed at Scaleway's own hosts only.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import urlsplit

from newsletter.hooks import EVENTS, Call, Forged, Kind, Proof, Told, signing, sns
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_HOST: Final = re.compile(r"(?:[a-z0-9-]{1,40}\.){1,3}scaleway\.com")
_MEANINGS: Final[dict[str, Meaning]] = {
    "email_delivered": ("delivered", ""),
    "email_deferred": ("deferred", "soft"),
    "email_dropped": ("bounced", "hard"),
    "email_mailbox_not_found": ("bounced", "hard"),
    # Identified as spam by a server; not by the reader.
    "email_spam": ("bounced", "policy"),
    "email_blocklisted": ("rejected", ""),
    **dict.fromkeys(("email_queued", "blocklist_created", "unknown_type"), OTHER),
}


class Hook:
    """One event a request."""

    proof: ClassVar[Proof] = "password"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"complained", "unsubscribed"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check basic auth."""
        del now
        signing.basic(call, keys)

    def confirm(self, call: Call, *, get: Callable[[str], bytes] = sns.fetch) -> None:
        """Confirm the topic's subscription."""
        message = Bag(json_of(call.body))
        if message.text("Type") != "SubscriptionConfirmation":
            return
        parts = urlsplit(message.text("SubscribeURL"))
        if parts.scheme != "https" or not _HOST.fullmatch(parts.netloc):
            raise Forged("a host that is not Scaleway's")
        get(message.text("SubscribeURL"))

    def read(self, call: Call) -> list[Told]:
        """Read the one event, in its envelope or without."""
        message = Bag(json_of(call.body))
        if message.text("Type") == "SubscriptionConfirmation":
            return []
        inner = message.value("Message")
        event = Bag(json_of(inner)) if isinstance(inner, str) else message
        name = event.text("type")
        return [
            told(
                event,
                _MEANINGS.get(name, UNKNOWN),
                name,
                ids=(event.text("id"),),
                at=event.text("created_at"),
                key=key_in(event.value("email_headers")),
                address=event.text("email_to"),
                code=event.text("email_response_code"),
                text=event.text("email_response_message") or event.text("email_error"),
            )
        ]
