"""Mandrill (Mailchimp Transactional): one mail a call, for a call's header fields are everybody's.

POST /messages/send (mailchimp.com/developer/transactional and the vendor's Swagger file, read
2026-11).
"""

import re
from collections.abc import Generator, Mapping
from typing import Any, ClassVar, Final

import httpx
import orjson

from newsletter.providers import (
    Batch,
    Capabilities,
    Outcome,
    Recipient,
    Request,
    Response,
    State,
    answers,
    related,
    whole,
)
from newsletter.providers.asking.mandrill import KEY_FIELD, Mandrill, tag
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

_TAKEN: Final = ("sent", "queued", "scheduled")
_OF_THE_READER: Final = ("hard-bounce", "soft-bounce", "spam", "unsub", "custom", "invalid")
_OF_THE_ACCOUNT: Final = ("unsigned", "invalid-sender", "test-mode-limit")
_STOPS: Final = {"Invalid_Key": 401, "PaymentRequired": 402}
_TO_FAULT: Final = re.compile(r"""["']to["']\s*:""")


class Settings(HTTPSettings):
    """What Mandrill can be set to."""


class Provider(Mandrill):
    """Mandrill, by its endpoint for one content."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Mandrill",
        batch_size=1,
        own_unsubscribe="yes",
        tracking="call",
        inline_images=True,
        test_mode="a test key",
        lookup="What its search finds by address and our key: 30 days. Silence proves nothing.",
        list_lacks="whoever is beyond its first 1,000 entries",
        notes=(
            "One mail a call: in a batch, header fields would be the same for all.",
            "No idempotency: a mail whose answer is lost stays unknown until somebody decides.",
            "Its unsubscribe footer, in sending defaults and rules, must be off at Mandrill.",
            "Not seen on a live account: that it keeps our List-Unsubscribe, text and images.",
            "The delivery's key comes back in webhooks as metadata.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_MANDRILL_KEY"
    reads: ClassVar[frozenset[int]] = frozenset({400, 413, 422, 500})
    """An error of any kind used to come under 500; its name says which."""
    hints: ClassVar[Mapping[int, str]] = {
        400: "verify the sender's domain at Mandrill, with SPF and DKIM; a test key has a limit",
    }

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__("https://mandrillapp.com/api/1.0", settings, secret=key, auth=_InBody(key))

    def request(self, batch: Batch) -> Request:
        """Write one call: one mail, still without the key."""
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/messages/send.json",
            headers=whole.JSON,
            body=orjson.dumps({"message": _mail(batch), "async": False}),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: an entry per address, whose status counts, under 200 in any case."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self._refusal(batch, response)
        data = answers.json_of(response)
        if not isinstance(data, list):
            raise answers.Unreadable("its answer is no list of recipients")
        entries = {str(item.get("email")).casefold(): item for item in data
                   if isinstance(item, dict)}  # fmt: skip
        pairs = [(item, entries.get(item.address.casefold(), {})) for item in batch.recipients]
        certain = {item.key for item, entry in pairs if _of_the_reader(entry)}
        return whole.settled([self._outcome(*pair) for pair in pairs], certain=certain)

    def _outcome(self, recipient: Recipient, entry: Mapping[str, Any]) -> Outcome:
        status, name, why = (str(entry.get(part) or "") for part in
                             ("status", "_id", "reject_reason"))  # fmt: skip
        if status in _TAKEN and name:
            return Outcome(recipient.key, State.ACCEPTED, provider_id=name)
        reason = answers.clean(f"{status} {why}".strip(), secret=self._secret)
        if why in _OF_THE_ACCOUNT:
            raise self.stop(f"refused the mail: {reason}", status=400)
        if status in ("rejected", "invalid"):
            return Outcome(recipient.key, State.REFUSED, reason)
        return Outcome(recipient.key, State.UNKNOWN, "neither taken nor refused")

    def _refusal(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        reason, name = self.said(response), answers.field_of(response, "name")
        if name in _STOPS:
            raise self.stop(f"refused the call: {reason}", status=_STOPS[name])
        if name.startswith("Unknown_"):
            raise self.stop(f"refused the call: {reason}")
        if response.status == 500 and name != "ValidationError":  # noqa: PLR2004 - the status is the name
            return self.shared(batch, response)
        return self.split(response, _TO_FAULT)


class _InBody(httpx.Auth):
    """Puts the key into each call as it leaves: the vendor wants it beside what is sent."""

    requires_request_body = True

    def __init__(self, key: str) -> None:
        self._field: Final = b'{"key":' + orjson.dumps(key)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the same call with the key as its first field."""
        rest = request.content[1:]
        headers = {name: text for name, text in request.headers.items() if name != "content-length"}
        yield httpx.Request(
            request.method,
            request.url,
            headers=headers,
            content=self._field + (rest if rest == b"}" else b"," + rest),
            extensions=request.extensions,
        )


def _mail(batch: Batch) -> dict[str, Any]:
    (recipient,) = batch.recipients
    message = batch.message
    filled = whole.fill(message, recipient)
    answer = {"Reply-To": message.reply_to} if message.reply_to else {}
    images = [
        {"type": image.kind, "name": image.content_id, "content": image.data}
        for image in related.listed(message.inline)
    ]
    return {
        **({"images": images} if images else {}),
        "html": filled.html,
        "text": filled.text,
        "subject": filled.subject,
        "from_email": message.sender_address,
        "from_name": message.sender_name,
        "to": [{"email": recipient.address, "type": "to"}],
        "headers": {**filled.headers, **answer},
        "track_opens": False,
        "track_clicks": False,
        "auto_text": False,
        "auto_html": False,
        "inline_css": False,
        "merge": False,
        "tags": [tag(batch.mailing)],
        "metadata": {KEY_FIELD: recipient.key},
    }


def _of_the_reader(entry: Mapping[str, Any]) -> bool:
    return entry.get("status") == "invalid" or entry.get("reject_reason") in _OF_THE_READER
