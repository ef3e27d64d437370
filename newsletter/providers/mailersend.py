"""MailerSend: one mail a call, so that its warnings are known of each person at once.

POST /v1/email (developers.mailersend.com and the vendor's SDK, read 2026-11). Its /bulk-email
answers before it has looked at anybody, and who is left out must be polled for.
"""

import re
from collections.abc import Iterator, Mapping
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
from newsletter.providers.asking.mailersend import MailerSend
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

_OF_THE_ACCOUNT: Final = ("MS42204", "MS42225")
"""Its quota, and what a trial may not: under the field `to`, and yet no reader's fault."""
_BAD_ADDRESS: Final = "MS42208"
_SUPPRESSED: Final = ("ALL_SUPPRESSED", "SOME_SUPPRESSED")


class Settings(HTTPSettings):
    """What MailerSend can be set to."""


class Provider(MailerSend):
    """MailerSend, by its endpoint for one mail."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="MailerSend",
        batch_size=1,
        call_bytes=25_000_000,
        own_unsubscribe="plan",
        tracking="call",
        lookup="What its activity says: kept from a day on, by the plan. Silence proves nothing.",
        pace=Pace(per_minute=120),
        notes=(
            "Header fields of our own need the plan Professional or Enterprise.",
            "The mailing and the delivery's key travel as tags, which its events bring back.",
            "Not tried at a live account: that text in {{ }} stays as it is.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_MAILERSEND_KEY"
    hints: ClassVar[Mapping[int, str]] = {
        422: "check the plan, its quota, and the sending domain at MailerSend"
    }

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            "https://api.mailersend.com/v1",
            settings,
            secret=key,
            headers={"Authorization": f"Bearer {key}"},
        )

    def request(self, batch: Batch) -> Request:
        """Write one call: one mail."""
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/email",
            headers=whole.JSON,
            body=orjson.dumps(_mail(batch)),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: an id in a header, and warnings of people that are left out."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self._refusal(response)
        data = answers.json_of(response) if response.body.strip() else {}
        warnings = data.get("warnings", []) if isinstance(data, dict) else None
        if not isinstance(warnings, list):
            raise answers.Unreadable("its warnings cannot be read")
        refused = dict(_suppressed(warnings))
        name = response.headers.get("x-message-id", "")
        if not name and not refused:
            raise answers.Unreadable("its answer has no X-Message-Id")
        everybody = any(_kind(item) == "ALL_SUPPRESSED" for item in warnings)
        return [
            Outcome(item.key, State.REFUSED, refused.get(item.address.casefold(), "suppressed"))
            if everybody or item.address.casefold() in refused
            else Outcome(item.key, State.ACCEPTED if name else State.UNKNOWN, provider_id=name)
            for item in batch.recipients
        ]

    def _refusal(self, response: Response) -> Split:
        reason = self.said(response)
        if any(code in reason for code in _OF_THE_ACCOUNT):
            raise self.stop(f"refused the call: {reason}", status=response.status)
        data = answers.json_of(response)
        errors = data.get("errors") if isinstance(data, dict) else None
        fields = list(errors) if isinstance(errors, dict) else []
        to = bool(fields) and all(re.match(r"to\b", name) for name in fields)
        return Split(reason, certain=to or (not fields and _BAD_ADDRESS in reason))


def _mail(batch: Batch) -> dict[str, Any]:
    (recipient,) = batch.recipients
    message = batch.message
    filled = whole.fill(message, recipient)
    answer = {"reply_to": {"email": message.reply_to}} if message.reply_to else {}
    return {
        "from": {"email": message.sender_address, "name": message.sender_name},
        "to": [{"email": recipient.address}],
        **answer,
        "subject": filled.subject,
        "text": filled.text,
        "html": filled.html,
        "tags": [batch.mailing, recipient.key],
        "headers": [{"name": name, "value": text} for name, text in filled.headers.items()],
        "settings": {"track_clicks": False, "track_opens": False, "track_content": False},
    }


def _kind(warning: Any) -> str:  # noqa: ANN401 - any JSON
    return str(warning.get("type", "")) if isinstance(warning, dict) else ""


def _suppressed(warnings: list[Any]) -> Iterator[tuple[str, str]]:
    """Give the addresses that it leaves out, each with why."""
    for warning in warnings:
        people = warning.get("recipients") if _kind(warning) in _SUPPRESSED else None
        for person in people if isinstance(people, list) else []:
            if isinstance(person, dict) and isinstance(person.get("email"), str):
                reasons = person.get("reasons") or person.get("reason") or "suppressed"
                text = ", ".join(map(str, reasons)) if isinstance(reasons, list) else str(reasons)
                yield person["email"].casefold(), answers.clean(text, secret="")
