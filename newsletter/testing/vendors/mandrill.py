"""Mandrill, as its own pages and its specification tell it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import (
    KEY,
    MEBIBYTE,
    Call,
    Logged,
    Refusal,
    Reply,
    Vendor,
    from_json,
    to_json,
)


class Mandrill(Vendor):
    """POST /messages/send.json: one content, `*|X|*` filled per recipient unless asked not to."""

    name = "mandrill"
    spec = "mandrill/transactional.json"
    most_bytes: ClassVar[int] = 25 * MEBIBYTE
    fields: ClassVar = {
        "html", "text", "subject", "from_email", "from_name", "to", "headers", "track_opens",
        "track_clicks", "auto_text", "auto_html", "inline_css", "merge", "tags", "metadata",
        "images",
    }  # fmt: skip

    def __init__(self, spec: Path | None = None) -> None:
        super().__init__(spec)
        self.list: list[dict[str, Any]] = []
        """Whom it mails no more, as it shows them."""
        self._entry: dict[str, str] = {}

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/messages/send", "application/json")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one mail; a bad address is told beside a good answer."""
        data = self._opened(call)
        if call.path != "/messages/send.json":
            raise _error(404, "Unknown_Method", "no such method")
        message = data["message"]
        self._check(data, message)
        (to,) = message["to"]
        name = f"{number:032x}"
        if not self._valid(to["email"]):
            self._entry = {"email": to["email"], "status": "invalid", "_id": name}
            return []
        self._entry = {"email": to["email"], "status": "sent", "_id": name}
        return [self._message(message, to["email"], name)]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give an entry for the address, unless it is to be left out."""
        left_out = not mails and self._entry["status"] == "sent"
        return Reply(200, to_json([] if left_out else [{**self._entry, "reject_reason": None}]))

    def asks(self, path: str) -> bool:
        """Everything is a POST."""
        return path != "/messages/send.json"

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Greet, search, or give the list."""
        data = self._opened(call)
        data.pop("key")
        if call.path == "/users/ping2.json" and not data:
            return Reply(200, to_json({"PING": "PONG!"}))
        if call.path == "/rejects/list.json" and set(data) == {"include_expired"}:
            kept = [item for item in self.list if not item["expired"]]
            return Reply(200, to_json(kept[:1000]))
        known = {"query", "date_from", "date_to", "tags", "limit"}
        if call.path != "/messages/search.json" or set(data) != known:
            raise _error(400, "ValidationError", f"{call.path}: {sorted(data)}")
        return Reply(200, to_json([_found(item) for item in mails if _matches(item, data)]))

    @staticmethod
    def _opened(call: Call) -> dict[str, Any]:
        data = from_json(call.body)
        if data.get("key") != KEY:
            raise _error(401, "Invalid_Key", "Invalid API key")
        return dict(data)

    def _check(self, data: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        if unknown := (set(data) - {"key", "message", "async"}) | (set(message) - self.fields):
            raise _error(400, "ValidationError", f"unknown fields: {sorted(unknown)}")
        # The file names one field of metadata as an example.
        if faults := self._spec_faults({**data, "message": {**message, "metadata": {}}}):
            raise _error(400, "ValidationError", "; ".join(faults[:3]))
        if len(message["html"]) + len(message["text"]) > self.most_bytes:
            raise _error(400, "ValidationError", "the message is too large")
        if not message["subject"]:
            words = 'Validation error: {"message":{"subject":"Please enter a value"}}'
            raise _error(400, "ValidationError", words)
        if any(tag.startswith("_") or len(tag) > 50 for tag in message["tags"]):  # noqa: PLR2004
            raise _error(400, "ValidationError", "a tag that is reserved or too long")

    @staticmethod
    def _message(message: Mapping[str, Any], address: str, name: str) -> Taken:
        def fill(text: str) -> str:
            return text if message["merge"] is False else re.sub(r"\*\|.*?\|\*", "", text)

        return Taken(
            key=message["metadata"]["newsletter_key"],
            address=address,
            batch_key="",
            subject=fill(message["subject"]),
            html=fill(message["html"]),
            text=fill(message["text"]),
            headers={"From": f"{message['from_name']} <{message['from_email']}>"}
            | message["headers"],
            provider_id=name,
            tag=message["tags"][0],
        )


def _matches(item: Logged, data: Mapping[str, Any]) -> bool:
    terms = data["query"].split(" OR ")
    day = f"{item.at:%Y-%m-%d}"
    fits = data["date_from"] <= day <= data["date_to"] and item.mail.tag in data["tags"]
    return fits and f'"{item.mail.address}"' in terms


def _found(item: Logged) -> dict[str, Any]:
    return {
        "ts": int(item.at.timestamp()),
        "_id": item.mail.provider_id,
        "email": item.mail.address,
        "subject": item.mail.subject,
        "tags": [item.mail.tag],
        "state": "rejected" if item.rejected else "sent",
        "metadata": {"newsletter_key": item.mail.key},
    }


def _error(status: int, name: str, message: str) -> Refusal:
    return Refusal(status, {"status": "error", "code": -1, "name": name, "message": message})
