"""Scaleway Transactional Email, as its specification tells it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import KEY, Call, Refusal, Reply, Vendor, from_json, to_json

_PATH = "/transactional-email/v1alpha1/regions/{region}/emails"


class Scaleway(Vendor):
    """POST …/emails: one mail."""

    name = "scaleway"
    spec = "scaleway/scaleway-transactional-email-openapi.yml"
    fields: ClassVar = {"project_id", "from", "to", "subject", "text", "html", "additional_headers"}

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, _PATH, "application/json")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one mail."""
        if call.path != _PATH.format(region="fr-par"):
            raise Refusal(404, {"type": "not_found", "message": "resource is not found"})
        if call.headers.get("x-auth-token") != KEY:
            raise Refusal(401, {"type": "denied_authentication", "message": "wrong token"})
        item = from_json(call.body)
        self._check(item)
        sender = item["from"]
        headers = {head["key"]: head["value"] for head in item["additional_headers"]}
        return [
            Taken(
                key=headers.pop("X-Newsletter-Key"),
                address=item["to"][0]["email"],
                batch_key="",
                subject=item["subject"],
                html=item["html"],
                text=item["text"],
                headers={"From": f"{sender['name']} <{sender['email']}>"} | headers,
                provider_id=f"sw-{number}",
            )
        ]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give an entry per address."""
        entries = [
            {"id": mail.provider_id, "mail_rcpt": mail.address, "status": "new"} for mail in mails
        ]
        return Reply(200, to_json({"emails": entries}))

    def _check(self, item: Mapping[str, Any]) -> None:
        if set(item) - self.fields or not item["project_id"]:
            raise _invalid("project_id", f"unknown or missing fields: {sorted(item)}")
        if faults := self._spec_faults(item):
            raise _invalid("body", "; ".join(faults[:3]))
        if not item["subject"]:
            raise _invalid("subject", "length must be at least 10")
        if len(item["to"]) != 1 or not self._valid(item["to"][0]["email"]):
            raise _invalid("to", "invalid email address")


def _invalid(name: str, message: str) -> Refusal:
    details = [{"argument_name": name, "help_message": message, "reason": "constraint"}]
    message = f"invalid argument(s): {message}"
    return Refusal(400, {"type": "invalid_arguments", "message": message, "details": details})
