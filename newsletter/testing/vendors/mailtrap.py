"""Mailtrap, as its own pages and its specification of the bulk stream tell it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
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

_ACCOUNT = "email-sending.openapi.yml"
_FILTERS = (
    "filters[sent_after]", "filters[sent_before]", "filters[category][operator]",
    "filters[category][value]",
)  # fmt: skip
_TYPES: Mapping[str, str] = {
    "bounced": "hard bounce", "complained": "spam complaint", "unsubscribed": "unsubscription",
}  # fmt: skip


class Mailtrap(Vendor):
    """POST /api/batch: an array of whole messages, each taken or refused by itself."""

    name = "mailtrap"
    spec = "mailtrap/email-sending-bulk.openapi.yml"
    most: ClassVar[int] = 500
    common: ClassVar = {"from", "reply_to", "category", "attachments"}
    own: ClassVar = {"to", "subject", "text", "html", "headers", "custom_variables"}

    def __init__(self, spec: Path | None = None) -> None:
        super().__init__(spec)
        self._read: list[Taken | None] = []
        self._fault = ""

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/api/batch", "application/json")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take an array of messages, without those of bad addresses."""
        if call.path != "/api/batch":
            raise Refusal(404, {"errors": ["Not found"]})
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, {"errors": ["Unauthorized"]})
        data = from_json(call.body)
        if faults := self._spec_faults(data):
            raise Refusal(400, {"errors": faults[:3]})
        base, items = data["base"], data["requests"]
        if set(base) - self.common or not 1 <= len(items) <= self.most:
            raise Refusal(400, {"errors": [f"unknown fields or too many: {sorted(base)}"]})
        self._read = [
            self._message(base, item, f"mt-{number}-{place}") for place, item in enumerate(items)
        ]
        return [mail for mail in self._read if mail]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give an entry per message, in order, under 200 whatever became of them."""
        kept = {mail.key for mail in mails}
        entries = [
            {"success": True, "message_ids": [mail.provider_id], "errors": []}
            if mail
            else {"success": False, "message_ids": [], "errors": [self._fault]}
            for mail in self._read
            if mail is None or mail.key in kept
        ]
        return Reply(200, to_json({"success": True, "responses": entries, "errors": []}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Give a page of the log, the earliest first, or of the suppressions."""
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, {"error": "Incorrect API token"})
        path = path_of(call)
        if path == "/api/domains":
            return self._answer({"data": []}, {}, _ACCOUNT, path)
        if path == "/api/suppressions":
            query = parameters(call, "last_id")
            rows = [_entry(item, place) for place, item in enumerate(self.kept)]
            return self._answer(_after(rows, query.get("last_id"))[: self.page], query,
                                _ACCOUNT, path)  # fmt: skip
        if path != "/api/email_logs":
            raise Refusal(404, {"error": "Not found"})
        query = parameters(call, "search_after", *_FILTERS)
        found = [_found(item) for item in mails if _matches(item, query)]
        page = _after(found, query.get("search_after"), "message_id")[: min(self.page, 100)]
        more = page and page[-1] != found[-1]
        payload = {"messages": page, "total_count": len(found),
                   "next_page_cursor": page[-1]["message_id"] if more else None}  # fmt: skip
        return Reply(200, to_json(payload))

    def _message(
        self, base: Mapping[str, Any], item: Mapping[str, Any], provider_id: str
    ) -> Taken | None:
        if set(item) - self.own:
            raise Refusal(400, {"errors": [f"unknown fields: {sorted(item)}"]})
        (to,) = item["to"]
        self._fault = "'to' address is invalid" if item["subject"] else "'subject' is required"
        if not self._valid(to["email"]) or not item["subject"]:
            return None
        sender = base["from"]
        return Taken(
            key=item["custom_variables"]["key"],
            address=to["email"],
            batch_key="",
            subject=item["subject"],
            html=item["html"],
            text=item["text"],
            headers={"From": f"{sender['name']} <{sender['email']}>"}
            | {"Reply-To": base.get("reply_to", {}).get("email", "")}
            | item["headers"],
            provider_id=provider_id,
            tag=base["category"],
        )


def _after(rows: list[dict[str, Any]], last: str | None, name: str = "id") -> list[dict[str, Any]]:
    place = [row[name] for row in rows].index(last) + 1 if last else 0
    return rows[place:]


def _matches(item: Logged, query: Mapping[str, str]) -> bool:
    begin, end = (datetime.fromisoformat(query[name]) for name in _FILTERS[:2])
    fits = query["filters[category][operator]"] == "equal"
    return fits and begin <= item.at <= end and item.mail.tag == query[_FILTERS[3]]


def _found(item: Logged) -> dict[str, Any]:
    return {
        "message_id": item.mail.provider_id,
        "status": "opted_out" if item.rejected else "delivered",
        "to": item.mail.address,
        "sent_at": item.at.isoformat(),
        "category": item.mail.tag,
        "custom_variables": {"key": item.mail.key},
        "sending_stream": "bulk",
    }


def _entry(item: Kept, place: int) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-{place:012}",
        "type": _TYPES[item.why],
        "created_at": item.at.isoformat(),
        "email": item.address,
        "sending_stream": "bulk",
        "message_esp_response": item.text or None,
    }
