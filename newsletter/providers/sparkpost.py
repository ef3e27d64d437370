"""SparkPost: one content for up to 2,000 recipients, filled there with each one's values.

POST /api/v1/transmissions (developers.sparkpost.com: transmissions and template language, read
2026-11).
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

import orjson

from newsletter.issue.template import Template
from newsletter.providers import (
    Batch,
    Capabilities,
    Outcome,
    Request,
    Response,
    State,
    answers,
    related,
    whole,
)
from newsletter.providers.asking.sparkpost import KEY_FIELD, SparkPost, campaign
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split
from newsletter.providers.variables import Writer

_REGIONS: Final = {"eu": "https://api.eu.sparkpost.com", "us": "https://api.sparkpost.com"}
_QUOTA: Final = 420
_NO_DOMAIN: Final = "7001"
_BRACES: Final = re.compile(r"[{}]{2,}|\{\Z|\A\}")
"""What the template language could read as its own, also beside an open place."""
_ADDRESS_FAULT: Final = re.compile(
    r"address\.email|invalid recipient|recipient\b.*\b(invalid|not valid)", re.IGNORECASE
)


class Settings(HTTPSettings):
    """What SparkPost can be set to."""

    region: Literal["eu", "us"] = "eu"
    """Where the account lives; a key of one region is wrong in the other."""


class Provider(SparkPost):
    """SparkPost, by transmissions."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="SparkPost",
        batch_size=2000,
        call_bytes=20_000_000,
        own_unsubscribe="yes",
        tracking="call",
        inline_images=True,
        lookup="What its events say it took or threw away: kept for 10 days. Silence proves "
        "nothing.",
        notes=(
            "Mails are marked as transactional, or SparkPost would put in its own way to leave.",
            "Whom it keeps back from newsletters only, it then mails: import its list first.",
            "No idempotency: a call whose answer is lost stays unknown until somebody decides.",
            "It counts whom it refuses and does not name them: all of that call stay unknown.",
            "One id for a whole call; the delivery's key comes back in events as metadata.",
            "Not seen on a live account.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_SPARKPOST_KEY"
    reads: ClassVar[frozenset[int]] = frozenset({400, 413, _QUOTA, 422})
    hints: ClassVar[Mapping[int, str]] = {
        400: "verify the sender's domain at SparkPost, in the account that the key is of",
        401: "check the key in NEWSLETTER_SPARKPOST_KEY, and region in [providers.sparkpost]",
        _QUOTA: "the sending limit of the plan is reached: wait for the next day or month, or "
        "ask for a higher one",
    }

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            _REGIONS[settings.region], settings, secret=key, headers={"Authorization": key}
        )

    def request(self, batch: Batch) -> Request:
        """Write one call: the content once, then each recipient's values."""
        writer = Writer(_variable, _BRACES)
        call = {**_content(batch, writer), "substitution_data": writer.constants}
        person = {
            "address": {"email": whole.Own.ADDRESS},
            "metadata": {KEY_FIELD: whole.Own.KEY},
            "substitution_data": {name: Template((slot,)) for slot, name in writer.slots.items()},
        }
        before = orjson.dumps(call)[:-1] + b',"recipients":['
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/api/v1/transmissions",
            headers=whole.JSON,
            body=whole.body(person, batch.recipients, before=before, after=b"]}"),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: one id, and how many were taken and refused, under 200 in any case."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self._refusal(batch, response)
        data = answers.json_of(response)
        results = data.get("results") if isinstance(data, dict) else None
        results = results if isinstance(results, dict) else {}
        name = results.get("id")
        counts = [results.get(f"total_{what}_recipients") for what in ("accepted", "rejected")]
        taken, refused = (item if isinstance(item, int) else -1 for item in counts)
        if not name or min(taken, refused) < 0 or taken + refused != len(batch.recipients):
            raise answers.Unreadable("its answer counts other mails than these")
        if not refused:
            return [
                Outcome(item.key, State.ACCEPTED, provider_id=str(name))
                for item in batch.recipients
            ]
        if not taken:
            return Split(self.said(response), certain=_names_addresses(response))
        reason = f"{refused} of {len(batch.recipients)} refused: {self.said(response)}"
        return answers.all_of(batch, State.UNKNOWN, reason)

    def said(self, response: Response) -> str:
        """Give the codes and words of its errors, also of those beside results."""
        told = " ".join(
            str(error[part])
            for error in _errors(response)
            for part in ("code", "message", "description")
            if error.get(part)
        )
        if not told:
            return super().said(response)
        return answers.clean(f"{response.status} {told}", secret=self._secret)

    def _refusal(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        reason = self.said(response)
        if response.status == _QUOTA and "hour" in reason:
            return answers.all_of(batch, State.RETRY, reason, answers.LONGEST_WAIT)
        codes = {str(error.get("code")) for error in _errors(response)}
        if response.status == _QUOTA or _NO_DOMAIN in codes:
            raise self.stop(f"refused the call: {reason}", status=response.status)
        certain = _names_addresses(response) or bool(
            _errors(response) and _ADDRESS_FAULT.search(reason)
        )
        return Split(reason, certain=certain)


def _variable(name: str) -> str:
    """Write a variable whose value is taken as it is: three braces."""
    return "{{{" + name + "}}}"


def _content(batch: Batch, writer: Writer) -> dict[str, Any]:
    message, edition = batch.message, batch.message.edition
    answer = {"reply_to": writer.guarded(message.reply_to)} if message.reply_to else {}
    images = [
        {"name": image.content_id, "type": image.kind, "data": image.data}
        for image in related.listed(message.inline)
    ]
    return {
        "options": {"transactional": True, "open_tracking": False, "click_tracking": False},
        "campaign_id": campaign(batch.mailing),
        "content": {
            **({"inline_images": images} if images else {}),
            "from": {
                "name": writer.guarded(message.sender_name),
                "email": writer.guarded(message.sender_address),
            },
            **answer,
            "subject": writer.write(edition.subject),
            "html": writer.write(edition.html),
            "text": writer.write(edition.text),
            "headers": {name: writer.write(text) for name, text in message.headers.items()},
        },
    }


def _errors(response: Response) -> list[dict[str, Any]]:
    """List the errors of an answer, and those of single addresses."""
    try:
        data = answers.json_of(response)
    except answers.Unreadable:
        return []
    fields = data if isinstance(data, dict) else {}
    results = fields.get("results")
    named = results.get("rcpt_to_errors") if isinstance(results, dict) else None
    lists = [item for item in (fields.get("errors"), named) if isinstance(item, list)]
    return [error for errors in lists for error in errors if isinstance(error, dict)]


def _names_addresses(response: Response) -> bool:
    """Tell whether addresses are at fault, which it does not name."""
    return b'"rcpt_to_errors"' in response.body
