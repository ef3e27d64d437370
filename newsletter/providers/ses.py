"""Amazon SES v2: one whole mail a call, exactly as it was built here.

POST /v2/email/outbound-emails (SendEmail) with `Content.Raw`: the API's own model in botocore
1.44.5, and docs.aws.amazon.com/ses, read 2026-11. SendBulkEmail would carry 50 a call, but fills
`{{x}}` by rules that are not written down, and takes a mail that it cannot fill without a word.
"""

import base64
import importlib
import re
from collections.abc import Generator, Mapping
from typing import ClassVar, Final

import httpx
import orjson
from pydantic import Field

from newsletter.errors import InputError
from newsletter.providers import (
    Batch,
    Capabilities,
    Outcome,
    Request,
    Response,
    State,
    answers,
    mime,
)
from newsletter.providers.asking.ses import SES
from newsletter.providers.choices import HTTPSettings
from newsletter.providers.http import Split

PATH: Final = "/v2/email/outbound-emails"
_OFF: Final = "DISABLED"
_ADDRESS_FAULT = re.compile(r"illegal address|invalid (to )?address|domain (contains|starts)|"
                            r"local address|missing (final|start)", re.IGNORECASE)  # fmt: skip
_QUOTA: Final = re.compile(r"daily|quota", re.IGNORECASE)


class Settings(HTTPSettings):
    """What Amazon SES can be set to."""

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    """Where the sending domain is verified: eu-north-1, eu-west-1, …"""
    key_id: str = Field(pattern=r"^[A-Za-z0-9_]{16,128}$")
    """The access key's id, AKIA…; its secret is NEWSLETTER_SES_KEY."""
    configuration_set: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    """Without one, SES tells of no bounces by SNS."""


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
    reads: ClassVar[frozenset[int]] = frozenset({400, 413, 422, 429})
    hints: ClassVar[Mapping[int, str]] = {
        403: "check key_id in [providers.ses], NEWSLETTER_SES_KEY and its right to ses:SendEmail "
        "and ses:SendRawEmail, for its list also to ses:ListSuppressedDestinations; and that this "
        "machine's clock is right",
        404: "check configuration_set and region in [providers.ses]",
        429: "the day's quota is used up: wait, or ask Amazon for a higher one",
    }

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
        tag = re.sub(r"[^A-Za-z0-9_-]+", "-", batch.mailing)[:256] or "-"
        body = {
            "FromEmailAddress": batch.message.sender_address,
            "Destination": {"ToAddresses": [recipient.address]},
            "Content": {"Raw": {"Data": base64.b64encode(raw).decode()}},
            "EmailTags": [
                {"Name": "mailing", "Value": tag},
                {"Name": "delivery", "Value": recipient.key},
            ],
            "ConfigurationOverrides": {
                "Tracking": {"OpenTrackingEnabled": _OFF, "ClickTrackingEnabled": _OFF}
            },
        }
        if self._settings.configuration_set:
            body["ConfigurationSetName"] = self._settings.configuration_set
        return Request(
            batch=batch,
            method="POST",
            url=f"{self.base_url}{PATH}",
            headers={"Content-Type": "application/json"},
            body=orjson.dumps(body),
        )

    def outcomes(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Read an answer: the one mail's id, or a named refusal."""
        if response.status // 100 != 2:  # noqa: PLR2004 - 2xx
            return self._refusal(batch, response)
        if not (name := answers.field_of(response, "MessageId")):
            raise answers.Unreadable("its answer has no MessageId")
        return [Outcome(item.key, State.ACCEPTED, provider_id=name) for item in batch.recipients]

    def _refusal(self, batch: Batch, response: Response) -> list[Outcome] | Split:
        """Only a bad request may be one recipient's; the account's faults have names of their own.

        The name is the header's part before a colon: "BadRequestException:http://…".
        """
        reason = self.said(response)
        name = response.headers.get("x-amzn-errortype", "").partition(":")[0]
        if response.status == 429 and not _QUOTA.search(reason):  # noqa: PLR2004 - the status is the name
            return self.shared(batch, response)
        if name == "BadRequestException" or response.status in (413, 422):
            return Split(reason, certain=bool(_ADDRESS_FAULT.search(reason)))
        raise self.stop(f"refused the call: {name} {reason}", status=response.status)


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
                "provider 'ses' needs the package botocore",
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
