"""Brevo, as its own pages and its specification tell it."""

import re
import uuid
from collections.abc import Mapping, Sequence
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import (
    KEY,
    Call,
    Logged,
    Refusal,
    Reply,
    Vendor,
    from_json,
    to_json,
)


class Brevo(Vendor):
    """POST /smtp/email: whole messages as versions, all taken or none."""

    name = "brevo"
    spec = "brevo/swagger.yaml"
    most: ClassVar[int] = 1000
    common: ClassVar = {
        "sender", "replyTo", "subject", "htmlContent", "tags", "headers", "messageVersions",
    }  # fmt: skip
    own: ClassVar = {"to", "subject", "htmlContent", "textContent", "headers"}

    def __init__(self, spec: Path | None = None) -> None:
        super().__init__(spec)
        self.blocked: list[dict[str, Any]] = []
        """Whom it mails no more, as it shows them."""

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/smtp/email", "application/json")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take versions of a message."""
        if call.path != "/smtp/email":
            raise _refusal(404, "document_not_found", "no such path")
        self._door(call)
        data = from_json(call.body)
        versions = data["messageVersions"]
        self._check(data, versions)
        return [
            self._message(data, item, f"{number}.{place}@smtp-relay.mailin.fr")
            for place, item in enumerate(versions)
        ]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give an id per version, in order."""
        return Reply(201, to_json({"messageIds": [f"<{mail.provider_id}>" for mail in mails]}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Tell of the account, or give a page of those whom it blocks."""
        self._door(call)
        path, query = urlsplit(call.path).path, dict(parse_qsl(urlsplit(call.path).query))
        if path == "/account":
            return Reply(200, to_json({"email": "kirje@example.fi", "plan": []}))
        if path != "/smtp/blockedContacts":
            raise _refusal(404, "document_not_found", f"nothing to ask of {len(mails)} mails")
        if set(query) != {"limit", "offset", "sort"} or not 1 <= int(query["limit"]) <= 100:  # noqa: PLR2004
            raise _refusal(400, "out_of_range", "limit must be at most 100")
        start = int(query["offset"])
        page = self.blocked[start : start + int(query["limit"])]
        payload: dict[str, Any] = {"count": len(self.blocked)}
        return Reply(200, to_json(payload | ({"contacts": page} if page else {})))

    def idempotency_key(self, call: Call) -> str | None:
        """Read the field that stands among the header fields."""
        key = from_json(call.body)["headers"]["idempotencyKey"]
        return str(uuid.UUID(key))

    def repeated(self, first: Reply) -> Reply:
        """Refuse, whatever became of the first."""
        del first
        return _refusal(400, "duplicate_parameter", "idempotencyKey is used already").reply

    @staticmethod
    def _door(call: Call) -> None:
        if call.headers.get("api-key") != KEY:
            raise _refusal(401, "unauthorized", "Key not found")

    def _check(self, data: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> None:
        # The file of 2025 lacks header fields of versions, and names none of those for all.
        bare = [{name: item[name] for name in item if name != "headers"} for item in versions]
        if faults := self._spec_faults({**data, "messageVersions": bare, "headers": {}}):
            raise _refusal(400, "invalid_parameter", "; ".join(faults[:3]))
        unknown = set(data) - self.common | {name for item in versions for name in item} - self.own
        unknown |= set(data["headers"]) - {"idempotencyKey", "X-Sib-Sandbox"}
        if unknown or not 1 <= len(versions) <= self.most:
            raise _refusal(400, "invalid_parameter", f"unknown fields: {sorted(unknown)}")
        for item in versions:
            if not item["subject"]:
                raise _refusal(400, "missing_parameter", "subject is missing")
            if not all(self._valid(person["email"]) for person in item["to"]):
                raise _refusal(400, "invalid_parameter", "email is not valid in to")
            if not all(text.isascii() for text in item["headers"].values()):
                raise _refusal(400, "invalid_parameter", "header fields would leave as 8 bits")

    @staticmethod
    def _message(data: Mapping[str, Any], item: Mapping[str, Any], name: str) -> Taken:
        (to,) = item["to"]
        # Header fields leave with every word's first letter large.
        headers = {
            re.sub(r"\b[a-z]", lambda found: found[0].upper(), head): text
            for head, text in item["headers"].items()
        }
        sender = str(make_header(decode_header(data["sender"]["name"])))
        return Taken(
            key=headers.pop("X-Mailin-Custom"),
            address=to["email"],
            batch_key=data["headers"]["idempotencyKey"],
            subject=item["subject"],
            html=item["htmlContent"],
            text=item["textContent"],
            headers={"From": f"{sender} <{data['sender']['email']}>"}
            | {"Reply-To": data.get("replyTo", {}).get("email", "")}
            | headers,
            provider_id=name,
            tag=data["tags"][0],
        )


def _refusal(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, {"code": code, "message": message})
