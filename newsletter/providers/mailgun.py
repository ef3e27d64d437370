"""Mailgun: one content for up to 1,000 recipients, filled there with each one's variables.

POST /v3/{domain}/messages as multipart/form-data (documentation.mailgun.com and the vendor's
OpenAPI file, read 2026-11).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar, Final, Literal

import httpx
import orjson
from pydantic import Field

from newsletter.issue.template import Slot, Template
from newsletter.providers import (
    Batch,
    Capabilities,
    Message,
    Outcome,
    Recipient,
    Request,
    Response,
    State,
    answers,
)
from newsletter.providers.asking.mailgun import Mailgun, tag
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.headers import raw_mailbox
from newsletter.providers.http import Split, parts

_REGIONS: Final = {"eu": "https://api.eu.mailgun.net", "us": "https://api.mailgun.net"}
_OPTION_BYTES: Final = 16 * 1024
_PERCENT: Final = "percent"
# What Mailgun would fill in constant text: a variable, the address, its own unsubscribe links.
_THEIRS = re.compile(r"%(?=recipient|unsubscribe|mailing_list|tag_unsubscribe)", re.IGNORECASE)
_ADDRESS_FAULT = re.compile(r"(?<![\w-])to\b['\"`]? parameter", re.IGNORECASE)
_LIMIT: Final = 420
"""How Mailgun tells that a domain has had its share of an hour or day."""
_UNTIL = re.compile(r"try again after (\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} (?:UTC|GMT))")


class Settings(HTTPSettings):
    """What Mailgun can be set to."""

    domain: str = Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", examples=["mg.example.fi"])
    """The sending domain, as it is called at Mailgun."""
    region: Literal["eu", "us"] = "eu"
    """Where the domain lives; the wrong one answers that it does not exist."""
    test_mode: bool = False
    """Mailgun takes everything and delivers nothing."""


class Provider(Mailgun):
    """Mailgun, by its batch sending."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Mailgun",
        batch_size=1000,
        call_bytes=25_000_000,
        own_unsubscribe="yes",
        own_message_id=True,
        tracking="call",
        test_mode="test_mode = true",
        lookup="What its log says it took or rejected: kept from a day to 30 days, by the plan. "
        "Silence proves nothing.",
        notes=(
            "No idempotency: a call whose answer is lost stays unknown until somebody decides.",
            "One answer for a whole call; the delivery's key comes back in webhooks as `key`.",
            "Our own Message-ID per recipient is asked for; not seen on a live account.",
            "Variables are taken to be filled in one pass; not seen on a live account.",
            "The log is asked by its Events API, which Mailgun means to replace some day.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_MAILGUN_KEY"
    reads: ClassVar[frozenset[int]] = frozenset({400, 413, _LIMIT, 422})
    hints: ClassVar[Mapping[int, str]] = {
        404: "check domain and region in [providers.mailgun]: a domain lives in eu or in us",
    }

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__(
            _REGIONS[settings.region], settings, secret=key, auth=httpx.BasicAuth("api", key)
        )
        self._settings: Final = settings
        self._domain = settings.domain

    def requests(self, batch: Batch) -> Iterator[Request]:
        """Write the calls; an address twice in a batch goes into two, since it names variables."""
        for number, recipients in enumerate(_layers(batch.recipients)):
            layer = batch if len(recipients) == len(batch.recipients) else None
            for part in parts(layer or batch.only(recipients, f"d{number}"), 1000):
                yield from self.fitting(part)

    def request(self, batch: Batch) -> Request:
        """Write one call."""
        form = [*_content(batch, _names(batch.message)), *self._options(batch)]
        size = sum(len(f"{name}{text}".encode()) for name, text in form if name[1] == ":")
        if size > _OPTION_BYTES:
            raise self.stop(f"takes 16 KB of headers and options, and these are {size} bytes")
        boundary, body = _multipart(form)
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}/v3/{self._settings.domain}/messages",
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
            body=body,
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: one for all."""
        if response.status in self.reads:
            reason = self.said(response)
            if response.status == _LIMIT and "try again after" in reason:
                return answers.all_of(batch, State.RETRY, reason, self.wait(response))
            if response.status == _LIMIT:
                raise self.stop(f"refused the call: {reason}", status=_LIMIT)
            return self.split(response, _ADDRESS_FAULT)
        # A wrong path is greeted with 200 and these words; nothing was taken.
        if response.body.strip().startswith(b"Mailgun Magnificent API"):
            raise self.stop("does not know this address of its API", status=404)
        if not (name := answers.field_of(response, "id").strip("<>")):
            raise answers.Unreadable("its answer has no id")
        return [Outcome(item.key, State.ACCEPTED, provider_id=name) for item in batch.recipients]

    def wait(self, response: Response) -> timedelta | None:
        """Read Retry-After, or the words of the message."""
        said = self.said(response)
        told = re.search(r"try again after (\d{1,6}) seconds", said)
        until = told or _UNTIL.search(said)
        if response.headers.get("retry-after") or not until:
            return answers.wait(response)
        return answers.wait(
            replace(response, headers={**response.headers, "retry-after": until[1]})
        )

    def _options(self, batch: Batch) -> Iterator[tuple[str, str]]:
        yield from (("o:tracking", "no"), ("o:tracking-clicks", "no"), ("o:tracking-opens", "no"))
        yield "o:tag", tag(batch.mailing)
        # Recipients need not see our metadata.
        yield "o:suppress-headers", "X-Mailgun-Variables"
        if self._settings.test_mode:
            yield "o:testmode", "yes"


def _layers(recipients: Sequence[Recipient]) -> list[tuple[Recipient, ...]]:
    """Deal recipients out so that no address comes twice in a layer; usually there is one."""
    layers: list[dict[str, Recipient]] = []
    for recipient in recipients:
        name = recipient.address.casefold()
        layer = next((layer for layer in layers if name not in layer), None)
        if layer is None:
            layers.append(layer := {})
        layer[name] = recipient
    return [tuple(layer.values()) for layer in layers]


def _names(message: Message) -> dict[Slot, str]:
    """Name a variable for each different slot: the same field is escaped in different ways."""
    edition = message.edition
    templates = (edition.subject, edition.html, edition.text, *message.headers.values())
    slots = dict.fromkeys(slot for template in templates for slot in template.slots)
    return {slot: f"s{number}" for number, slot in enumerate(slots)}


def _content(batch: Batch, names: Mapping[Slot, str]) -> Iterator[tuple[str, str]]:
    message = batch.message

    def write(template: Template) -> str:
        return template.write(lambda slot: f"%recipient.{names[slot]}%", _guarded)

    yield "from", raw_mailbox(message.sender_name, message.sender_address)
    yield from (("to", recipient.address) for recipient in batch.recipients)
    yield "subject", write(message.edition.subject)
    yield "text", write(message.edition.text)
    yield "html", write(message.edition.html)
    yield "h:Message-Id", f"<%recipient.message_id%@{_host(batch)}>"
    if message.reply_to:
        yield "h:Reply-To", message.reply_to
    yield from ((f"h:{name}", write(template)) for name, template in message.headers.items())
    yield "v:key", "%recipient.key%"
    variables = {
        recipient.address: {name: slot.value(recipient.values) for slot, name in names.items()}
        | {
            "key": recipient.key,
            "message_id": recipient.message_id.rpartition("@")[0],
            _PERCENT: "%",
        }
        for recipient in batch.recipients
    }
    yield "recipient-variables", orjson.dumps(variables).decode()


def _host(batch: Batch) -> str:
    """Give the domain of the message ids.

    It stands outside the variable: what Mailgun sees before it fills is a message id already.
    """
    hosts = {recipient.message_id.rpartition("@")[2] for recipient in batch.recipients}
    if len(hosts) != 1:
        raise ValueError(f"message ids of one batch are on several domains: {sorted(hosts)}")
    return hosts.pop()


def _guarded(text: str) -> str:
    return _THEIRS.sub(f"%recipient.{_PERCENT}%", text)


def _multipart(form: Sequence[tuple[str, str]]) -> tuple[str, bytes]:
    """Write a form (RFC 7578); the same form always gives the same bytes."""
    values = [(name.encode("ascii"), text.encode()) for name, text in form]
    digest = hashlib.sha256()
    for name, text in values:
        digest.update(name + b"\0" + text + b"\0")
    boundary = digest.hexdigest()  # no text holds its own SHA-256
    pieces = []
    for name, text in values:
        pieces.append(b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
                      % (boundary.encode(), name, text))  # fmt: skip
    return boundary, b"".join([*pieces, b"--%b--\r\n" % boundary.encode()])
