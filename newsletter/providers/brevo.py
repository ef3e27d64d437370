"""Brevo: up to 1,000 whole messages a call, as versions of one.

POST /v3/smtp/email with `messageVersions` (developers.brevo.com and the vendor's Swagger file, read
2026-11). That a version has header fields of its own is in neither; django-anymail sends so.
"""

import re
import uuid
from datetime import timedelta
from email.header import Header
from typing import Any, ClassVar, Final

import orjson

from newsletter.providers import (
    Batch,
    Capabilities,
    Outcome,
    Pace,
    Request,
    Response,
    State,
    answers,
    whole,
)
from newsletter.providers.asking.brevo import Brevo
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

_SPECIALS: Final = re.compile(r'[()<>\[\]:;@\\,."]')
_ADDRESS_FAULT: Final = re.compile(
    r"\bin to\b|messageVersions\S*\bto\b|invalid recipient", re.IGNORECASE
)
_REPEATED: Final = ("duplicate_parameter", "duplicate_request")
_STOPS: Final = {
    "unauthorized": 401, "not_enough_credits": 402, "permission_denied": 403,
    "account_under_validation": 403,
}  # fmt: skip


class Settings(HTTPSettings):
    """What Brevo can be set to."""

    sandbox: bool = False
    """Brevo checks everything and delivers nothing."""


class Provider(Brevo):
    """Brevo, by its endpoint for transactional mail."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Brevo",
        batch_size=1000,
        own_unsubscribe="overwritten",
        idempotency=timedelta(minutes=15),
        test_mode="sandbox = true",
        pace=Pace(per_minute=100_000),  # 100 calls
        notes=(
            "Brevo puts its own List-Unsubscribe into all mails, and has no switch for it.",
            "Its pages give 30 and 15 minutes for its key. A repeat is refused, not answered.",
            "Header fields of each version are on none of its pages.",
            "Not tried at a live account: that text in double braces stays as it is.",
            "Open and click tracking is set for the account at Brevo: keep both off.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_BREVO_KEY"

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__("https://api.brevo.com/v3", settings, secret=key, headers={"api-key": key})
        self._sandbox: Final = {"X-Sib-Sandbox": "drop"} if settings.sandbox else {}

    def request(self, batch: Batch) -> Request:
        """Write one call: what all share once, then whole messages that are filled here."""
        # Its key for repeats must be a UUID.
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"newsletter:{batch.key}")
        common = {**_common(batch), "headers": {"idempotencyKey": str(name), **self._sandbox}}
        before = orjson.dumps(common)[:-1] + b',"messageVersions":['
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/smtp/email",
            headers=whole.JSON,
            body=whole.body(_shape(batch), batch.recipients, before=before, after=b"]}"),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: one id per version, in order."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self._refusal(batch, response)
        data = answers.json_of(response)
        fields = data if isinstance(data, dict) else {}
        ids = fields.get("messageIds") or [fields.get("messageId")]
        # Ids stand by their order alone: with one too few, nobody knows whose is missing.
        if not isinstance(ids, list) or len(ids) != len(batch.recipients):
            raise answers.Unreadable("its answer is no list of as many ids")
        return [
            Outcome(recipient.key, State.ACCEPTED, provider_id=name.strip("<>"))
            for recipient, name in zip(batch.recipients, ids, strict=True)
            if isinstance(name, str) and name
        ]

    def wait(self, response: Response) -> timedelta | None:
        """Read Retry-After, or in how many seconds its count begins anew."""
        told = response.headers.get("x-sib-ratelimit-reset", "")
        own = answers.capped(float(told)) if re.fullmatch(r"[0-9]{1,9}", told) else None
        return answers.wait(response) or own

    def _refusal(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        reason, code = self.said(response), answers.field_of(response, "code")
        if code in _REPEATED:
            # The key was used within its life: what became of that call is not said.
            return answers.all_of(batch, State.UNKNOWN, reason)
        if code in _STOPS:
            raise self.stop(f"refused the call: {reason}", status=_STOPS[code])
        return self.split(response, _ADDRESS_FAULT)


def _common(batch: Batch) -> dict[str, Any]:
    message = batch.message
    answer = {"replyTo": {"email": message.reply_to}} if message.reply_to else {}
    return {
        "sender": {"email": message.sender_address, "name": _name(message.sender_name)},
        **answer,
        # A version may have content of its own only where there is some for all.
        "subject": batch.mailing or "-",
        "htmlContent": "<p></p>",
        "tags": [batch.mailing or "-"],
    }


def _shape(batch: Batch) -> dict[str, Any]:
    edition = batch.message.edition
    return {
        "to": [{"email": whole.Own.ADDRESS}],
        "subject": edition.subject,
        "htmlContent": edition.html,
        "textContent": edition.text,
        "headers": {**batch.message.headers, "X-Mailin-custom": whole.Own.KEY},
    }


def _name(name: str) -> str:
    """Encode a name that Brevo would drop: with a comma or the like beside a letter like ä.

    Of such names it reads the encoded form (seen by django-anymail).
    """
    if name.isascii() or not _SPECIALS.search(name):
        return name
    return Header(name, "utf-8").encode(maxlinelen=0)
