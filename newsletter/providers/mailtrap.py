"""Mailtrap: up to 500 whole messages a call of its bulk stream, each answered by itself.

POST /api/batch (the vendor's OpenAPI files and pages, read 2026-11).
"""

import re
from typing import Any, ClassVar, Final

import orjson
from pydantic import Field

from newsletter.providers import (
    Batch,
    Capabilities,
    Outcome,
    Pace,
    Recipient,
    Request,
    Response,
    State,
    answers,
    related,
    whole,
)
from newsletter.providers.asking.mailtrap import HOST, Mailtrap
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

_ADDRESS_FAULT: Final = re.compile(
    r"['\"`]to\b|^to\b|invalid recipient|recipient\b.*\b(invalid|not valid)|suppress", re.IGNORECASE
)


class Settings(HTTPSettings):
    """What Mailtrap can be set to."""

    sandbox: int | None = Field(default=None, gt=0)
    """Number of a test inbox that gets every mail, instead of the readers."""


class Provider(Mailtrap):
    """Mailtrap, by the batch endpoint of its bulk stream."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Mailtrap",
        batch_size=500,
        call_bytes=50_000_000,
        own_unsubscribe="overwritten",
        inline_images=True,
        test_mode="sandbox = the number of a test inbox",
        lookup="What its email log says: kept as the plan says. Silence proves nothing.",
        pace=Pace(per_second=7500),  # 150 calls in 10 seconds
        notes=(
            "The bulk stream puts its own List-Unsubscribe, Precedence and a footer into mails.",
            "Open and click tracking is set per domain at Mailtrap: keep both off.",
            "Images inside the mail: not seen on a live account.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_MAILTRAP_KEY"

    def __init__(self, settings: Settings, key: str) -> None:
        host = "sandbox" if settings.sandbox else "bulk"
        super().__init__(
            f"https://{host}.api.mailtrap.io",
            settings,
            secret=key,
            headers={"Authorization": f"Bearer {key}"},
        )
        self._path: Final = f"/api/batch/{settings.sandbox}" if settings.sandbox else "/api/batch"
        self._account_url = settings.base_url or HOST

    def request(self, batch: Batch) -> Request:
        """Write one call: what all share once, then whole messages that are filled here."""
        before = b'{"base":' + orjson.dumps(_base(batch)) + b',"requests":['
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}{self._path}",
            headers=whole.JSON,
            body=whole.body(_shape(batch), batch.recipients, before=before, after=b"]}"),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: an entry per message, in order, under 200 even where all failed."""
        data = answers.json_of(response)
        entries = data.get("responses") if isinstance(data, dict) else None
        if not entries and response.status // 100 == 4:  # noqa: PLR2004 - 4xx
            return Split(self.said(response), certain=False)
        if not isinstance(entries, list) or len(entries) != len(batch.recipients):
            raise answers.Unreadable("its answer is no list of as many messages")
        pairs = zip(batch.recipients, entries, strict=True)
        found = [self._outcome(recipient, entry) for recipient, entry in pairs]
        certain = {item.key for item in found if _ADDRESS_FAULT.search(item.reason)}
        return whole.settled(found, certain=certain)

    def _outcome(self, recipient: Recipient, entry: Any) -> Outcome:  # noqa: ANN401 - any JSON
        fields = entry if isinstance(entry, dict) else {}
        ids, errors = fields.get("message_ids"), fields.get("errors")
        if fields.get("success") is True and isinstance(ids, list) and ids:
            return Outcome(recipient.key, State.ACCEPTED, provider_id=str(ids[0]))
        if fields.get("success") is False and isinstance(errors, list):
            reason = answers.clean("; ".join(map(str, errors)), secret=self._secret)
            return Outcome(recipient.key, State.REFUSED, reason)
        return Outcome(recipient.key, State.UNKNOWN, "neither taken nor refused")


def _base(batch: Batch) -> dict[str, Any]:
    message = batch.message
    answer = {"reply_to": {"email": message.reply_to}} if message.reply_to else {}
    return {
        "from": {"email": message.sender_address, "name": message.sender_name},
        **answer,
        **related.attachments(message.inline),
        "category": batch.mailing[:255],
    }


def _shape(batch: Batch) -> dict[str, Any]:
    # A request's headers take the place of the base's, so that all of them stand here.
    edition = batch.message.edition
    return {
        "to": [{"email": whole.Own.ADDRESS}],
        "subject": edition.subject,
        "text": edition.text,
        "html": edition.html,
        "headers": batch.message.headers,
        "custom_variables": {"key": whole.Own.KEY},
    }
