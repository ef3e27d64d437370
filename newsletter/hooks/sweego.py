"""Sweego: Standard Webhooks (sweego.io's documentation through third parties; not tried).

Assumptions: the signature may lack its `v1,`, and the field names of an event.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import EVENTS, Call, Kind, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, json_of, key_in, told

_HEADER: Final = "webhook-signature"
_MEANINGS: Final[dict[str, Meaning]] = {
    "delivered": ("delivered", ""),
    "soft_bounce": ("bounced", "soft"),
    "hard_bounce": ("bounced", "hard"),
    "complaint": ("complained", ""),
    "list_unsub": ("unsubscribed", ""),
    "unsubscribe": ("unsubscribed", ""),
    **dict.fromkeys(("sent", "opened", "clicked"), OTHER),
}


class Hook(Plain):
    """One event a request."""

    proof: ClassVar[Proof] = "standard"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"deferred", "rejected"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check by the secret of the webhook."""
        said = call.headers.get(_HEADER, "")
        if said and "," not in said:
            call = dataclasses.replace(call, headers={**call.headers, _HEADER: f"v1,{said}"})
        signing.standard(call, keys, now)

    def read(self, call: Call) -> list[Told]:
        """Read the one event."""
        event = Bag(json_of(call.body))
        name = event.text("event_type").replace("-", "_").removeprefix("email_")
        return [
            told(
                event,
                _MEANINGS.get(name, UNKNOWN),
                name,
                ids=(event.text("event_id"),),
                at=event.text("timestamp"),
                key=key_in(event.value("headers"), event.value("campaign_tags")),
                address=event.text("recipient"),
                text=event.text("details"),
            )
        ]
