"""Sweego: one mail a call, filled here.

POST /send (learn.sweego.io/docs/sweego/send-send-post, as copied in 2026-09, and PyPI sweego
0.0.1). Its calls for many fill templates that are stored there.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import orjson

from newsletter.errors import ProviderError
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
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import HTTPProvider, Split

_MOST_HEADERS: Final = 5
_UNSUBSCRIBE: Final = "List-Unsubscribe"
_POST: Final = "List-Unsubscribe-Post"
_KEY: Final = "X-Newsletter-Delivery"


class Settings(HTTPSettings):
    """What Sweego can be set to."""

    test_mode: bool = False
    """Sweego checks everything and sends nothing."""


class Provider(HTTPProvider):
    """Sweego, by its one endpoint."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Sweego",
        batch_size=1,
        own_unsubscribe="yes",
        test_mode="test_mode = true",
        notes=(
            "No idempotency: a mail whose answer is lost stays unknown until somebody decides.",
            "Its pages show one-click with a mailto address before the link: it may want both.",
            "Click tracking is not in its API: switch it off in its dashboard.",
            "Five header fields of our own at most; the delivery's key is one of them.",
            "None of its pages tells how to ask for a mail by our key, or whom it keeps back.",
            "Not seen on a live account.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_SWEEGO_KEY"

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__("https://api.sweego.io", settings, secret=key, headers={"Api-Key": key})
        self._settings: Final = settings

    def request(self, batch: Batch) -> Request:
        """Write one call: one mail."""
        (recipient,) = batch.recipients
        message, mail = batch.message, whole.fill(batch.message, recipient)
        content: dict[str, Any] = {
            "channel": "email",
            "provider": "sweego",
            "campaign-type": "newsletter",
            "campaign-id": batch.mailing,
            "recipients": [{"email": recipient.address}],
            "from": {"email": message.sender_address, "name": message.sender_name},
            "subject": mail.subject,
            "message-html": mail.html,
            "message-txt": mail.text,
            "tracking_open": False,
            "dry-run": self._settings.test_mode,
            **self._headers(mail.headers, recipient.key),
        }
        if message.reply_to:
            content["reply-to"] = {"email": message.reply_to}
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/send",
            headers=whole.JSON,
            body=orjson.dumps(content),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: an id for each address."""
        if response.status in self.reads:
            return Split(self.said(response), certain=_at_address(response))
        answer = answers.json_of(response)
        ids = answer.get("swg_uids") if isinstance(answer, dict) else None
        if not isinstance(ids, dict):
            raise answers.Unreadable("its answer has no swg_uids")
        found = {str(address).casefold(): name for address, name in ids.items()}
        return [
            Outcome(item.key, State.ACCEPTED, provider_id=name)
            for item in batch.recipients
            if isinstance(name := found.get(item.address.casefold()), str) and name
        ]

    def _headers(self, fields: Mapping[str, str], key: str) -> dict[str, Any]:
        """Write the way out where Sweego wants it, the others as they are."""
        rest = {name: text for name, text in fields.items() if name not in (_UNSUBSCRIBE, _POST)}
        own = rest | {_KEY: key}
        if len(own) > _MOST_HEADERS:
            raise ProviderError(
                f"Sweego takes {_MOST_HEADERS} header fields, and these are {len(own)}",
                hint="send this mailing by another provider",
            )
        if not (way := fields.get(_UNSUBSCRIBE)):
            return {"headers": own}
        method = "one-click" if _POST in fields else "mailto"
        return {"headers": own, "list-unsub": {"method": method, "value": way}}


def _at_address(response: Response) -> bool:
    """Tell whether a validation error points at the recipient: `detail[].loc` is its place."""
    try:
        details = answers.json_of(response)["detail"]
        return all("recipients" in detail["loc"] for detail in details) and bool(details)
    except (answers.Unreadable, LookupError, TypeError):
        return False
