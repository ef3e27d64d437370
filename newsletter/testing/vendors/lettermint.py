"""Lettermint, as its own SDKs and its older specification tell it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

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


class Lettermint(Vendor):
    """POST /send: one mail, under a key of its own."""

    name = "lettermint"
    spec = "lettermint/openapi.json"
    newer: ClassVar = {"headers", "tag", "metadata", "settings"}
    """What the SDKs have beyond the specification, which is of 2025-04."""
    fields: ClassVar = {"route", "from", "to", "reply_to", "subject", "html", "text", *newer}

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/send", "application/json")

    def idempotency_key(self, call: Call) -> str | None:
        """Read the Idempotency-Key header."""
        return call.headers.get("idempotency-key")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one mail."""
        if call.path != "/send":
            raise Refusal(404, {"message": "Not found"})
        if call.headers.get("x-lettermint-token") != KEY:
            raise Refusal(401, {"message": "Unauthenticated."})
        item = from_json(call.body)
        self._check(item)
        return [
            Taken(
                key=item["metadata"]["key"],
                address=item["to"][0],
                batch_key=self.idempotency_key(call) or "",
                subject=item["subject"],
                html=item["html"],
                text=item["text"],
                headers={"From": item["from"], "Reply-To": "".join(item.get("reply_to", ()))}
                | item["headers"],
                provider_id=f"lm-{number}",
                tag=item["tag"],
            )
        ]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the id."""
        payload = {"message_id": mails[0].provider_id, "status": "queued"} if mails else {}
        return Reply(202, to_json(payload))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Say pong; what else it tells needs a key of another kind."""
        if call.path != "/ping":
            raise Refusal(404, {"message": f"{len(mails)} mails, and no way to ask"})
        if call.headers.get("x-lettermint-token") != KEY:
            raise Refusal(401, {"message": "Unauthenticated."})
        return Reply(200, b"pong", {"Content-Type": "text/plain"})

    def _check(self, item: Mapping[str, Any]) -> None:
        if unknown := set(item) - self.fields:
            raise _invalid("body", f"unknown fields: {sorted(unknown)}")
        known = {name: value for name, value in item.items() if name not in self.newer}
        if faults := self._spec_faults(known):
            raise _invalid("body", "; ".join(faults[:3]))
        if not item["subject"]:
            raise _invalid("subject", "The subject field is required.")
        if len(item["to"]) != 1 or not self._valid(item["to"][0]):
            raise _invalid("to.0", "The to.0 field must be a valid email address.")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", item["tag"]):
            raise _invalid("tag", "The tag field format is invalid.")
        if any(item["settings"].values()) or set(item["settings"]) != {
            "track_opens",
            "track_clicks",
        }:
            raise _invalid("settings", "tracking is on")


def _invalid(field: str, message: str) -> Refusal:
    return Refusal(422, {"message": message, "errors": {field: [message]}})
