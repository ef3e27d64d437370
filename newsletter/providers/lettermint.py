"""Lettermint: one mail a call, each safe to repeat for a day under its recipient's own key.

POST /v1/send (the vendor's OpenAPI file and SDKs, read 2026-11).
"""

import re
from datetime import timedelta
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
from newsletter.providers.asking import Asked
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.headers import raw_mailbox
from newsletter.providers.http import Split
from newsletter.providers.lookup import Wait

_GONE: Final = ("suppressed", "failed", "hard_bounced")


class Settings(HTTPSettings):
    """What Lettermint can be set to."""

    route: str | None = None
    """The route that mails leave by, when it is not the project's own; a transactional one."""


class Provider(Asked):
    """Lettermint, by its endpoint for one mail."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Lettermint",
        batch_size=1,
        own_unsubscribe="yes",
        tracking="call",
        idempotency=timedelta(hours=24),
        idempotency_per_recipient=True,
        notes=(
            "Use a transactional route: a broadcast route puts its own way out into mails.",
            "Its log, and whom it keeps back, need a key of the whole team: neither is asked for.",
            "Tracking is also set per route: keep it off there.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_LETTERMINT_KEY"
    reads: ClassVar[frozenset[int]] = frozenset({400, 409, 413, 422})

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            "https://api.lettermint.co/v1",
            settings,
            secret=key,
            headers={"x-lettermint-token": key},
        )
        self._route: Final = {"route": settings.route} if settings.route else {}

    def probe(self, wait: Wait) -> str:
        """Ask for a pong: GET /ping. Its lists, and what it sent, need a key of another kind."""
        if b"pong" not in self.ask("/ping", {}, wait).body.lower():
            raise self.strange()
        return "Lettermint knows the key"

    def request(self, batch: Batch) -> Request:
        """Write one call: one mail, under the recipient's own key."""
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/send",
            headers={**whole.JSON, "Idempotency-Key": batch.recipients[0].key},
            body=orjson.dumps({**self._route, **_mail(batch)}),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: an id, and what becomes of the mail."""
        if response.status == 409:  # noqa: PLR2004 - the status is the name
            # The key was used for other bytes: that mail may have been taken.
            return answers.all_of(batch, State.UNKNOWN, self.said(response))
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return Split(self.said(response), certain=_names_recipient(answers.json_of(response)))
        name, status = (answers.field_of(response, field) for field in ("message_id", "status"))
        if status in _GONE:
            unclear = status == "failed"
            return [Outcome(item.key, State.REFUSED, status, unclear=unclear)
                    for item in batch.recipients]  # fmt: skip
        if not name:
            raise answers.Unreadable("its answer has no message_id")
        return [Outcome(item.key, State.ACCEPTED, provider_id=name) for item in batch.recipients]


def _mail(batch: Batch) -> dict[str, Any]:
    (recipient,) = batch.recipients
    message = batch.message
    filled = whole.fill(message, recipient)
    answer = {"reply_to": [message.reply_to]} if message.reply_to else {}
    return {
        "from": raw_mailbox(message.sender_name, message.sender_address),
        "to": [recipient.address],
        **answer,
        "subject": filled.subject,
        "html": filled.html,
        "text": filled.text,
        "headers": dict(filled.headers),
        "tag": re.sub(r"[^A-Za-z0-9_-]+", "-", batch.mailing)[:255] or "-",
        "metadata": {"key": recipient.key},
        "settings": {"track_opens": False, "track_clicks": False},
    }


def _names_recipient(data: Any) -> bool:  # noqa: ANN401 - any JSON
    """Tell whether a refusal is about the address that the mail is to."""
    errors = data.get("errors") if isinstance(data, dict) else None
    names = list(errors) if isinstance(errors, dict) else []
    return bool(names) and all(re.fullmatch(r"to(\.\d+)?", name) for name in names)
