"""Amazon SES v2: one whole mail a call, exactly as it was built here.

POST /v2/email/outbound-emails (SendEmail) with `Content.Raw`: the API's own model in botocore
1.44.5, and docs.aws.amazon.com/ses, read 2026-11. Fifty a call, filled there: `ses_bulk`, which
builds upon this one.
"""

import base64
import importlib
import re
from collections.abc import Generator, Mapping
from typing import Any, ClassVar, Final

import httpx
import orjson
from pydantic import Field

from newsletter.errors import InputError
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
from newsletter.providers.answers import Reading
from newsletter.providers.asking.ses import SES, fault, limited
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

PATH: Final = "/v2/email/outbound-emails"
_OFF: Final = "DISABLED"
_LIMITED: Final = 429
ADDRESS_FAULT: Final = re.compile(
    r"illegal address|invalid (to |recipient )?(email )?address|domain (contains|starts)|"
    r"local address|missing (final|start)",
    re.IGNORECASE,
)
"""How Amazon says that an address is at fault."""


class Settings(HTTPSettings):
    """What Amazon SES can be set to."""

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", examples=["eu-north-1"])
    """Where the sending domain is verified: eu-north-1, eu-west-1, …"""
    key_id: str = Field(pattern=r"^[A-Za-z0-9_]{16,128}$", examples=["AKIA0123456789ABCDEF"])
    """The access key's id, AKIA…; its secret is in the environment."""
    configuration_set: str = Field(
        default="", pattern=r"^[A-Za-z0-9_-]{0,64}$", examples=["newsletter"]
    )
    """Without one, SES tells of no bounces by SNS."""


def hints(name: str, rights: str) -> dict[int, str]:
    """Say what to do about a status, for the driver of this name whose key needs these rights."""
    return {
        403: f"check key_id in [providers.{name}], NEWSLETTER_{name.upper()}_KEY and its right to "
        f"{rights}, for its list also to ses:ListSuppressedDestinations; and that this machine's "
        "clock is right",
        404: f"check configuration_set and region in [providers.{name}]",
        429: "the day's quota is used up: wait, or ask Amazon for a higher one",
    }


class Provider(SES):
    """Amazon SES, by SendEmail."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Amazon SES",
        batch_size=1,
        call_bytes=40_000_000,
        own_unsubscribe="yes",
        tracking="call",
        inline_images=True,
        notes=(
            "No idempotency: a mail whose answer is lost stays unknown until somebody decides.",
            "SES gives its own Message-ID; the delivery's key comes back in events as a tag.",
            "It cannot be asked of single mails: newsletter reconcile goes by its events alone.",
            "A rate of 14 mails a second is common: set [providers.ses.pace] to your account's.",
            "Signing needs botocore: pip install 'newsletter-desk[ses]'.",
            "Not seen on a live account.",
        ),
    )
    key_variable: ClassVar[str] = "NEWSLETTER_SES_KEY"
    hints: ClassVar[Mapping[int, str]] = hints("ses", "ses:SendEmail and ses:SendRawEmail")

    def __init__(self, settings: Settings, secret: str) -> None:
        super().__init__(
            f"https://email.{settings.region}.amazonaws.com",
            settings,
            secret=secret,
            auth=_Signer(settings.key_id, secret, settings.region),
        )
        self._settings: Final = settings

    def request(self, batch: Batch) -> Request:
        """Write one call: one mail."""
        (recipient,) = batch.recipients
        raw = mime.build(batch.message, recipient, batch.date)
        body = {
            "FromEmailAddress": batch.message.sender_address,
            "Destination": {"ToAddresses": [recipient.address]},
            "Content": {"Raw": {"Data": base64.b64encode(raw).decode()}},
            "EmailTags": tags(batch, recipient),
        }
        return self.posted(batch, PATH, body)

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: the one mail's id, or a named refusal."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self.refusal(batch, response)
        if not (name := answers.field_of(response, "MessageId")):
            raise answers.Unreadable("its answer has no MessageId")
        return [Outcome(item.key, State.ACCEPTED, provider_id=name) for item in batch.recipients]

    def posted(self, batch: Batch, path: str, body: dict[str, Any]) -> Request:
        """Write a call with what every call says: no tracking, and the configuration set."""
        off = {"OpenTrackingEnabled": _OFF, "ClickTrackingEnabled": _OFF}
        body["ConfigurationOverrides"] = {"Tracking": off}
        if self._settings.configuration_set:
            body["ConfigurationSetName"] = self._settings.configuration_set
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}{path}",
            headers={"Content-Type": "application/json"},
            body=orjson.dumps(body),
        )

    def refusal(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read a refusal: only a bad request may be one recipient's; an account's has its name."""
        if self.reading(response) is Reading.RETRY:
            return self.shared(batch, response)
        name = fault(response)
        if name in ("", "BadRequestException") or response.status in (413, 422):
            return self.split(response, ADDRESS_FAULT)
        status = _LIMITED if limited(response) else response.status
        raise self.stop(f"refused the call: {name} {self.said(response)}", status=status)


def tags(batch: Batch, recipient: Recipient) -> list[dict[str, str]]:
    """Mark a mail with its mailing and its delivery's key, which come back in events."""
    mailing = re.sub(r"[^A-Za-z0-9_-]+", "-", batch.mailing)[:256] or "-"
    return [
        {"Name": "mailing", "Value": mailing},
        {"Name": "delivery", "Value": recipient.key},
    ]


class _Signer(httpx.Auth):
    """Signs each call as it leaves (AWS Signature Version 4), by botocore."""

    requires_request_body = True

    def __init__(self, key_id: str, secret: str, region: str) -> None:
        try:
            self._auth: Final = importlib.import_module("botocore.auth")
            self._request: Final = importlib.import_module("botocore.awsrequest").AWSRequest
            credentials = importlib.import_module("botocore.credentials").Credentials
        except ModuleNotFoundError as error:
            raise InputError(
                "Amazon SES needs the package botocore",
                hint="install it: pip install 'newsletter-desk[ses]'",
            ) from error
        self._credentials: Final = credentials(key_id, secret)
        self._region: Final = region

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the signature, which covers host, path, time, type and body."""
        headers = {name: request.headers[name] for name in ("Host", "Content-Type")
                   if name in request.headers}  # fmt: skip
        whole, query = str(request.url.copy_with(query=None)), dict(request.url.params)
        signed = self._request(request.method, whole, headers, request.content, params=query)
        self._auth.SigV4Auth(self._credentials, "ses", self._region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request
