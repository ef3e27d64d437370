"""Amazon SES v2 in bulk, as its model and its pages tell it; its templates as Handlebars has them.

Stricter than SES in one thing: an entry without a value for each variable is refused with the whole
call. SES takes it, and drops the mail.
"""

import json
import re
from collections.abc import Mapping, Sequence
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any, ClassVar

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import KEY, Call, Refusal, Reply, from_json, to_json
from newsletter.testing.vendors.ses import Model, Ses, refusal

_MOST = 50
_FIELDS = 15
_DATA = 262_144
_NAME = re.compile(r"[!-9;-@A-~]{1,126}")
_VALUE = re.compile(r"[ -~]{1,995}")
# A brace more on either side opens or closes another kind of place, which fits to no end of this.
_PLACE = re.compile(r"(\\)?(?<!\{)\{\{\s*([A-Za-z_]\w*)\s*\}\}(?!\})")


class SesBulk(Ses):
    """POST /v2/email/outbound-bulk-emails: one content, `{{x}}` filled per entry."""

    name = "ses_bulk"
    most_bytes: ClassVar[int] = 1_000_000
    fields: ClassVar = {
        "FromEmailAddress", "ReplyToAddresses", "DefaultContent", "BulkEmailEntries",
        "ConfigurationOverrides", "ConfigurationSetName",
    }  # fmt: skip

    def __init__(self, spec: Path | None = None) -> None:
        super().__init__(spec)
        self._asked: list[bool] = []
        """Whether each entry of the last call was taken."""

    def _schema(self, spec: Path) -> RequestSchema:
        return Model(spec, "SendBulkEmail")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one content for many; those of bad addresses are told in the answer."""
        if call.path != "/v2/email/outbound-bulk-emails":
            raise Refusal(404, {"message": "Unable to determine service/operation name"})
        self._door(call)
        body = from_json(call.body)
        if faults := self._faults(call, body):
            raise refusal(400, "BadRequestException", "; ".join(faults))
        entries = body["BulkEmailEntries"]
        mails = [_message(body, entry, f"bulk-{number}-{at}") for at, entry in enumerate(entries)]
        self._asked = [self._valid(mail.address) for mail in mails]
        return [mail for mail, good in zip(mails, self._asked, strict=True) if good]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give a result per entry, in order."""
        ids = [mail.provider_id for mail in mails]
        bad = {"Status": "INVALID_PARAMETER", "Error": "Illegal address"}
        results = [
            {"Status": "SUCCESS", "MessageId": ids.pop(0)} if good else bad
            for good in self._asked
            if ids or not good
        ]
        return Reply(200, to_json({"BulkEmailEntryResults": results}))

    def _key(self) -> str:
        return KEY

    def _faults(self, call: Call, body: dict[str, Any]) -> list[str]:
        if unknown := sorted(set(body) - self.fields):
            return [f"unknown fields: {unknown}"]
        if faults := self._spec_faults(body):
            return faults
        entries = body["BulkEmailEntries"]
        faults = [] if 1 <= len(entries) <= _MOST else ["1 to 50 entries"]
        faults += [] if len(call.body) <= self.most_bytes else ["the call is too large"]
        faults += [] if re.fullmatch(r"[ -~]+", body["FromEmailAddress"]) else ["From is no ASCII"]
        faults += (
            []
            if body["DefaultContent"]["Template"]["TemplateContent"]["Subject"]
            else ["no subject"]
        )
        return faults + [fault for entry in entries for fault in _entry_faults(entry)]


def _entry_faults(entry: Mapping[str, Any]) -> list[str]:
    headers, tags = entry["ReplacementHeaders"], entry["ReplacementTags"]
    faults = [] if len(headers) <= _FIELDS else ["too many headers"]
    for field in headers:
        name, text = field["Name"], field["Value"]
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(text) or len(name + text) > 996:  # noqa: PLR2004 - the API's model
            faults.append(f"header {name!r}")
    faults += [
        f"tag {text!r}"
        for tag in tags
        for text in tag.values()
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", text)
    ]
    data = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    return faults if len(data) <= _DATA else [*faults, "too much data"]


def _message(body: Mapping[str, Any], entry: Mapping[str, Any], name: str) -> Taken:
    template = body["DefaultContent"]["Template"]
    replaced = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    values = json.loads(template["TemplateData"]) | json.loads(replaced)
    content = template["TemplateContent"]
    tags = {tag["Name"]: tag["Value"] for tag in entry["ReplacementTags"]}
    (address,) = entry["Destination"]["ToAddresses"]
    return Taken(
        key=tags["delivery"],
        address=address,
        batch_key="",
        subject=_fill(content["Subject"], values),
        html=_fill(content["Html"], values),
        text=_fill(content["Text"], values),
        headers={"From": str(make_header(decode_header(body["FromEmailAddress"])))}
        | {"Reply-To": ", ".join(body.get("ReplyToAddresses", []))}
        | {field["Name"]: field["Value"] for field in entry["ReplacementHeaders"]},
        provider_id=name,
        tag=tags["mailing"],
    )


def _fill(text: str, values: Mapping[str, str]) -> str:
    """Fill a template as Handlebars does: once, and not what a backslash stands before."""
    if "{{" in _PLACE.sub("", text):
        raise refusal(400, "BadRequestException", "the template cannot be read")

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        if found[2] not in values:
            raise refusal(400, "BadRequestException", f"no value for {found[2]}")
        return values[found[2]]

    return _PLACE.sub(value, text)
