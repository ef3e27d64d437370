"""Mailjet: up to 50 whole messages a call, each answered by itself.

POST /v3.1/send (dev.mailjet.com and the vendor's guide `_send-api.md`, read 2026-11).
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

import httpx
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
from newsletter.providers.asking.mailjet import Mailjet
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

_HOSTS: Final = {"global": "https://api.mailjet.com", "eu": "https://api.eu.mailjet.com"}
_BAD_ADDRESS: Final = "mj-0013"
_AT_ADDRESS: Final = re.compile(r"\bTo\b")  # and not ReplyTo
_LATER: Final = (408, 429)
_ACCOUNT: Final = (401, 402, 403)


class Settings(HTTPSettings):
    """What Mailjet can be set to."""

    api_key: str = Field(
        pattern=r"^[\x21-\x39\x3b-\x7e]+$", examples=["0123456789abcdef0123456789abcdef"]
    )
    """The public half of the key; the secret half is in the environment."""
    region: Literal["global", "eu"] = "global"
    """Where the account is."""
    test_mode: bool = False
    """Let Mailjet check every call and send nothing."""


class Provider(Mailjet):
    """Mailjet, by its Send API v3.1."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Mailjet",
        batch_size=50,
        call_bytes=15_000_000,
        own_unsubscribe="yes",
        tracking="call",
        inline_images=True,
        test_mode="test_mode = true",
        lookup="What its messages say, by our key. Silence proves nothing.",
        list_lacks="bounces, which Mailjet tells by its webhooks only",
        without_headers=frozenset({"List-Id"}),
        notes=(
            "Mailjet does not let a sender set List-Id.",
            "Not documented: whether Mailjet adds a List-Unsubscribe of its own. Read a test mail.",
            "Images inside the mail: not seen on a live account.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_MAILJET_KEY"
    reads: ClassVar[frozenset[int]] = frozenset({400, 403, 413, 422})
    hints: ClassVar[Mapping[int, str]] = {
        401: "check api_key in [providers.mailjet] and the secret half in NEWSLETTER_MAILJET_KEY"
    }

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            _HOSTS[settings.region],
            settings,
            secret=key,
            auth=httpx.BasicAuth(settings.api_key, key),
        )
        self._test_mode: Final = settings.test_mode

    def request(self, batch: Batch) -> Request:
        """Write one call: an array of messages that are filled here."""
        after = b'],"SandboxMode":true}' if self._test_mode else b"]}"
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/v3.1/send",
            headers=whole.JSON,
            body=whole.body(
                self._shape(batch), batch.recipients, before=b'{"Messages":[', after=after
            ),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: one entry per message, in order; failed ones name nobody."""
        data = answers.json_of(response)
        entries = data.get("Messages") if isinstance(data, dict) else None
        if entries is None and response.status // 100 == 4:  # noqa: PLR2004 - 4xx
            return self._refusal(batch, response)
        if not isinstance(entries, list) or len(entries) != len(batch.recipients):
            raise answers.Unreadable("its answer is no list of as many messages")
        pairs = list(zip(batch.recipients, entries, strict=True))
        found = [self._outcome(recipient, entry) for recipient, entry in pairs]
        certain = {item.key for item in found if item.reason.startswith(_BAD_ADDRESS)}
        account = {recipient.key for recipient, entry in pairs if _of_account(entry)}
        return whole.settled(found, certain=certain - account, account=account)

    def _shape(self, batch: Batch) -> dict[str, Any]:
        message, edition = batch.message, batch.message.edition
        headers = {
            name: text
            for name, text in message.headers.items()
            if name not in self.capabilities.without_headers
        }
        answer = {"ReplyTo": {"Email": message.reply_to}} if message.reply_to else {}
        images = [
            {
                "ContentType": image.kind,
                "Filename": image.name,
                "ContentID": image.content_id,
                "Base64Content": image.data,
            }
            for image in related.listed(message.inline)
        ]
        return {
            **({"InlinedAttachments": images} if images else {}),
            "From": {"Email": message.sender_address, "Name": message.sender_name},
            "To": [{"Email": whole.Own.ADDRESS}],
            **answer,
            "Subject": edition.subject,
            "TextPart": edition.text,
            "HTMLPart": edition.html,
            "Headers": headers,
            "CustomID": whole.Own.KEY,
            "CustomCampaign": batch.mailing,
            "TrackOpens": "disabled",
            "TrackClicks": "disabled",
        }

    def _outcome(self, recipient: Recipient, entry: Any) -> Outcome:  # noqa: ANN401 - any JSON
        fields = entry if isinstance(entry, dict) else {}
        if fields.get("Status") == "success":
            to = fields.get("To")
            first = to[0] if isinstance(to, list) and to and isinstance(to[0], dict) else {}
            # A number beyond what JavaScript holds; kept as text, as it came.
            name = str(first.get("MessageID") or first.get("MessageUUID") or "")
            return Outcome(recipient.key, State.ACCEPTED, provider_id=name)
        errors = fields.get("Errors")
        if fields.get("Status") != "error" or not isinstance(errors, list) or not errors:
            return Outcome(recipient.key, State.UNKNOWN, "neither taken nor refused")
        return self._failed(recipient, [item for item in errors if isinstance(item, dict)])

    def _failed(self, recipient: Recipient, errors: list[dict[str, Any]]) -> Outcome:
        statuses = [item.get("StatusCode") for item in errors]
        said = "; ".join(f"{item.get('ErrorCode')} {item.get('ErrorMessage')}" for item in errors)
        reason = answers.clean(said, secret=self._secret)
        if all(status in _LATER for status in statuses):
            return Outcome(recipient.key, State.RETRY, reason)
        if any(isinstance(status, int) and status // 100 == 5 for status in statuses):  # noqa: PLR2004 - 5xx
            return Outcome(recipient.key, State.UNKNOWN, reason)
        to = any(_AT_ADDRESS.search(str(item.get("ErrorRelatedTo"))) for item in errors)
        if reason.startswith(_BAD_ADDRESS) and not to:
            reason = f"the message: {reason}"
        return Outcome(recipient.key, State.REFUSED, reason)

    def _refusal(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        if response.status == 403:  # noqa: PLR2004 - the status is the name
            return self.shared(batch, response)
        reason = answers.field_of(response, "ErrorMessage") or answers.said(response)
        return Split(answers.clean(reason, secret=self._secret), certain=False)


def _of_account(entry: Any) -> bool:  # noqa: ANN401 - any JSON
    """Tell whether a failed message met a wrong key, a sender not allowed, or an account's end."""
    errors = entry.get("Errors") if isinstance(entry, dict) else None
    return isinstance(errors, list) and any(
        isinstance(item, dict) and item.get("StatusCode") in _ACCOUNT for item in errors
    )
