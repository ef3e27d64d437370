"""UniOne, and Unisender Go, its API at another host: one mail a call, filled here.

POST email/send.json (docs.unione.io/en/web-api-ref and godocs.unisender.ru, read 2026-11). A call
takes 500 recipients with `{{x}}` in their content, but how those values are escaped is not told.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

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
from newsletter.providers.asking.unione import UniOne
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

_REFUSED: Final = frozenset({"invalid", "unsubscribed", "permanent_unavailable"})
_LATER: Final = "temporary_unavailable"
_WRONG_HOST: Final = 114


class Settings(HTTPSettings):
    """What UniOne can be set to."""

    host: Literal[
        "eu1.unione.io", "us1.unione.io", "api.unione.io", "go1.unisender.ru", "go2.unisender.ru"
    ] = "eu1.unione.io"
    """Where the account lives; Unisender Go's are in Russia."""


class Provider(UniOne):
    """UniOne or Unisender Go, by email/send."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="UniOne",
        batch_size=1,
        call_bytes=10_000_000,
        own_unsubscribe="approval",
        tracking="call",
        without_headers=frozenset({"Auto-Submitted", "List-Id"}),
        notes=(
            "Its support must allow List-Unsubscribe, and mails without its footer.",
            "List-Unsubscribe-Post is on none of its pages: ask for that, too.",
            "Its key for repeats is not used: its pages differ in the name, and tell no life.",
            "That template_engine = none leaves all text alone is not seen on a live account.",
            "Its log is a file made on demand: newsletter reconcile does not ask for it.",
            "The delivery's key comes back in webhooks as metadata.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_UNIONE_KEY"
    hints: ClassVar[Mapping[int, str]] = {
        401: "check NEWSLETTER_UNIONE_KEY, and host in [providers.unione]: an account has one host",
        404: "check host in [providers.unione]: an account lives at one host",
    }

    def __init__(self, settings: Settings, key: str) -> None:
        address = f"https://{settings.host}"
        super().__init__(address, settings, secret=key, headers={"X-API-KEY": key})
        language = "ru" if settings.host.endswith(".ru") else "en"
        self._methods = f"/{language}/transactional/api/v1"

    def request(self, batch: Batch) -> Request:
        """Write one call: one mail."""
        (recipient,) = batch.recipients
        message, mail = batch.message, whole.fill(batch.message, recipient)
        left_out = self.capabilities.without_headers
        content = {
            "recipients": [{"email": recipient.address, "metadata": {"key": recipient.key}}],
            "from_email": message.sender_address,
            "from_name": message.sender_name,
            "subject": mail.subject,
            "body": {"html": mail.html, "plaintext": mail.text},
            "headers": {name: text for name, text in mail.headers.items() if name not in left_out},
            "tags": [re.sub(r"[^A-Za-z0-9_-]+", "-", batch.mailing)[:50] or "-"],
            "template_engine": "none",
            "track_links": 0,
            "track_read": 0,
            "skip_unsubscribe": 1,
        }
        if message.reply_to:
            content["reply_to"] = message.reply_to
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}{self._methods}/email/send.json",
            headers=whole.JSON,
            body=orjson.dumps({"message": content}),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: the taken and the failed, by address, also beside an error."""
        try:
            answer = answers.json_of(response)
        except answers.Unreadable:
            answer = None
        answer = answer if isinstance(answer, dict) else {}
        failed = answer.get("failed_emails")
        reasons = {
            str(address).casefold(): str(why)
            for address, why in (failed.items() if isinstance(failed, dict) else ())
        }
        if response.status in self.reads and not reasons:
            return self._refusal(answer, response)
        emails, job = answer.get("emails"), answer.get("job_id")
        taken = {str(address).casefold() for address in emails} if isinstance(emails, list) else ()
        if not reasons and not (taken and isinstance(job, str)):
            raise answers.Unreadable("its answer names nobody")
        return [
            _outcome(item.key, reasons.get(name, ""), str(job) if name in taken else "")
            for item in batch.recipients
            if (name := item.address.casefold()) in taken or name in reasons
        ]

    def _refusal(self, answer: Mapping[str, Any], response: Response) -> Split:
        reason = self.said(response)
        if answer.get("code") == _WRONG_HOST:
            raise self.stop(f"refused the call: {reason}", status=404)
        return Split(reason, certain=False)


def _outcome(key: str, why: str, job: str) -> Outcome:
    """Read what became of one address; a duplicate of one that was taken was taken."""
    if job:
        return Outcome(key, State.ACCEPTED, provider_id=job)
    if why in _REFUSED:
        return Outcome(key, State.REFUSED, f"UniOne: {why}")
    return Outcome(key, State.RETRY if why == _LATER else State.UNKNOWN, f"UniOne: {why}")
