"""Sweego, as its own pages tell it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import (
    KEY,
    Call,
    Refusal,
    Reply,
    Vendor,
    from_json,
    to_json,
)


class Sweego(Vendor):
    """POST /send: one content, here for one recipient."""

    name = "sweego"
    most_headers: ClassVar[int] = 5
    fields: ClassVar[Mapping[str, type]] = {
        "channel": str, "provider": str, "campaign-type": str, "campaign-id": str,
        "recipients": list, "from": dict, "subject": str, "message-html": str,
        "message-txt": str, "tracking_open": bool, "dry-run": bool, "headers": dict,
        "list-unsub": dict, "reply-to": dict,
    }  # fmt: skip

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one mail."""
        if call.path != "/send":
            raise Refusal(404, {"detail": "Not Found"})
        if call.headers.get("api-key") != KEY:
            raise Refusal(401, {"detail": "Invalid API key"})
        body = from_json(call.body)
        self._check(body)
        (recipient,) = body["recipients"]
        if not self._valid(recipient["email"]):
            raise _invalid("recipients", 0, "email")
        return [
            Taken(
                key=body["headers"]["X-Newsletter-Delivery"],
                address=recipient["email"],
                batch_key="",
                subject=body["subject"],
                html=body["message-html"],
                text=body["message-txt"],
                headers=_headers(body),
                provider_id=f"swg-{number}",
                tag=body["campaign-id"],
            )
        ]

    def _check(self, body: Mapping[str, Any]) -> None:
        for name, value in body.items():
            if not isinstance(value, self.fields.get(name, type(None))):
                raise _invalid(name)
        for name in ("recipients", "from", "subject", "provider"):
            if name not in body:
                raise _invalid(name)
        if (body["channel"], body["provider"]) != ("email", "sweego"):
            raise _invalid("channel")
        if len(body["headers"]) > self.most_headers:
            raise _invalid("headers")
        if body["campaign-type"] not in ("market", "newsletter", "transac"):
            raise _invalid("campaign-type")

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give an id for each address."""
        answer = {
            "channel": "email",
            "provider": "sweego",
            "transaction_id": "8f3e0d5c-0000-4000-8000-000000000000",
            "swg_uids": {mail.address: mail.provider_id for mail in mails},
        }
        return Reply(200, to_json(answer))


def _headers(body: Mapping[str, Any]) -> dict[str, str]:
    """Write the header fields that would arrive."""
    way = body.get("list-unsub", {"method": "mailto", "value": ""})
    if set(way) != {"method", "value"} or way["method"] not in ("mailto", "one-click"):
        raise _invalid("list-unsub")
    post = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return {
        "From": f"{body['from']['name']} <{body['from']['email']}>",
        "Reply-To": body.get("reply-to", {}).get("email", ""),
        "List-Unsubscribe": way["value"],
        **(post if way["method"] == "one-click" else {}),
        **body["headers"],
    }


def _invalid(*place: str | int) -> Refusal:
    detail = {"loc": ["body", *place], "msg": "not valid", "type": "value_error"}
    return Refusal(422, {"detail": [detail]})
