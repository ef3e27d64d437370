"""Mailjet: nothing is signed, so basic auth in the URL (dev.mailjet.com, event API, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final

from newsletter.hooks import EVENTS, Call, Kind, Plain, Proof, Told, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, bags, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "sent": ("delivered", ""),
    "blocked": ("rejected", ""),
    "spam": ("complained", ""),
    "unsub": ("unsubscribed", ""),
    **dict.fromkeys(("open", "click"), OTHER),
}
_OURS: Final = ("spam", "content", "sender", "policy", "mailjet")
"""Values of `error_related_to` that say nothing about the reader."""


class Hook(Plain):
    """One event, or an array of them where grouping is on."""

    proof: ClassVar[Proof] = "password"
    tells: ClassVar[frozenset[Kind]] = EVENTS - {"deferred"}

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check basic auth."""
        del now
        signing.basic(call, keys)

    def read(self, call: Call) -> list[Told]:
        """Read all events; they have no id of their own."""
        return [_told(event) for event in bags(json_of(call.body))]


def _told(event: Bag) -> Told:
    name, at = event.text("event"), event.text("time")
    meaning = _MEANINGS.get(name, UNKNOWN)
    if name == "bounce":
        hard = event.value("hard_bounce") is True
        ours = event.text("error_related_to") in _OURS
        meaning = ("bounced", "policy" if ours else "hard" if hard else "soft")
    return told(
        event,
        meaning,
        name,
        ids=(event.text("Message_GUID") or event.text("MessageID"), name, at, event.text("email")),
        at=at,
        key=key_in(event.value("CustomID"), event.value("Payload")),
        address=event.text("email"),
        text=f"{event.text('error')} {event.text('comment')}".strip(),
    )
