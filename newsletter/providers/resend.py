"""Resend: up to 100 whole messages a call, all or none, each call safe to repeat for a day.

POST /emails/batch (resend.com/docs and the vendor's OpenAPI file, read 2026-11).
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Final, Self

import orjson

from newsletter.errors import ProviderError
from newsletter.issue.template import Slot, Template
from newsletter.providers import (
    Batch,
    Capabilities,
    Message,
    Outcome,
    Pace,
    Recipient,
    Request,
    Response,
    State,
    answers,
)
from newsletter.providers.body import Body, Form
from newsletter.providers.choices import HTTPSettings, read, read_key
from newsletter.providers.headers import raw_mailbox
from newsletter.providers.http import HTTPProvider, Split
from newsletter.providers.lookup import Sought, Wait

_LONGEST_KEY: Final = 256
_ADDRESS_FAULT = re.compile(r"`?\bto\b`? (field|address)|recipient|email address", re.IGNORECASE)
_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
_BETWEEN: Final = timedelta(milliseconds=600)
"""Between two questions: a team has two calls a second, and a mailing may be under way."""
_QUOTAS: Final = ("daily_quota_exceeded", "monthly_quota_exceeded")


class Settings(HTTPSettings):
    """What Resend can be set to."""


class Provider(HTTPProvider):
    """Resend, by its batch endpoint."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Resend",
        batch_size=100,
        own_unsubscribe="yes",
        idempotency=timedelta(hours=24),
        pace=Pace(per_second=200),  # two calls a second, for a whole team
        lookup="The list of what it took, newest first: kept from a day on, by the plan. A list of "
        "many thousands takes long. Silence proves nothing.",
        notes=(
            "Open and click tracking is set per domain at Resend: keep both off.",
            "Resend makes the Message-ID; its own id of each mail is kept.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_RESEND_KEY"
    reads: ClassVar[frozenset[int]] = frozenset({400, 409, 413, 422, 429})
    hints: ClassVar[Mapping[int, str]] = {
        451: "Resend found a matter of security; look into its dashboard",
        429: "wait for the next day or month, or change the plan",
    }

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            "https://api.resend.com",
            settings,
            secret=key,
            headers={"Authorization": f"Bearer {key}"},
        )

    @classmethod
    def create(
        cls, settings: Mapping[str, Any], *, environment: Mapping[str, str], outbox: str
    ) -> Self:
        """Make the provider; raises InputError for a wrong setting or a missing key."""
        del outbox
        chosen = read(Settings, settings, provider="resend")
        return cls(chosen, read_key(environment, cls.key_variable, provider="resend"))

    def request(self, batch: Batch) -> Request:
        """Write one call: an array of messages that are filled here."""
        if not re.fullmatch(r"[\x21-\x7e]+", batch.key) or len(batch.key) > _LONGEST_KEY:
            raise ValueError(f"no idempotency key of 1 to {_LONGEST_KEY} characters: {batch.key!r}")
        form = Form(_compile(batch.message, batch.mailing))
        values = [_values(form, recipient) for recipient in batch.recipients]
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/emails/batch",
            headers={"Content-Type": "application/json", "Idempotency-Key": batch.key},
            body=Body(form, values, before=b"[", between=b",", after=b"]"),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: one id per message, in order."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self._refusal(batch, response)
        data = answers.json_of(response)
        ids = data.get("data") if isinstance(data, dict) else None
        # Ids stand by their order alone: with one too few, nobody knows whose is missing.
        if not isinstance(ids, list) or len(ids) != len(batch.recipients):
            raise answers.Unreadable("its answer is no list of as many ids")
        return [
            Outcome(recipient.key, State.ACCEPTED, provider_id=item["id"])
            for recipient, item in zip(batch.recipients, ids, strict=True)
            if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"]
        ]

    def look_up(
        self,
        mailing: str,
        sought: Sequence[Sought],
        *,
        since: datetime,
        until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:
        """Read the account's list back to that time: GET /emails.

        It names addresses and no keys of ours, so that each mail that may be one is read, and must
        hold that person's own link: GET /emails/{id}.
        """
        del mailing
        open_ = {mail.address.casefold(): mail for mail in sought}
        after = ""
        while open_:
            parameters = {"limit": "100"} | ({"after": after} if after else {})
            listed = self._read("/emails", parameters, wait)
            page = listed.get("data")
            if not isinstance(page, list):
                raise self.stop("answers about its mails in an unknown way")
            if not page:
                return
            for item in page:
                if (when := _created(item)) and since <= when <= until:
                    yield self._compared(item, open_, wait)
            oldest = _created(page[-1])
            if listed.get("has_more") is not True or oldest is None or oldest < since:
                return
            after = str(page[-1].get("id"))

    def probe(self, wait: Wait) -> str:
        """Ask for one mail of the list; a key that may only send says so, and so is right."""
        try:
            self._read("/emails", {"limit": "1"}, wait)
        except ProviderError as error:
            if "restricted to only send" in error.message:
                return "Resend knows the key, which may only send: newsletter reconcile cannot ask"
            raise
        return "Resend knows the key"

    def _compared(
        self, item: Mapping[str, Any], open_: dict[str, Sought], wait: Wait
    ) -> list[Outcome]:
        """Look into one mail, if it went to somebody sought."""
        to, name = item.get("to"), item.get("id")
        address = to[0].casefold() if isinstance(to, list) and len(to) == 1 else ""
        mail = open_.get(address)
        if mail is None or not isinstance(name, str) or not _ID.fullmatch(name):
            return []
        read = self._read(f"/emails/{name}", {}, wait)
        if mail.link not in f"{read.get('text')}\n{read.get('html')}":
            return []
        del open_[address]
        return [Outcome(mail.key, State.ACCEPTED, provider_id=name)]

    def _read(self, path: str, parameters: Mapping[str, str], wait: Wait) -> dict[str, Any]:
        wait(_BETWEEN)
        try:
            data = answers.json_of(self.ask(path, parameters, wait))
        except answers.Unreadable as error:
            raise self.stop("answers about its mails in an unknown way") from error
        if not isinstance(data, dict):
            raise self.stop("answers about its mails in an unknown way")
        return data

    def _refusal(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        reason, name = self.said(response), answers.field_of(response, "name")
        if response.status == 409:  # noqa: PLR2004 - the status is the name
            # The key was used already: for other bytes, or for a call that is still under way.
            return answers.all_of(batch, State.UNKNOWN, reason, self.wait(response))
        if name in _QUOTAS or name == "invalid_idempotency_key":
            raise self.stop(f"refused the call: {reason}", status=response.status)
        if response.status == 429:  # noqa: PLR2004 - the status is the name
            return self.shared(batch, response)
        return Split(reason, certain=bool(_ADDRESS_FAULT.search(reason)))


def _created(item: Any) -> datetime | None:  # noqa: ANN401 - any JSON
    """Read when Resend took a mail; None where it does not say."""
    try:
        found = datetime.fromisoformat(item["created_at"])
    except (LookupError, TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class _Own(Enum):
    ADDRESS = "address"
    KEY = "key"


Piece = bytes | Slot | _Own


def _compile(message: Message, mailing: str) -> list[Piece]:
    """Write the JSON of one message once, with the places that differ left open."""
    edition = message.edition
    constant: dict[str, Any] = {"from": raw_mailbox(message.sender_name, message.sender_address)}
    if message.reply_to:
        constant["reply_to"] = message.reply_to
    tag = re.sub(r"[^A-Za-z0-9_-]+", "-", mailing)[:256] or "-"
    headers: list[Piece] = []
    for name, template in message.headers.items():
        headers += [b",%b:" % orjson.dumps(name) if headers else orjson.dumps(name) + b":"]
        headers += _text(template)
    return [
        orjson.dumps(constant)[:-1] + b',"to":["', _Own.ADDRESS,
        b'"],"subject":', *_text(edition.subject),
        b',"html":', *_text(edition.html),
        b',"text":', *_text(edition.text),
        b',"headers":{', *headers,
        b'},"tags":[{"name":"mailing","value":%b},{"name":"delivery","value":"'
        % orjson.dumps(tag),
        _Own.KEY, b'"}]}',
    ]  # fmt: skip


def _text(template: Template) -> list[Piece]:
    """Write a template as a JSON string with its slots left open."""
    inner = [_escaped(part) if isinstance(part, str) else part for part in template]
    return [b'"', *inner, b'"']


def _values(form: Form, recipient: Recipient) -> dict[Hashable, bytes]:
    """Write what stands in the open places for one recipient, each once."""
    own = {_Own.ADDRESS: recipient.address, _Own.KEY: recipient.key}
    return {
        place: _escaped(own[place] if isinstance(place, _Own) else place.value(recipient.values))
        for place in form.places
        if isinstance(place, (_Own, Slot))
    }


def _escaped(text: str) -> bytes:
    """Write text as it stands inside a JSON string."""
    return orjson.dumps(text)[1:-1]
