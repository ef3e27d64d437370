"""Elastic Email: one mail a call, for its header fields stand for a whole call.

POST /v4/emails (the vendor's OpenAPI file and pages, read 2026-11).
"""

import re
from typing import Any, ClassVar, Final

import orjson

from newsletter.providers import (
    Batch,
    Capabilities,
    Outcome,
    Request,
    Response,
    State,
    answers,
    whole,
)
from newsletter.providers.asking.elasticemail import ElasticEmail
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.headers import raw_mailbox
from newsletter.providers.http import Split

_MERGE: Final = re.compile(r"\{(?=[^{}<>:;]*\})")
"""The start of what the vendor would fill: `{name}`."""
_BRACE: Final = "leftbrace"
_ADDRESS_FAULT: Final = re.compile(
    r"invalid recipient|recipient\b.*\b(invalid|not valid)|['\"`]to['\"`]", re.IGNORECASE
)


class Settings(HTTPSettings):
    """What Elastic Email can be set to."""


class Provider(ElasticEmail):
    """Elastic Email, by its API version 4."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Elastic Email",
        batch_size=1,
        own_unsubscribe="overwritten",
        tracking="call",
        lookup="The events of a mailing, and the mails themselves: kept as the plan says. Silence "
        "proves nothing.",
        notes=(
            "Its own way out must stand in every mail; List-Unsubscribe is set per account.",
            "Not tried at a live account: that text in braces stays as it is.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_ELASTICEMAIL_KEY"

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            "https://api.elasticemail.com/v4",
            settings,
            secret=key,
            headers={"X-ElasticEmail-ApiKey": key},
        )

    def request(self, batch: Batch) -> Request:
        """Write one call: one mail."""
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/emails",
            headers=whole.JSON,
            body=orjson.dumps(_mail(batch)),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: one id."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self.split(response, _ADDRESS_FAULT, "Error")
        ids = [answers.field_of(response, name) for name in ("MessageID", "TransactionID")]
        if not any(ids):
            raise answers.Unreadable("its answer has no id")
        name = ids[0] or ids[1]
        return [Outcome(item.key, State.ACCEPTED, provider_id=name) for item in batch.recipients]


def _mail(batch: Batch) -> dict[str, Any]:
    (recipient,) = batch.recipients
    message = batch.message
    filled = whole.fill(message, recipient)
    answer = {"ReplyTo": message.reply_to} if message.reply_to else {}
    return {
        "Recipients": [{"Email": recipient.address, "Fields": {_BRACE: "{"}}],
        "Content": {
            "From": raw_mailbox(message.sender_name, message.sender_address),
            **answer,
            "Subject": _guarded(filled.subject),
            "Body": [
                {"ContentType": kind, "Content": _guarded(text), "Charset": "utf-8"}
                for kind, text in (("HTML", filled.html), ("PlainText", filled.text))
            ],
            "Headers": dict(filled.headers),
            "Postback": recipient.key,
        },
        "Options": {"ChannelName": batch.mailing, "TrackOpens": False, "TrackClicks": False},
    }


def _guarded(text: str) -> str:
    """Let text in braces arrive as it is: its first brace is a field of ours."""
    return _MERGE.sub(f"{{{_BRACE}}}", text)
