"""Amazon SES v2, as its model and its pages tell it."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.rawmail import read_mail
from newsletter.testing.vendors.base import (
    KEY,
    MEBIBYTE,
    Call,
    Kept,
    Logged,
    Refusal,
    Reply,
    Vendor,
    from_json,
    parameters,
    path_of,
    to_json,
)

KEY_ID = "AKIALOOPBACKONLY0000"
REGION = "eu-north-1"


class Model(RequestSchema):
    """One operation of a botocore model; it names unknown fields, too."""

    def __init__(self, file: Path, operation: str) -> None:
        model = import_module("botocore.model").ServiceModel(json.loads(file.read_bytes()))
        self._shape = model.operation_model(operation).input_shape
        self._check = import_module("botocore.validate").ParamValidator()

    def faults(self, value: Any) -> list[str]:  # noqa: ANN401 - any JSON
        """List what is wrong with a call's parameters."""
        found = self._check.validate(value, self._shape)
        return [found.generate_report()] if found.has_errors() else []


class Ses(Vendor):
    """POST /v2/email/outbound-emails: one whole mail in base64."""

    name = "ses"
    settings: ClassVar = {"region": REGION, "key_id": KEY_ID}
    spec = "amazon-ses/sesv2-2019-09-27-service-2.json"
    most_bytes: ClassVar[int] = 40 * MEBIBYTE
    fields: ClassVar = {
        "FromEmailAddress", "Destination", "Content", "EmailTags", "ConfigurationOverrides",
        "ConfigurationSetName",
    }  # fmt: skip

    def _schema(self, spec: Path) -> RequestSchema:
        return Model(spec, "SendEmail")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one mail."""
        if call.path != "/v2/email/outbound-emails":
            raise Refusal(404, {"message": "Unable to determine service/operation name"})
        self._door(call)
        body = from_json(call.body)
        if set(body) - self.fields:
            raise refusal(400, "BadRequestException", f"unknown fields: {sorted(body)}")
        if faults := self._spec_faults(body):
            raise refusal(400, "BadRequestException", "; ".join(faults))
        (address,) = body["Destination"]["ToAddresses"]
        if not self._valid(address):
            raise refusal(400, "BadRequestException", "Illegal address")
        raw = base64.b64decode(body["Content"]["Raw"]["Data"], validate=True)
        tags = {tag["Name"]: tag["Value"] for tag in body["EmailTags"]}
        for text in [*tags, *tags.values()]:
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", text):
                raise refusal(400, "BadRequestException", f"invalid tag {text!r}")
        mail = read_mail(
            raw, key=tags["delivery"], provider_id=f"ses-{number}", tag=tags["mailing"]
        )
        if mail.address != address or len(raw) > self.most_bytes:
            raise refusal(400, "MessageRejected", "To and destination differ, or too large")
        return [mail]

    def _door(self, call: Call) -> None:
        if call.headers.get("authorization") != _signature(call, self._key()):
            raise refusal(403, "SignatureDoesNotMatch", "The request signature does not match")

    def _key(self) -> str:
        return KEY

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the id, if there is one."""
        return Reply(200, to_json({"MessageId": mails[0].provider_id} if mails else {}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Give the account, or a page of its list; of mails it tells nothing."""
        path = path_of(call)
        self._door(call)
        if path == "/v2/email/account":
            return self._answer({"SendingEnabled": True}, {})
        if path != "/v2/email/suppression/addresses":
            raise Refusal(404, {"message": f"{len(mails)} mails, and no way to ask: {path}"})
        query = parameters(call, "PageSize", "NextToken")
        start = int(query.get("NextToken", "+/=0").removeprefix("+/="))
        end = start + min(int(query["PageSize"]), self.page)
        rows = [_entry(item) for item in self.kept if item.why != "unsubscribed"]
        after = {"NextToken": f"+/={end}"} if end < len(rows) else {}
        return self._answer({"SuppressedDestinationSummaries": rows[start:end], **after}, {})


def _entry(item: Kept) -> dict[str, object]:
    return {
        "EmailAddress": item.address,
        "Reason": "COMPLAINT" if item.why == "complained" else "BOUNCE",
        "LastUpdateTime": item.at.timestamp(),
    }


def refusal(status: int, name: str, message: str) -> Refusal:
    refusal = Refusal(status, {"message": message})
    headers: Mapping[str, str] = {"x-amzn-ErrorType": f"{name}:http://internal.amazon.com/"}
    refusal.reply = Reply(status, refusal.reply.body, headers)
    return refusal


def _signature(call: Call, key: str) -> str:
    """Sign a call as AWS documents it (Signature Version 4), from what came in."""
    when = call.headers.get("x-amz-date", "")
    scope = f"{when[:8]}/{REGION}/ses/aws4_request"
    names = [name for name in ("content-type", "host", "x-amz-date") if name in call.headers]
    pairs = sorted(parse_qsl(urlsplit(call.path).query))
    query = "&".join(f"{quote(name, '-_.~')}={quote(text, '-_.~')}" for name, text in pairs)
    lines = [call.method, path_of(call), query,
             *(f"{name}:{call.headers.get(name, '')}" for name in names), "",
             ";".join(names), hashlib.sha256(call.body).hexdigest()]  # fmt: skip
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    secret = f"AWS4{key}".encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{when}\n{scope}\n{digest}"
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    return (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders={';'.join(names)}, "
        f"Signature={signature}"
    )
