"""SendGrid: one content for up to 1,000 recipients, each with substitutions and headers of its own.

POST /v3/mail/send (docs.sendgrid.com and the vendor's OpenAPI file, read 2026-11).
"""

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self

import orjson

from newsletter.issue.template import Slot, Template
from newsletter.providers import (
    Batch,
    Capabilities,
    Message,
    Outcome,
    Recipient,
    Request,
    Response,
    State,
    answers,
    whole,
)
from newsletter.providers.choices import HTTPSettings, read, read_key
from newsletter.providers.http import HTTPProvider, Split

_REGIONS: Final = {"eu": "https://api.eu.sendgrid.com", "global": "https://api.sendgrid.com"}
# Parts of Latin-1 letters alone leave as iso-8859-1, and Gmail clips those at any size
# (sendgrid-csharp issue 1038).
_WIDE: Final = "\u200c"


class Settings(HTTPSettings):
    """What SendGrid can be set to."""

    region: Literal["eu", "global"] = "global"
    """Where the account's mails are handled; eu needs a subuser of that region."""


class Provider(HTTPProvider):
    """SendGrid, by personalizations."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="SendGrid",
        batch_size=1000,
        own_unsubscribe="yes",
        notes=(
            "No idempotency: a call whose answer is lost stays unknown until somebody decides.",
            "One id for a whole call; drops are told only by events, with our `newsletter_key`.",
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

    @classmethod
    def create(
        cls, settings: Mapping[str, Any], *, environment: Mapping[str, str], outbox: str
    ) -> Self:
        """Make the provider; raises InputError for a wrong setting or a missing key."""
        del outbox
        chosen = read(Settings, settings, provider="sendgrid")
        return cls(chosen, read_key(environment, cls.key_variable, provider="sendgrid"))

    def request(self, batch: Batch) -> Request:
        """Write one call."""
        names = _names(batch.message)
        people = [_personal(batch.message, names, item) for item in batch.recipients]
        call = {"personalizations": people, **_content(batch, names)}
        url = f"{self.base_url}/v3/mail/send"
        return Request(batch, "POST", url, whole.JSON, orjson.dumps(call))

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: 202 without a body, one id for all."""
        if response.status // 100 == 4:  # noqa: PLR2004 - 4xx
            reason = self.said(response)
            return Split(reason, certain=".to" in reason)
        name = response.headers.get("x-message-id", "")
        if response.status != 202 or not name:  # noqa: PLR2004 - the status is the name
            raise answers.Unreadable("its answer has no id")
        return [Outcome(item.key, State.ACCEPTED, provider_id=name) for item in batch.recipients]


def _names(message: Message) -> dict[Slot, str]:
    """Name a tag for each slot, by a digest of the text: nothing in it looks like one."""
    edition = message.edition
    templates = (edition.subject, edition.html, edition.text)
    digest = hashlib.sha256(repr([item.segments for item in templates]).encode()).hexdigest()[:16]
    slots = dict.fromkeys(slot for template in templates for slot in template.slots)
    return {slot: f"-{digest}.{number}-" for number, slot in enumerate(slots)}


def _personal(message: Message, names: Mapping[Slot, str], person: Recipient) -> dict[str, Any]:
    return {
        "to": [{"email": person.address}],
        "headers": {name: text.fill(person.values) for name, text in message.headers.items()},
        "substitutions": {tag: slot.value(person.values) for slot, tag in names.items()},
        "custom_args": {"newsletter_key": person.key},
    }


def _content(batch: Batch, names: Mapping[Slot, str]) -> dict[str, Any]:
    message, edition = batch.message, batch.message.edition

    def write(template: Template) -> str:
        return template.write(lambda slot: names[slot])

    off = {"enable": False}
    answer = {"reply_to": {"email": message.reply_to}} if message.reply_to else {}
    return {
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
