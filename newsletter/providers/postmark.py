"""Postmark: up to 500 whole messages a call, each answered by itself, under 200 whatever came.

POST /email/batch (postmarkapp.com/developer and the vendor's Swagger file, read 2026-11).
"""

import re
from typing import Any, ClassVar, Final

from pydantic import Field

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
from newsletter.providers.asking.postmark import Postmark
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.headers import raw_mailbox
from newsletter.providers.http import Split

_INACTIVE: Final = 406
_INVALID: Final = 300
_ACCOUNT: Final = frozenset({10, 400, 401, 405, 412, 413})
"""Token, sender signature, credit, account pending, account closed: no reader's fault
(postmarkapp.com/developer/api/overview, error codes, read 2026-11)."""
_LATER: Final = frozenset({100, 429})
"""Maintenance, and too many calls."""
_TO_FAULT: Final = re.compile(r"['\"`]To['\"`]|recipient", re.IGNORECASE)


class Settings(HTTPSettings):
    """What Postmark can be set to."""

    stream: str = Field(default="broadcast", pattern=r"^[a-z0-9_-]{1,50}$", examples=["broadcast"])
    """The message stream for newsletters, as it is called at Postmark."""


class Provider(Postmark):
    """Postmark, by its batch endpoint."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Postmark",
        batch_size=500,
        call_bytes=50_000_000,
        own_unsubscribe="approval",
        inline_images=True,
        test_mode="the key POSTMARK_API_TEST",
        lookup="What its search finds by our key: 45 days, or as set. Silence proves nothing.",
        notes=(
            "Until its support allows our own unsubscribes, Postmark adds a link and its header.",
            "Its list of whom it keeps back is read up to 4 MB a reason: some 30,000 people.",
            "No idempotency: a call whose answer is lost stays unknown until somebody decides.",
            "Tracking is asked off per mail, but the server's own setting wins: keep it off there.",
            "Images inside the mail: not seen on a live account.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_POSTMARK_KEY"

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            "https://api.postmarkapp.com",
            settings,
            secret=key,
            headers={"X-Postmark-Server-Token": key},
        )
        self._stream = settings.stream

    def request(self, batch: Batch) -> Request:
        """Write one call: an array of messages that are filled here."""
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/email/batch",
            headers=whole.JSON,
            body=whole.body(_shape(batch, self._stream), batch.recipients),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: an entry per message, in order; its ErrorCode counts, not the status."""
        data = answers.json_of(response)
        if response.status // 100 == 4:  # noqa: PLR2004 - 4xx
            return self._refusal(batch, response, data)
        if not isinstance(data, list) or len(data) != len(batch.recipients):
            raise answers.Unreadable("its answer is no list of as many messages")
        pairs = list(zip(batch.recipients, data, strict=True))
        certain = {recipient.key for recipient, entry in pairs if _address_fault(entry)}
        found = [self._outcome(recipient, entry) for recipient, entry in pairs]
        account = {recipient.key for recipient, entry in pairs if _code(entry) in _ACCOUNT}
        return whole.settled(found, certain=certain, account=account)

    def _refusal(self, batch: Batch, response: Response, data: Any) -> list[Outcome] | Split:  # noqa: ANN401 - any JSON
        reason = self.said(response)
        if _code(data) in _LATER:
            return answers.all_of(batch, State.RETRY, reason, self.wait(response))
        return Split(reason, certain=False, account=_code(data) in _ACCOUNT)

    def _outcome(self, recipient: Recipient, entry: Any) -> Outcome:  # noqa: ANN401 - any JSON
        fields = entry if isinstance(entry, dict) else {}
        code, name = fields.get("ErrorCode"), fields.get("MessageID")
        if code == 0 and isinstance(name, str) and name:
            return Outcome(recipient.key, State.ACCEPTED, provider_id=name)
        if isinstance(code, int) and code != 0:
            reason = answers.clean(f"{code} {fields.get('Message', '')}", secret=self._secret)
            return Outcome(recipient.key, State.RETRY if code in _LATER else State.REFUSED, reason)
        return Outcome(recipient.key, State.UNKNOWN, "neither taken nor refused")


def _code(entry: Any) -> int | None:  # noqa: ANN401 - any JSON
    found = entry.get("ErrorCode") if isinstance(entry, dict) else None
    return found if isinstance(found, int) else None


def _address_fault(entry: Any) -> bool:  # noqa: ANN401 - any JSON
    fields = entry if isinstance(entry, dict) else {}
    if fields.get("ErrorCode") == _INACTIVE:
        return True
    said = str(fields.get("Message", ""))
    return fields.get("ErrorCode") == _INVALID and bool(_TO_FAULT.search(said))


def _shape(batch: Batch, stream: str) -> dict[str, Any]:
    message, edition = batch.message, batch.message.edition
    answer = {"ReplyTo": message.reply_to} if message.reply_to else {}
    images = [
        {
            "Name": image.name,
            "Content": image.data,
            "ContentType": image.kind,
            "ContentID": f"cid:{image.content_id}",
        }
        for image in related.listed(message.inline)
    ]
    return {
        **({"Attachments": images} if images else {}),
        "From": raw_mailbox(message.sender_name, message.sender_address),
        "To": whole.Own.ADDRESS,
        **answer,
        "Subject": edition.subject,
        "HtmlBody": edition.html,
        "TextBody": edition.text,
        "Headers": [{"Name": name, "Value": value} for name, value in message.headers.items()],
        "Tag": batch.mailing[:1000],
        "Metadata": {"key": whole.Own.KEY},
        "TrackOpens": False,
        "TrackLinks": "None",
        "MessageStream": stream,
    }
