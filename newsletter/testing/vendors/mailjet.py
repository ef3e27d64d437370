"""Mailjet, as its own pages tell it; it publishes no specification of this endpoint."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import (
    KEY,
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


class Mailjet(Vendor):
    """POST /v3.1/send: an array of whole messages, each taken or refused by itself."""

    name = "mailjet"
    settings: ClassVar = {"api_key": "public"}
    most: ClassVar[int] = 50
    fields: ClassVar = {
        "From", "To", "ReplyTo", "Subject", "TextPart", "HTMLPart", "Headers", "CustomID",
        "CustomCampaign", "TrackOpens", "TrackClicks", "InlinedAttachments",
    }  # fmt: skip
    forbidden: ClassVar = {
        "from", "sender", "subject", "to", "cc", "bcc", "return-path", "delivered-to", "list-id",
        "message-id", "reply-to", "date", "x-feedback-id", "x-mailer", "dkim-signature",
        "content-type", "received", "received-spf", "mime-version",
    }  # fmt: skip

    def __init__(self, spec: Path | None = None) -> None:
        super().__init__(spec)
        self._read: list[Taken | None] = []

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take an array of messages, without those of bad addresses."""
        self._entrance(call)
        data = from_json(call.body)
        items = data.get("Messages") if isinstance(data, dict) else None
        if not isinstance(items, list) or set(data) - {"Messages", "SandboxMode"}:
            raise _refusal(400, "mj-0003", "wrong root")
        if not 1 <= len(items) <= self.most:
            raise _refusal(400, "mj-0008", "too many elements")
        self._read = [
            self._message(item, f"{number}{place:04}") for place, item in enumerate(items)
        ]
        return [mail for mail in self._read if mail]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give an entry per message, in order."""
        kept = {mail.key for mail in mails}
        entries = [
            _success(mail) if mail else _failure()
            for mail in self._read
            if mail is None or mail.key in kept
        ]
        return Reply(200 if kept else 400, to_json({"Messages": entries}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Find mails by our key, or give a page of those who are excluded."""
        self._door(call)
        path = path_of(call)
        if path == "/v3/REST/sender":
            return _rows([{"Email": "kirje@example.fi"}])
        if path == "/v3/REST/contact":
            query = parameters(call, "IsExcludedFromCampaigns", "Limit", "Offset")
            start, most = int(query["Offset"]), min(int(query["Limit"]), self.page)
            people = [_contact(item) for item in self.kept if item.why != "bounced"]
            return _rows(people[start : start + most])
        if path != "/v3/REST/message":
            raise _refusal(404, "mj-0004", "no such resource")
        query = parameters(call, "CustomID", "ShowCustomID", "Limit", "FromTS", "ToTS")
        if query["ShowCustomID"] != "true":
            raise _refusal(400, "mj-0004", "our key would not be shown")
        return _rows([_row(item) for item in mails if item.mail.key == query["CustomID"]])

    @classmethod
    def _entrance(cls, call: Call) -> None:
        if call.path != "/v3.1/send":
            raise _refusal(404, "mj-0004", "no such resource")
        cls._door(call)
        if call.headers.get("content-type") != "application/json":
            raise _refusal(400, "mj-0003", "the body is not JSON")

    @staticmethod
    def _door(call: Call) -> None:
        expected = base64.b64encode(f"public:{KEY}".encode()).decode()
        if call.headers.get("authorization") != f"Basic {expected}":
            raise _refusal(401, "mj-0015", "API key authentication failure")

    def _message(self, item: Mapping[str, Any], provider_id: str) -> Taken | None:
        if unknown := set(item) - self.fields:
            raise _refusal(400, "send-0009", f"unknown properties {sorted(unknown)}")
        if fixed := [name for name in item["Headers"] if name.lower() in self.forbidden]:
            raise _refusal(400, "send-0011", f"Header cannot be customized: {fixed}")
        if not item["Subject"] or not set(item["From"]) <= {"Email", "Name"}:
            raise _refusal(400, "mj-0004", "Subject or From")
        if (item["TrackOpens"], item["TrackClicks"]) != ("disabled", "disabled"):
            raise _refusal(400, "mj-0005", "tracking")
        ((_, address),) = item["To"][0].items()
        if not self._valid(address) or len(item["To"]) != 1:
            return None
        sender = item["From"]
        return Taken(
            key=item["CustomID"],
            address=address,
            batch_key="",
            subject=item["Subject"],
            html=item["HTMLPart"],
            text=item["TextPart"],
            headers={"From": f"{sender['Name']} <{sender['Email']}>"}
            | {"Reply-To": item.get("ReplyTo", {}).get("Email", "")}
            | item["Headers"],
            provider_id=provider_id,
            tag=item["CustomCampaign"],
        )


def _success(mail: Taken) -> dict[str, Any]:
    to = {"Email": mail.address, "MessageUUID": "u", "MessageID": int(mail.provider_id)}
    return {"Status": "success", "CustomID": mail.key, "To": [to], "Cc": [], "Bcc": []}


def _failure() -> dict[str, Any]:
    fault = {
        "ErrorIdentifier": "f987008f",
        "ErrorCode": "mj-0013",
        "StatusCode": 400,
        "ErrorMessage": "an invalid email address",
        "ErrorRelatedTo": ["To[0].Email"],
    }
    return {"Status": "error", "Errors": [fault]}


def _refusal(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, {"ErrorCode": code, "StatusCode": status, "ErrorMessage": message})


def _rows(rows: Sequence[Mapping[str, Any]]) -> Reply:
    return Reply(200, to_json({"Count": len(rows), "Data": rows, "Total": len(rows)}))


def _contact(item: Kept) -> dict[str, Any]:
    return {
        "Email": item.address,
        "IsExcludedFromCampaigns": True,
        "IsSpamComplaining": item.why == "complained",
        "ExclusionFromCampaignsUpdatedAt": item.at.isoformat(),
    }


def _row(item: Logged) -> dict[str, Any]:
    return {
        "ID": int(item.mail.provider_id),
        "CustomID": item.mail.key,
        "ArrivedAt": item.at.isoformat(),
        "Status": "blocked" if item.rejected else "sent",
    }
