"""Resend: up to 100 whole messages a call, all or none, each call safe to repeat for a day.

POST /emails/batch (resend.com/docs and the vendor's OpenAPI file, read 2026-11).
"""

import re
from collections.abc import Hashable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any, ClassVar, Final

import orjson

from newsletter.issue.template import Slot, Template
from newsletter.providers import (
    Batch,
    Capabilities,
    Message,
    Outcome,
    Pace,
    Recipient,
    Request,
    Response,
    State,
    answers,
)
from newsletter.providers.asking.resend import Resend
from newsletter.providers.body import Body, Form
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.headers import raw_mailbox
from newsletter.providers.http import Split

_LONGEST_KEY: Final = 256
_ADDRESS_FAULT = re.compile(r"(?<![\w-])to\b`? (field|address)", re.IGNORECASE)
_QUOTAS: Final = ("daily_quota_exceeded", "monthly_quota_exceeded")


class Settings(HTTPSettings):
    """What Resend can be set to."""


class Provider(Resend):
    """Resend, by its batch endpoint."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Resend",
        batch_size=100,
        own_unsubscribe="yes",
        region="as chosen for the domain at Resend",
        idempotency=timedelta(hours=24),
        pace=Pace(per_second=200),  # two calls a second, for a whole team
        lookup="The list of what it took, newest first: kept from a day on, by the plan. A list of "
        "many thousands takes long. Silence proves nothing.",
        notes=(
            "Images inside the mail do not go by its calls for many mails.",
            "Open and click tracking is set per domain at Resend: keep both off.",
            "Resend makes the Message-ID; its own id of each mail is kept.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_RESEND_KEY"
    reads: ClassVar[frozenset[int]] = frozenset({400, 409, 413, 422, 429})
    hints: ClassVar[Mapping[int, str]] = {
        451: "Resend found a matter of security; look into its dashboard",
        429: "wait for the next day or month, or change the plan",
    }

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            "https://api.resend.com",
            settings,
            secret=key,
            headers={"Authorization": f"Bearer {key}"},
        )

    def request(self, batch: Batch) -> Request:
        """Write one call: an array of messages that are filled here."""
        if not re.fullmatch(r"[\x21-\x7e]+", batch.key) or len(batch.key) > _LONGEST_KEY:
            raise ValueError(f"no idempotency key of 1 to {_LONGEST_KEY} characters: {batch.key!r}")
        form = Form(_compile(batch.message, batch.mailing))
        values = [_values(form, recipient) for recipient in batch.recipients]
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/emails/batch",
            headers={"Content-Type": "application/json", "Idempotency-Key": batch.key},
            body=Body(form, values, before=b"[", between=b",", after=b"]"),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: one id per message, in order."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self._refusal(batch, response)
        data = answers.json_of(response)
        ids = data.get("data") if isinstance(data, dict) else None
        # Ids stand by their order alone: with one too few, nobody knows whose is missing.
        if not isinstance(ids, list) or len(ids) != len(batch.recipients):
            raise answers.Unreadable("its answer is no list of as many ids")
        return [
            Outcome(recipient.key, State.ACCEPTED, provider_id=item["id"])
            for recipient, item in zip(batch.recipients, ids, strict=True)
            if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"]
        ]

    def _refusal(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        reason, name = self.said(response), answers.field_of(response, "name")
        if response.status == 409:  # noqa: PLR2004 - the status is the name
            # The key was used already: for other bytes, or for a call that is still under way.
            return answers.all_of(batch, State.UNKNOWN, reason, self.wait(response))
        if name in _QUOTAS or name == "invalid_idempotency_key":
            raise self.stop(f"refused the call: {reason}", status=response.status)
        if response.status == 429:  # noqa: PLR2004 - the status is the name
            return self.shared(batch, response)
        return self.split(response, _ADDRESS_FAULT)


class _Own(Enum):
    ADDRESS = "address"
    KEY = "key"


Piece = bytes | Slot | _Own


def _compile(message: Message, mailing: str) -> list[Piece]:
    """Write the JSON of one message once, with the places that differ left open."""
    edition = message.edition
    constant: dict[str, Any] = {"from": raw_mailbox(message.sender_name, message.sender_address)}
    if message.reply_to:
        constant["reply_to"] = message.reply_to
    tag = re.sub(r"[^A-Za-z0-9_-]+", "-", mailing)[:256] or "-"
    headers: list[Piece] = []
    for name, template in message.headers.items():
        headers += [b",%b:" % orjson.dumps(name) if headers else orjson.dumps(name) + b":"]
        headers += _text(template)
    return [
        orjson.dumps(constant)[:-1] + b',"to":["', _Own.ADDRESS,
        b'"],"subject":', *_text(edition.subject),
        b',"html":', *_text(edition.html),
        b',"text":', *_text(edition.text),
        b',"headers":{', *headers,
        b'},"tags":[{"name":"mailing","value":%b},{"name":"delivery","value":"'
        % orjson.dumps(tag),
        _Own.KEY, b'"}]}',
    ]  # fmt: skip


def _text(template: Template) -> list[Piece]:
    """Write a template as a JSON string with its slots left open."""
    inner = [_escaped(part) if isinstance(part, str) else part for part in template]
    return [b'"', *inner, b'"']


def _values(form: Form, recipient: Recipient) -> dict[Hashable, bytes]:
    """Write what stands in the open places for one recipient, each once."""
    own = {_Own.ADDRESS: recipient.address, _Own.KEY: recipient.key}
    return {
        place: _escaped(own[place] if isinstance(place, _Own) else place.value(recipient.values))
        for place in form.places
        if isinstance(place, (_Own, Slot))
    }


def _escaped(text: str) -> bytes:
    """Write text as it stands inside a JSON string."""
    return orjson.dumps(text)[1:-1]
