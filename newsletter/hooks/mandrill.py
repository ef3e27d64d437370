"""Mandrill: HMAC-SHA1 over address and form (mailchimp.com/developer/transactional, 2026-11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import parse_qsl

from newsletter.hooks import Call, Forged, Plain, Proof, Told, Unreadable, signing
from newsletter.hooks.reading import OTHER, UNKNOWN, Bag, Meaning, bags, json_of, key_in, told

_MEANINGS: Final[dict[str, Meaning]] = {
    "delivered": ("delivered", ""),
    "deferral": ("deferred", "soft"),
    "soft_bounce": ("bounced", "soft"),
    "hard_bounce": ("bounced", "hard"),
    "reject": ("rejected", ""),
    "spam": ("complained", ""),
    "unsub": ("unsubscribed", ""),
    **dict.fromkeys(
        ("send", "open", "click", "inbound", "whitelist", "blacklist", "allowlist", "denylist"),
        OTHER,
    ),
}
_FIELD: Final = "mandrill_events"


class Hook(Plain):
    """A form field with up to 1,000 events; the signature covers `public_url` as in settings."""

    proof: ClassVar[Proof] = "hmac"

    def verify(self, call: Call, keys: Sequence[str], now: datetime) -> None:
        """Check the header `X-Mandrill-Signature`."""
        del now
        try:
            fields = sorted(_form(call.body))
        except Unreadable as error:
            raise Forged("no form") from error
        content = call.url + "".join(name + value for name, value in fields)
        signature = call.headers.get("x-mandrill-signature", "")
        signing.base64_hmac(keys, content.encode(), signature, digest="sha1")

    def read(self, call: Call) -> list[Told]:
        """Read all events."""
        listed = dict(_form(call.body)).get(_FIELD, "[]")
        return [_told(event) for event in bags(json_of(listed))]


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode()
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise Unreadable("no form") from error


def _told(event: Bag) -> Told:
    # What they tell of their lists of addresses has a type instead.
    name, mail = event.text("event") or event.text("type"), event.bag("msg")
    return told(
        event,
        _MEANINGS.get(name, UNKNOWN),
        name,
        ids=(event.text("_id") or mail.text("_id"), name, event.text("ts")),
        at=event.text("ts"),
        key=key_in(mail.value("metadata"), mail.value("tags")),
        address=mail.text("email"),
        text=mail.text("diag") or mail.text("bounce_description"),
    )
