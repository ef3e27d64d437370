"""Postal, on a server of your own: one whole mail a call, exactly as it was built here.

POST /api/v1/send/raw (app/controllers/legacy_api of postalserver/postal, read 2026-11). It always
answers 200; `status` in the body says what became of the call.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Final

import orjson
from pydantic import Field

from newsletter.issue.template import Template
from newsletter.providers import (
    Batch,
    Capabilities,
    Outcome,
    Recipient,
    Request,
    Response,
    State,
    answers,
    mime,
)
from newsletter.providers.asking import Asked
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split
from newsletter.providers.lookup import Wait

PATH: Final = "/api/v1/send/raw"
_KEY_FAULT: Final = frozenset({"AccessDenied", "InvalidServerAPIKey", "ServerSuspended"})


class Settings(HTTPSettings):
    """What Postal can be set to."""

    host: str = Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", examples=["postal.example.fi"])
    """The server's web address, without https://: postal.example.fi."""


class Provider(Asked):
    """Postal, by its raw API."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Postal",
        batch_size=1,
        own_unsubscribe="yes",
        own_message_id=True,
        region="a server of your own",
        inline_images=True,
        notes=(
            "No idempotency: a mail whose answer is lost stays unknown until somebody decides.",
            "Click and open tracking is set per domain at Postal: keep both off.",
            "The delivery's key travels as the header X-Postal-Tag and comes back as the tag.",
            "Whether DKIM covers List-Unsubscribe depends on Postal's version: see its issue 2788.",
            "It cannot be asked by our key, and has no call that lists whom it keeps back.",
            "Not seen on a live server.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_POSTAL_KEY"
    hints: ClassVar[Mapping[int, str]] = {404: "check host in [providers.postal]"}

    def __init__(self, settings: Settings, key: str) -> None:
        address = f"https://{settings.host}"
        super().__init__(address, settings, secret=key, headers={"X-Server-API-Key": key})

    def request(self, batch: Batch) -> Request:
        """Write one call: one mail."""
        (recipient,) = batch.recipients
        body = {
            "mail_from": batch.message.sender_address,
            "rcpt_to": [recipient.address],
            "data": base64.b64encode(_raw(batch, recipient)).decode(),
        }
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}{PATH}",
            headers={"Content-Type": "application/json"},
            body=orjson.dumps(body),
        )

    def probe(self, wait: Wait) -> str:
        """Ask for a mail that there is not: POST /api/v1/messages/message."""
        response = self.ask("/api/v1/messages/message", {}, wait, posted=b'{"id":0}')
        try:
            data = answers.json_of(response)["data"]
            code = str(data.get("code"))
        except (answers.Unreadable, LookupError, TypeError, AttributeError) as error:
            raise self.strange() from error
        if code in _KEY_FAULT:
            raise self.stop(f"could not be asked: {code}", status=401)
        return "Postal knows the key"

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: an id per address, or a named refusal."""
        if response.status in self.reads:
            return Split(self.said(response), certain=False)
        answer = answers.json_of(response)
        status = answer.get("status") if isinstance(answer, dict) else None
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict):
            raise answers.Unreadable("its answer has no data")
        if status in ("error", "parameter-error"):
            reason = f"{data.get('code') or status} {data.get('message') or ''}"
            code = 401 if data.get("code") in _KEY_FAULT else 0
            clean = answers.clean(reason, secret=self._secret)
            raise self.stop(f"refused the call: {clean}", status=code)
        mails = data.get("messages")
        if status != "success" or not isinstance(mails, dict):
            raise answers.Unreadable("its answer names no messages")
        found = {str(address).casefold(): mail for address, mail in mails.items()}
        return [
            Outcome(item.key, State.ACCEPTED, provider_id=str(mail["id"]))
            for item in batch.recipients
            if isinstance(mail := found.get(item.address.casefold()), dict) and mail.get("id")
        ]


def _raw(batch: Batch, recipient: Recipient) -> bytes:
    """Build the mail with our key in it: Postal gives back a tag, and nothing else of ours."""
    tag = Template((re.sub(r"[^A-Za-z0-9_-]", "-", recipient.key),))
    message = replace(batch.message, headers={**batch.message.headers, "X-Postal-Tag": tag})
    return mime.build(message, recipient, batch.date)
