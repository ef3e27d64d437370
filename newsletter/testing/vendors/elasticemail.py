"""Elastic Email, as its own pages and its specification tell it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import KEY, Call, Refusal, Reply, Vendor, from_json, to_json


class ElasticEmail(Vendor):
    """POST /emails: one content, `{x}` filled per recipient; header fields are everybody's."""

    name = "elasticemail"
    spec = "elasticemail/openapi.yaml"

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/emails", "application/json")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one content."""
        if call.path != "/emails":
            raise Refusal(404, {"Error": "Not found"})
        if call.headers.get("x-elasticemail-apikey") != KEY:
            raise Refusal(401, {"Error": "APIKey Expired / incorrect"})
        data = from_json(call.body)
        if faults := self._spec_faults(data):
            raise Refusal(400, {"Error": "; ".join(faults[:3])})
        if any(not self._valid(person["Email"]) for person in data["Recipients"]):
            raise Refusal(400, {"Error": "Invalid recipient email address"})
        if not data["Content"]["Subject"]:
            raise Refusal(400, {"Error": "no Subject"})
        return [self._message(data, person, number) for person in data["Recipients"]]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the ids of the call."""
        name = mails[0].provider_id if mails else None
        return Reply(200, to_json({"TransactionID": name, "MessageID": name}))

    @staticmethod
    def _message(data: Mapping[str, Any], person: Mapping[str, Any], number: int) -> Taken:
        content, values = data["Content"], person["Fields"]

        def fill(text: str) -> str:
            # A field that nobody gave is nothing.
            return re.sub(r"\{([^{}<>:;]*)\}", lambda match: values.get(match[1], ""), text)

        bodies = {part["ContentType"]: fill(part["Content"]) for part in content["Body"]}
        return Taken(
            key=content["Postback"],
            address=person["Email"],
            batch_key="",
            subject=fill(content["Subject"]),
            html=bodies["HTML"],
            text=bodies["PlainText"],
            headers={"From": content["From"], "Reply-To": content.get("ReplyTo", "")}
            | content["Headers"],
            provider_id=f"ee-{number}",
            tag=data["Options"]["ChannelName"],
        )
