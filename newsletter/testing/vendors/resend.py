"""Resend, as its own pages tell it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

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
    to_json,
)

_ORIGINS: Mapping[str, str] = {
    "bounced": "bounce", "complained": "complaint", "unsubscribed": "manual",
}  # fmt: skip


class Resend(Vendor):
    """POST /emails/batch: an array of whole messages, all or none."""

    name = "resend"
    spec = "resend/resend.json"
    asked = "/emails"
    most: ClassVar[int] = 100
    fields: ClassVar = {"from", "to", "subject", "html", "text", "reply_to", "headers", "tags"}

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/emails/batch", "application/json")

    def idempotency_key(self, call: Call) -> str | None:
        """Read the Idempotency-Key header."""
        return call.headers.get("idempotency-key")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take an array of messages."""
        self._entrance(call)
        items = from_json(call.body)
        if not isinstance(items, list) or not 1 <= len(items) <= self.most:
            raise self._refusal(422, "validation_error", "between 1 and 100 emails")
        if faults := self._spec_faults(items):
            raise self._refusal(422, "validation_error", "; ".join(faults[:3]))
        key = self.idempotency_key(call) or ""
        return [
            self._message(item, key, f"re-{number}-{place}") for place, item in enumerate(items)
        ]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the ids, in order."""
        return Reply(200, to_json({"data": [{"id": mail.provider_id} for mail in mails]}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """List mails, the newest first; or give one with its text."""
        self._key(call)
        path = urlsplit(call.path).path
        newest = list(reversed(mails))
        if path == "/suppressions":
            return self._suppressions(call)
        if path != "/emails":
            found = [item for item in newest if path == f"/emails/{item.mail.provider_id}"]
            if not found:
                raise self._refusal(404, "not_found", "Email not found")
            texts = {"html": found[0].mail.html, "text": found[0].mail.text}
            return Reply(200, to_json({**self._listed(found[0]), **texts}))
        query = self._query(call)
        ids = [item.mail.provider_id for item in newest]
        if (after := query.get("after")) is not None and after not in ids:
            raise self._refusal(422, "validation_error", "Invalid cursor")
        rest = newest[ids.index(after) + 1 :] if after else newest
        limit = int(query.get("limit", "20"))
        data = [self._listed(item) for item in rest[:limit]]
        return self._told({"object": "list", "has_more": len(rest) > limit, "data": data})

    def _suppressions(self, call: Call) -> Reply:
        query = parameters(call, "limit", "after")
        rows = [_entry(item, place) for place, item in enumerate(self.kept)]
        rest = rows[int(query["after"].removeprefix("s-")) + 1 :] if "after" in query else rows
        size = min(int(query["limit"]), self.page)
        payload = {"object": "list", "has_more": len(rest) > size, "data": rest[:size]}
        return self._answer(payload, query, Path(self.spec).name, "/suppressions")

    @staticmethod
    def _listed(item: Logged) -> dict[str, Any]:
        return {
            "object": "email",
            "id": item.mail.provider_id,
            "to": [item.mail.address],
            "from": item.mail.headers["From"],
            "created_at": f"{item.at:%Y-%m-%d %H:%M:%S.%f}+00",
            "subject": item.mail.subject,
            "last_event": "sent",
        }

    def _entrance(self, call: Call) -> None:
        if call.path != "/emails/batch":
            raise self._refusal(404, "not_found", "The requested endpoint does not exist")
        self._key(call)
        if call.headers.get("content-type") != "application/json":
            raise self._refusal(422, "validation_error", "The body is not JSON")
        if len(key := self.idempotency_key(call) or "k") > 256 or not key:  # noqa: PLR2004 - theirs
            raise self._refusal(400, "invalid_idempotency_key", "The key must be 1-256 chars.")

    def _key(self, call: Call) -> None:
        authorization = call.headers.get("authorization", "")
        if not authorization.startswith("Bearer "):
            raise self._refusal(401, "missing_api_key", "Missing API key in the header")
        if authorization != f"Bearer {KEY}":
            raise self._refusal(403, "invalid_api_key", "API key is invalid")

    def _message(self, item: Any, batch_key: str, provider_id: str) -> Taken:  # noqa: ANN401
        if not isinstance(item, dict) or set(item) - self.fields:
            raise self._refusal(422, "validation_error", f"unknown fields: {sorted(item)}")
        to = item.get("to")
        address = to[0] if isinstance(to, list) and len(to) == 1 else to
        if not isinstance(address, str) or not self._valid(address):
            raise self._refusal(
                422, "validation_error", "Invalid `to` field. The email address needs to be valid."
            )
        if not item.get("subject") or not item.get("from"):
            raise self._refusal(422, "missing_required_field", "Missing `subject` or `from`")
        tags = {tag["name"]: tag["value"] for tag in item.get("tags", [])}
        if not all(
            re.fullmatch(r"[A-Za-z0-9_-]{1,256}", text) for pair in tags.items() for text in pair
        ):
            raise self._refusal(422, "validation_error", "Tags: ASCII letters, digits, _ and -")
        return Taken(
            key=tags.get("delivery", ""),
            address=address,
            batch_key=batch_key,
            subject=item["subject"],
            html=item.get("html", ""),
            text=item.get("text", ""),
            headers={"From": item["from"], "Reply-To": item.get("reply_to", "")}
            | item.get("headers", {}),
            provider_id=provider_id,
            tag=tags.get("mailing", ""),
        )

    @staticmethod
    def _refusal(status: int, name: str, message: str) -> Refusal:
        return Refusal(status, {"statusCode": status, "name": name, "message": message})


def _entry(item: Kept, place: int) -> dict[str, str]:
    return {
        "id": f"s-{place}",
        "email": item.address,
        "origin": _ORIGINS[item.why],
        "created_at": item.at.isoformat(),
    }
