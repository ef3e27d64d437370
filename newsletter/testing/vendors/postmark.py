"""Postmark, as its own pages and its Swagger file tell it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from newsletter.testing.openapi import RequestSchema
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

_REASONS: Mapping[str, str] = {
    "bounced": "HardBounce", "complained": "SpamComplaint", "unsubscribed": "ManualSuppression",
}  # fmt: skip


class Postmark(Vendor):
    """POST /email/batch: an array of whole messages, each taken or refused by itself."""

    name = "postmark"
    spec = "postmark/postmark-server-openapi.yml"
    most: ClassVar[int] = 500
    newer: ClassVar = {"MessageStream", "Metadata"}
    """What the pages have and the older file lacks."""
    known: ClassVar = newer | {
        "From", "To", "ReplyTo", "Subject", "HtmlBody", "TextBody", "Headers", "Tag", "TrackOpens",
        "TrackLinks", "Attachments",
    }  # fmt: skip

    def __init__(self, spec: Path | None = None) -> None:
        super().__init__(spec)
        self._read: list[Taken | None] = []

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/email/batch", "application/json")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take an array of messages, without those of bad addresses."""
        if call.path != "/email/batch":
            raise Refusal(404, {"ErrorCode": 404, "Message": "Not found"})
        if call.headers.get("x-postmark-server-token") != KEY:
            raise Refusal(401, {"ErrorCode": 10, "Message": "Bad or missing Server API token."})
        items = from_json(call.body)
        if not isinstance(items, list) or not 1 <= len(items) <= self.most:
            raise Refusal(422, {"ErrorCode": 410, "Message": "Too many batch messages"})
        older = [
            {name: value for name, value in item.items() if name not in self.newer}
            for item in items
        ]
        if faults := self._spec_faults(older):
            raise Refusal(422, {"ErrorCode": 403, "Message": "; ".join(faults[:3])})
        self._read = [self._message(item, f"pm-{number}-{at}") for at, item in enumerate(items)]
        return [mail for mail in self._read if mail]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give an entry per message, in order, under 200 whatever became of them."""
        kept = {mail.key for mail in mails}
        entries = [
            {"ErrorCode": 0, "Message": "OK", "MessageID": mail.provider_id, "To": mail.address}
            if mail
            else {"ErrorCode": 300, "Message": "Error parsing 'To': Illegal email address."}
            for mail in self._read
            if mail is None or mail.key in kept
        ]
        return Reply(200, to_json(entries))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Find mails by our key, or give one reason's part of the stream's list."""
        if call.headers.get("x-postmark-server-token") != KEY:
            raise Refusal(401, {"ErrorCode": 10, "Message": "Bad or missing Server API token."})
        if call.path == "/server":
            return self._answer({"ID": 1, "Name": "Kirje"}, {})
        if path_of(call) == "/message-streams/broadcast/suppressions/dump":
            reason = parameters(call, "SuppressionReason")["SuppressionReason"]
            rows = [_entry(item) for item in self.kept if _REASONS[item.why] == reason]
            return self._answer({"Suppressions": rows}, {})
        if path_of(call) != "/messages/outbound":
            raise Refusal(404, {"ErrorCode": 404, "Message": "Not found"})
        query = parameters(call, "count", "offset", "messagestream", "metadata_key")
        if query["messagestream"] != "broadcast" or not 1 <= int(query["count"]) <= self.most:
            raise Refusal(422, {"ErrorCode": 700, "Message": "count or stream"})
        found = [_found(item) for item in mails if item.mail.key == query["metadata_key"]]
        return self._answer({"TotalCount": len(found), "Messages": found}, {})

    def _message(self, item: Mapping[str, Any], provider_id: str) -> Taken | None:
        if set(item) - self.known or item["MessageStream"] != "broadcast":
            raise Refusal(422, {"ErrorCode": 403, "Message": f"unknown fields: {sorted(item)}"})
        if not self._valid(item["To"]):
            return None
        return Taken(
            key=item["Metadata"]["key"],
            address=item["To"],
            batch_key="",
            subject=item["Subject"],
            html=item["HtmlBody"],
            text=item["TextBody"],
            headers={"From": item["From"], "Reply-To": item.get("ReplyTo", "")}
            | {head["Name"]: head["Value"] for head in item["Headers"]},
            provider_id=provider_id,
            tag=item["Tag"],
        )


def _entry(item: Kept) -> dict[str, str]:
    return {
        "EmailAddress": item.address,
        "SuppressionReason": _REASONS[item.why],
        "Origin": "Recipient",
        "CreatedAt": item.at.isoformat(),
    }


def _found(item: Logged) -> dict[str, Any]:
    mail = item.mail
    return {
        "MessageID": mail.provider_id,
        "MessageStream": "broadcast",
        "To": [{"Email": mail.address.lower(), "Name": None}],
        "Recipients": [mail.address.lower()],
        "ReceivedAt": item.at.isoformat(),
        "Status": "Sent",
        "Tag": mail.tag,
        "Metadata": {"key": mail.key},
    }
