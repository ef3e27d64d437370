"""Postal, as its controllers read a call."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from newsletter.testing.providers import Taken
from newsletter.testing.rawmail import read_mail
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


class Postal(Vendor):
    """POST /api/v1/send/raw: one whole mail in base64."""

    name = "postal"
    settings: ClassVar = {"host": "postal.example.fi"}

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one mail for each address."""
        if call.path != "/api/v1/send/raw":
            raise Refusal(404, "not found")
        if call.headers.get("x-server-api-key") != KEY:
            raise _error("error", {"code": "InvalidServerAPIKey", "message": "no such key"})
        body = from_json(call.body)
        if set(body) != {"rcpt_to", "mail_from", "data"} or not isinstance(body["rcpt_to"], list):
            raise _error("parameter-error", {"message": f"wrong parameters: {sorted(body)}"})
        mail = read_mail(base64.b64decode(body["data"], validate=True))
        if body["mail_from"] not in mail.headers["From"]:
            raise _error("error", {"code": "UnauthenticatedFromAddress", "message": "not yours"})
        tag = mail.headers.get("X-Postal-Tag", "")
        return [
            replace(mail, key=tag, address=address, provider_id=f"{number}{place}")
            for place, address in enumerate(dict.fromkeys(body["rcpt_to"]))
        ]

    def asks(self, path: str) -> bool:
        """Everything is a POST."""
        return path == "/api/v1/messages/message"

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give an id for each address."""
        found = {mail.address: {"id": int(mail.provider_id), "token": "abc"} for mail in mails}
        data = {"message_id": "1@rp.example.fi", "messages": found}
        return Reply(200, to_json({"status": "success", "time": 0.02, "flags": {}, "data": data}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Give one mail by its id, which we know of none."""
        if call.path == "/api/v1/messages/message":
            known = call.headers.get("x-server-api-key") == KEY
            code = "MessageNotFound" if known else "InvalidServerAPIKey"
            raise _error("error", {"code": code, "message": "no such thing"})
        raise Refusal(404, f"{len(mails)} mails, and no way to ask: {call.path}")


def _error(status: str, data: dict[str, str]) -> Refusal:
    return Refusal(200, {"status": status, "time": 0.01, "flags": {}, "data": data})
