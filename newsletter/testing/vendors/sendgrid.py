"""SendGrid, as its own pages and its specification tell it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import KEY, Call, Refusal, Reply, Vendor, from_json


class SendGrid(Vendor):
    """POST /v3/mail/send: one content, tags filled per personalization."""

    name = "sendgrid"
    spec = "sendgrid/tsg_mail_v3.json"
    most: ClassVar[int] = 1000

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
        for place, item in enumerate(people):
            if not self._valid(item["to"][0]["email"]):
                raise self._refusal(400, f"Does not contain a valid address. "
                                         f"personalizations.{place}.to.0.email")  # fmt: skip
        return [self._message(data, item, f"sg-{number}") for item in people]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the one id of all, without a body."""
        return Reply(202, b"", {"X-Message-Id": mails[0].provider_id if mails else ""})

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
