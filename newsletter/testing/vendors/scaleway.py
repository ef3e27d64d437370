"""Scaleway Transactional Email, as its specification tells it."""

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
    to_json,
)

_PATH = "/transactional-email/v1alpha1/regions/{region}/emails"
_NAMES: Mapping[str, str] = {"domains": "project_id", "blocklists": "domain_id"}


class Scaleway(Vendor):
    """POST …/emails: one mail."""

    name = "scaleway"
    settings: ClassVar = {"project_id": "6170692e-7363-616c-6577-61792e636f6d"}
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

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Give a page of the project's domains, or of a domain's blocklist."""
        del mails
        if call.headers.get("x-auth-token") != KEY:
            raise Refusal(401, {"type": "denied_authentication", "message": "wrong token"})
        place, _, name = path_of(call).rpartition("/")
        pattern = f"{_PATH.rpartition('/')[0]}/{name}"
        if place != _PATH.format(region="fr-par").rpartition("/")[0] or name not in _NAMES:
            raise Refusal(404, {"type": "not_found", "message": "resource is not found"})
        query = parameters(call, _NAMES[name], "page", "page_size", "order_by")
        rows: list[dict[str, Any]] = [{"id": "d1"}, {"id": "d2"}]
        if name == "blocklists":
            rows = [_entry(item) for item in self.kept] if query["domain_id"] == "d1" else []
        size = min(int(query["page_size"]), self.page)
        end = int(query.get("page", "1")) * size
        payload = {"total_count": len(rows), name: rows[end - size : end]}
        return self._answer(payload, query, Path(self.spec).name, pattern)

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


def _entry(item: Kept) -> dict[str, Any]:
    return {
        "id": "b1",
        "domain_id": "d1",
        "created_at": item.at.isoformat(),
        "email": item.address,
        "type": "unknown_type" if item.why == "unsubscribed" else "mailbox_not_found",
        "reason": item.text,
        "custom": item.why == "unsubscribed",
    }
