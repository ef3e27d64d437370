"""Mailtrap: HMAC of the body, no signed time (docs.mailtrap.io, webhooks, 2026-11)."""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import EVENTS, Call, Kind, Plain, Proof, Told, Unreadable, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, bags, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "delivery": ("delivered", ""),
    "soft bounce": ("bounced", "soft"),
    "bounce": ("bounced", "hard"),
    "suspension": ("rejected", ""),
    "reject": ("rejected", ""),
    "spam": ("complained", ""),
    "spam complaint": ("complained", ""),
    "unsubscribe": ("unsubscribed", ""),
    **dict.fromkeys(("open", "click"), OTHER),
}


class Hook(Plain):
    """Up to 500 events, as `{"events": […]}` or one on each line."""

    proof: ClassVar[Proof] = "hmac"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"deferred"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check the header `Mailtrap-Signature`."""
        del now
        signing.hexadecimal(keys, call.body, call.headers.get("mailtrap-signature", ""))

    def read(self, call: Call) -> list[Told]:
        """Read all events."""
        return [_told(event) for event in _events(call.body)]


def _events(body: bytes) -> list[Bag]:
    try:
        whole = json_of(body)
    except Unreadable:
        return bags(_lines(body))
    listed = Bag(whole).value("events")
    return bags(whole if listed is None else listed)


def _lines(body: bytes) -> list[object]:
    """Read what can be read; a line that is broken takes none of the others along."""
    found: list[object] = []
    for line in body.splitlines():
        with contextlib.suppress(Unreadable):
            found.append(json_of(line))
    if not found:
        raise Unreadable("no JSON on any line")
    return found


def _told(event: Bag) -> Told:
    name = event.text("event").replace("_", " ")
    return told(
        event,
        _MEANINGS.get(name, UNKNOWN),
        name,
        ids=(event.text("event_id"),),
        at=event.text("timestamp"),
        key=key_in(event.value("custom_variables")),
        address=event.text("email"),
        code=event.text("response_code"),
        text=event.text("response") or event.text("reason"),
    )
