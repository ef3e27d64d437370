"""Elastic Email, as its own pages and its specification tell it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

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

_FILE = "openapi.yaml"
_LISTS: Mapping[str, str] = {
    "bounced": "bounces", "complained": "complaints", "unsubscribed": "unsubscribes",
}  # fmt: skip


class ElasticEmail(Vendor):
    """POST /emails: one content, `{x}` filled per recipient; header fields are everybody's."""

    name = "elasticemail"
    spec = "elasticemail/openapi.yaml"

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/emails", "application/json")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one content."""
        if call.path != "/emails":
            raise Refusal(404, {"Error": "Not found"})
        if call.headers.get("x-elasticemail-apikey") != KEY:
            raise Refusal(401, {"Error": "APIKey Expired / incorrect"})
        data = from_json(call.body)
        if faults := self._spec_faults(data):
            raise Refusal(400, {"Error": "; ".join(faults[:3])})
        if any(not self._valid(person["Email"]) for person in data["Recipients"]):
            raise Refusal(400, {"Error": "Invalid recipient email address"})
        if not data["Content"]["Subject"]:
            raise Refusal(400, {"Error": "no Subject"})
        return [self._message(data, person, number) for person in data["Recipients"]]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the ids of the call."""
        name = mails[0].provider_id if mails else None
        return Reply(200, to_json({"TransactionID": name, "MessageID": name}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Give a page of a channel's events or of a list, or one mail."""
        if call.headers.get("x-elasticemail-apikey") != KEY:
            raise Refusal(401, {"Error": "APIKey Expired / incorrect"})
        path = path_of(call)
        if path == "/domains":
            return self._answer([], {}, _FILE, path)
        if found := re.fullmatch(r"/emails/([^/]+)/view", path):
            (mail,) = [item.mail for item in mails if item.mail.provider_id == found[1]]
            return self._answer({"Preview": {"Body": mail.html, "Subject": mail.subject}}, {})
        query = parameters(call, "from", "to", "orderBy", "limit", "offset")
        start = int(query["offset"])
        end = start + min(int(query["limit"]), self.page)
        if path.startswith("/suppressions/"):
            rows = [_entry(item) for item in self.kept if _LISTS[item.why] in path]
            return self._answer(rows[start:end], query, _FILE, path)
        if not path.startswith("/events/channels/"):
            raise Refusal(404, {"Error": "Not found"})
        name = unquote(path.rpartition("/")[2])
        events = [_event(item) for item in mails if item.mail.tag == name]
        return self._answer(events[start:end], query, _FILE, "/events/channels/{name}")

    @staticmethod
    def _message(data: Mapping[str, Any], person: Mapping[str, Any], number: int) -> Taken:
        content, values = data["Content"], person["Fields"]

        def fill(text: str) -> str:
            # A field that nobody gave is nothing.
            return re.sub(r"\{([^{}<>:;]*)\}", lambda match: values.get(match[1], ""), text)

        bodies = {part["ContentType"]: fill(part["Content"]) for part in content["Body"]}
        return Taken(
            key=content["Postback"],
            address=person["Email"],
            batch_key="",
            subject=fill(content["Subject"]),
            html=bodies["HTML"],
            text=bodies["PlainText"],
            headers={"From": content["From"], "Reply-To": content.get("ReplyTo", "")}
            | content["Headers"],
            provider_id=f"ee-{number}",
            tag=data["Options"]["ChannelName"],
        )


def _entry(item: Kept) -> dict[str, Any]:
    return {
        "Email": item.address,
        "FriendlyErrorMessage": item.text,
        "ErrorCode": 550 if item.text else 0,
        "DateUpdated": item.at.isoformat(),
    }


def _event(item: Logged) -> dict[str, Any]:
    return {
        "TransactionID": item.mail.provider_id,
        "MsgID": item.mail.provider_id,
        "FromEmail": item.mail.headers["From"],
        "To": item.mail.address,
        "Subject": item.mail.subject,
        "EventType": "Submission",
        "EventDate": item.at.isoformat(),
        "ChannelName": item.mail.tag,
    }
