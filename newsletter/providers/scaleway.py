"""Scaleway Transactional Email: one mail a call.

POST …/emails (the vendor's OpenAPI file, read 2026-11).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

import orjson
from pydantic import Field

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
from newsletter.providers.asking.scaleway import Scaleway
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

_GONE: Final = ("failed", "canceled")
_KEY_FIELD: Final = "X-Newsletter-Key"
"""The vendor keeps no metadata."""


class Settings(HTTPSettings):
    """What Scaleway can be set to."""

    project_id: str = Field(
        pattern=r"^[0-9a-fA-F-]{36}$", examples=["01234567-89ab-cdef-0123-456789abcdef"]
    )
    """The project that the sending domain belongs to."""
    region: Literal["fr-par"] = "fr-par"
    """Where the mails are handled."""


class Provider(Scaleway):
    """Scaleway, by its endpoint for one mail."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Scaleway Transactional Email",
        batch_size=1,
        own_unsubscribe="yes",
        tracking="none",
        least_characters=10,
        notes=(
            "Scaleway means this service for transactional mail: read its terms first.",
            "A subject, and each body, needs at least 10 characters beside its personal fields.",
            "Its list of mails has no key of ours: newsletter reconcile cannot ask it.",
            "It tracks neither opens nor clicks.",
            f"The delivery's key travels in the header field {_KEY_FIELD}.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_SCALEWAY_KEY"
    hints: ClassVar[Mapping[int, str]] = {
        403: "check the rights of the key, project_id and the quota of the project at Scaleway"
    }

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            "https://api.scaleway.com", settings, secret=key, headers={"X-Auth-Token": key}
        )
        self._project = settings.project_id
        self._place = f"/transactional-email/v1alpha1/regions/{settings.region}"

    def request(self, batch: Batch) -> Request:
        """Write one call: one mail."""
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}{self._place}/emails",
            headers=whole.JSON,
            body=orjson.dumps({"project_id": self._project, **_mail(batch)}),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: an entry per address."""
        data = answers.json_of(response)
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return Split(self.said(response), certain=_names_recipient(data))
        entries = data.get("emails") if isinstance(data, dict) else None
        if not isinstance(entries, list):
            raise answers.Unreadable("its answer is no list of mails")
        by_address = {
            str(item.get("mail_rcpt") or item.get("rcpt_to")).casefold(): item
            for item in entries
            if isinstance(item, dict)
        }
        pairs = [(item.key, by_address.get(item.address.casefold())) for item in batch.recipients]
        return [self._outcome(key, entry) for key, entry in pairs if entry]

    def _outcome(self, key: str, entry: Mapping[str, Any]) -> Outcome:
        if entry.get("status") in _GONE:
            said = f"{entry.get('status')}: {entry.get('status_details') or 'no reason given'}"
            reason = answers.clean(said, secret=self._secret)
            if answers.of_account(said):
                return Outcome(key, State.RETRY, reason)
            return Outcome(key, State.REFUSED, reason, unclear=True)
        name = entry.get("id")
        if not isinstance(name, str) or not name:
            return Outcome(key, State.UNKNOWN, "its answer has no id")
        return Outcome(key, State.ACCEPTED, provider_id=name)


def _mail(batch: Batch) -> dict[str, Any]:
    (recipient,) = batch.recipients
    message = batch.message
    filled = whole.fill(message, recipient)
    fields = {**filled.headers, _KEY_FIELD: recipient.key}
    if message.reply_to:
        fields["Reply-To"] = message.reply_to
    return {
        "from": {"email": message.sender_address, "name": message.sender_name},
        "to": [{"email": recipient.address}],
        "subject": filled.subject,
        "text": filled.text,
        "html": filled.html,
        "additional_headers": [{"key": name, "value": text} for name, text in fields.items()],
    }


def _names_recipient(data: Any) -> bool:  # noqa: ANN401 - any JSON
    """Tell whether a refusal is about the address that the mail is to."""
    details = data.get("details") if isinstance(data, dict) else None
    names = [
        str(item.get("argument_name", "")) for item in details or [] if isinstance(item, dict)
    ] if isinstance(details, list) else []  # fmt: skip
    return bool(names) and all(name == "to" or name.startswith(("to.", "to[")) for name in names)
