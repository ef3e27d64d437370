"""Mailtrap, as its own pages and its specification of the bulk stream tell it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import KEY, Call, Refusal, Reply, Vendor, from_json, to_json


class Mailtrap(Vendor):
    """POST /api/batch: an array of whole messages, each taken or refused by itself."""

    name = "mailtrap"
    spec = "mailtrap/email-sending-bulk.openapi.yml"
    most: ClassVar[int] = 500
    common: ClassVar = {"from", "reply_to", "category"}
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
