"""SendGrid, as its own pages and its specification tell it."""

import re
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
)

_PART = re.compile(r"unique_args\['newsletter_key'\]=\"([^\"]+)\"")
_LISTS: Mapping[str, str] = {
    "bounced": "bounces", "complained": "spam_reports", "unsubscribed": "unsubscribes",
}  # fmt: skip


class SendGrid(Vendor):
    """POST /v3/mail/send: one content, tags filled per personalization."""

    name = "sendgrid"
    spec = "sendgrid/tsg_mail_v3.json"
    most: ClassVar[int] = 1000
    activity: bool = True
    """Whether the account has bought its Email Activity."""

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/v3/mail/send", "application/json")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one content for many."""
        if call.path != "/v3/mail/send":
            raise self._refusal(404, "not found")
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise self._refusal(401, "The provided authorization grant is invalid")
        data = from_json(call.body)
        if faults := self._spec_faults(data):
            raise self._refusal(400, "; ".join(faults[:3]))
        people = data["personalizations"]
        if not 1 <= len(people) <= self.most:
            raise self._refusal(400, "personalizations: 1 to 1000")
        bad = [
            {"message": "Does not contain a valid address.", "field": f"personalizations.{at}.to"}
            for at, item in enumerate(people)
            if not self._valid(item["to"][0]["email"])
        ]
        if bad:
            raise Refusal(400, {"errors": bad})
        return [self._message(data, item, f"sg-{number}") for item in people]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the one id of all, without a body."""
        return Reply(202, b"", {"X-Message-Id": mails[0].provider_id if mails else ""})

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Find mails by our keys, or give a page of a list."""
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise self._refusal(401, "The provided authorization grant is invalid")
        path = path_of(call)
        if path == "/v3/scopes":
            return self._answer({"scopes": ["mail.send"]}, {})
        if path.startswith("/v3/suppression/"):
            query = parameters(call, "limit", "offset")
            rows = [_entry(item) for item in self.kept if _LISTS[item.why] in path]
            start = int(query["offset"])
            page = rows[start : start + min(int(query["limit"]), self.page)]
            return self._answer(page, query, "tsg_suppressions_v3.json", path)
        if path != "/v3/messages":
            raise self._refusal(404, "not found")
        if not self.activity:
            raise self._refusal(403, "access forbidden")
        query = parameters(call, "query", "limit")
        parts = [_PART.fullmatch(part) for part in query["query"].split(" OR ")]
        keys = {part[1] for part in parts if part}
        if not all(parts) or not 1 <= int(query["limit"]) <= self.most:
            raise self._refusal(400, "invalid query")
        return self._answer({"messages": [_found(item) for item in mails
                                          if item.mail.key in keys]}, {})  # fmt: skip

    def _message(self, data: Mapping[str, Any], item: Mapping[str, Any], name: str) -> Taken:
        def fill(text: str) -> str:
            for tag, value in item["substitutions"].items():
                text = text.replace(tag, value)
            return text

        parts = {part["type"]: fill(part["value"]) for part in data["content"]}
        if any(part.isascii() or part[-1] != "\u200c" for part in parts.values()):
            raise self._refusal(400, "a part may leave as iso-8859-1")
        return Taken(
            key=item["custom_args"]["newsletter_key"],
            address=item["to"][0]["email"],
            batch_key="",
            subject=fill(data["subject"]),
            html=parts["text/html"][:-1],
            text=parts["text/plain"][:-1],
            headers={"From": data["from"]["email"]}
            | {"Reply-To": data.get("reply_to", {}).get("email", "")}
            | item["headers"],
            provider_id=name,
            tag=data["categories"][0],
        )

    @staticmethod
    def _refusal(status: int, message: str) -> Refusal:
        return Refusal(status, {"errors": [{"message": message, "field": None}]})


def _entry(item: Kept) -> dict[str, Any]:
    entry: dict[str, Any] = {"created": int(item.at.timestamp()), "email": item.address}
    own: Mapping[str, dict[str, str]] = {
        "bounced": {"reason": item.text, "status": "5.1.1"}, "complained": {"ip": "192.0.2.1"},
    }  # fmt: skip
    return entry | own.get(item.why, {})


def _found(item: Logged) -> dict[str, Any]:
    return {
        "from_email": item.mail.headers["From"],
        "msg_id": f"{item.mail.provider_id}.filter0001.16648.5515E0B88.0",
        "subject": item.mail.subject,
        "to_email": item.mail.address,
        "status": "delivered",
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": item.at.isoformat(),
    }
