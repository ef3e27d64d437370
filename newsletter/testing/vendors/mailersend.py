"""MailerSend, as its own pages tell it; it publishes no specification."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import KEY, Call, Refusal, Reply, Vendor, from_json


class MailerSend(Vendor):
    """POST /email: one mail; more than one address would see each other."""

    name = "mailersend"
    spec = ""
    fields: ClassVar = {
        "from", "to", "reply_to", "subject", "text", "html", "tags", "headers", "settings",
    }  # fmt: skip

    def _schema(self, spec: Path) -> RequestSchema:
        raise NotImplementedError(f"MailerSend has no specification: {spec}")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one mail."""
        if call.path != "/email":
            raise Refusal(404, {"message": "The route could not be found."})
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, {"message": "Unauthenticated."})
        item = from_json(call.body)
        self._check(item)
        sender = item["from"]
        return [
            Taken(
                key=item["tags"][1],
                address=item["to"][0]["email"],
                batch_key="",
                subject=item["subject"],
                html=item["html"],
                text=item["text"],
                headers={"From": f"{sender['name']} <{sender['email']}>"}
                | {"Reply-To": item.get("reply_to", {}).get("email", "")}
                | {head["name"]: head["value"] for head in item["headers"]},
                provider_id=f"ms-{number}",
                tag=item["tags"][0],
            )
        ]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the id, in a header; the body is empty."""
        return Reply(202, b"", {"X-Message-Id": mails[0].provider_id} if mails else {})

    def _check(self, item: Mapping[str, Any]) -> None:
        if not isinstance(item, dict) or set(item) - self.fields:
            raise _invalid("", f"unknown fields: {sorted(item)}")
        if len(item["to"]) != 1 or not self._valid(item["to"][0].get("email", "")):
            raise _invalid("to.0.email", "The to.0.email must be a valid email address. #MS42208")
        if not item["subject"] or len(item["tags"]) > 5:  # noqa: PLR2004 - theirs
            raise _invalid("subject", "The subject field is required.")
        if any(item["settings"].values()) or len(item["settings"]) != 3:  # noqa: PLR2004 - theirs
            raise _invalid("settings", "tracking is on")
        if any(set(head) != {"name", "value"} for head in item["headers"]):
            raise _invalid("headers.0", "The headers.0 field is wrong.")


def _invalid(field: str, message: str) -> Refusal:
    return Refusal(422, {"message": message, "errors": {field: [message]}})
