"""SendGrid: one content for up to 1,000 recipients, each with substitutions and headers of its own.

POST /v3/mail/send (docs.sendgrid.com and the vendor's OpenAPI file, read 2026-11).
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

import orjson

from newsletter.issue.template import Slot, Template
from newsletter.providers import (
    Batch,
    Capabilities,
    Message,
    Outcome,
    Request,
    Response,
    State,
    answers,
    related,
    whole,
)
from newsletter.providers.asking.sendgrid import SendGrid
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

_REGIONS: Final = {"eu": "https://api.eu.sendgrid.com", "global": "https://api.sendgrid.com"}
# Parts of Latin-1 letters alone leave as iso-8859-1, and Gmail clips those at any size
# (sendgrid-csharp issue 1038).
_WIDE: Final = "\u200c"
_TO: Final = re.compile(r"personalizations\.(\d{1,4})\.to\b")
_SHARED: Final = frozenset({
    "from", "reply_to", "subject", "content", "categories", "tracking_settings",
})  # fmt: skip
"""Fields of what all recipients of a call get (its page on errors, read 2026-11)."""


class Settings(HTTPSettings):
    """What SendGrid can be set to."""

    region: Literal["eu", "global"] = "global"
    """Where the account's mails are handled; eu needs a subuser of that region."""


class Provider(SendGrid):
    """SendGrid, by personalizations."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="SendGrid",
        batch_size=1000,
        call_bytes=30_000_000,
        own_unsubscribe="yes",
        tracking="call",
        inline_images=True,
        lookup="What its Email Activity says, an extra to buy: 30 days. Silence proves nothing.",
        notes=(
            "No idempotency: a call whose answer is lost stays unknown until somebody decides.",
            "One id for a whole call; drops are told only by events, with our `newsletter_key`.",
            "Images inside the mail: not seen on a live account.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_SENDGRID_KEY"

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            _REGIONS[settings.region],
            settings,
            secret=key,
            headers={"Authorization": f"Bearer {key}"},
        )

    def request(self, batch: Batch) -> Request:
        """Write one call."""
        names = _names(batch.message)
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/v3/mail/send",
            headers=whole.JSON,
            body=whole.body(
                _personal(batch.message, names),
                batch.recipients,
                before=b'{"personalizations":[',
                after=b"]," + orjson.dumps(_content(batch, names))[1:],
            ),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: 202 without a body, one id for all."""
        if response.status // 100 == 4:  # noqa: PLR2004 - 4xx
            return self._refusal(batch, response)
        name = response.headers.get("x-message-id", "")
        if response.status != 202 or not name:  # noqa: PLR2004 - the status is the name
            raise answers.Unreadable("its answer has no id")
        return [Outcome(item.key, State.ACCEPTED, provider_id=name) for item in batch.recipients]

    def _refusal(self, batch: Batch, response: Response) -> Split:
        """Read the errors' fields: a recipient's place, a part of the message, or neither.

        Raises ProviderError for what all recipients share.
        """
        fields, reason = _fields(response), self.said(response)
        if any(field.split(".")[0] in _SHARED for field in fields):
            raise self.stop(f"refuses the message: {reason}", status=response.status)
        named = [_named(batch, field) for field in fields]
        return Split(
            reason, certain=bool(named) and all(named), named=frozenset(filter(None, named))
        )


def _named(batch: Batch, field: str) -> str:
    """Give the key of the recipient whose address a field is; empty where it is none."""
    place = _TO.match(field)
    at = int(place[1]) if place else len(batch.recipients)
    return batch.recipients[at].key if at < len(batch.recipients) else ""


def _fields(response: Response) -> list[str]:
    """List what each error is about; empty where it does not say."""
    try:
        data = answers.json_of(response)
    except answers.Unreadable:
        return []
    errors = data.get("errors") if isinstance(data, dict) else None
    return [
        str(item.get("field") or "")
        for item in (errors if isinstance(errors, list) else [])
        if isinstance(item, dict)
    ]


def _names(message: Message) -> dict[Slot, str]:
    """Name a tag for each slot, by a digest of the text: nothing in it looks like one."""
    edition = message.edition
    templates = (edition.subject, edition.html, edition.text)
    digest = hashlib.sha256(repr([item.segments for item in templates]).encode()).hexdigest()[:16]
    slots = dict.fromkeys(slot for template in templates for slot in template.slots)
    return {slot: f"-{digest}.{number}-" for number, slot in enumerate(slots)}


def _personal(message: Message, names: Mapping[Slot, str]) -> dict[str, Any]:
    return {
        "to": [{"email": whole.Own.ADDRESS}],
        "headers": message.headers,
        "substitutions": {tag: Template((slot,)) for slot, tag in names.items()},
        "custom_args": {"newsletter_key": whole.Own.KEY},
    }


def _content(batch: Batch, names: Mapping[Slot, str]) -> dict[str, Any]:
    message, edition = batch.message, batch.message.edition

    def write(template: Template) -> str:
        return template.write(lambda slot: names[slot])

    off = {"enable": False}
    answer = {"reply_to": {"email": message.reply_to}} if message.reply_to else {}
    return {
        **related.attachments(message.inline),
        "from": {"email": message.sender_address, "name": message.sender_name},
        **answer,
        "subject": write(edition.subject),
        "content": [
            {"type": "text/plain", "value": write(edition.text) + _WIDE},
            {"type": "text/html", "value": write(edition.html) + _WIDE},
        ],
        "categories": [batch.mailing.encode("ascii", "replace").decode()[:255]],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": off,
            "subscription_tracking": off,
        },
    }
