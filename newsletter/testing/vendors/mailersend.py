"""MailerSend, as its own pages tell it; it publishes no specification."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

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

_LISTS: Mapping[str, str] = {
    "bounced": "hard-bounces", "complained": "spam-complaints", "unsubscribed": "unsubscribes",
}  # fmt: skip


class MailerSend(Vendor):
    """POST /email: one mail; more than one address would see each other."""

    name = "mailersend"
    fields: ClassVar = {
        "from", "to", "reply_to", "subject", "text", "html", "tags", "headers", "settings",
    }  # fmt: skip

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

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Give a page of its domains, their activity, or a list."""
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise Refusal(401, {"message": "Unauthenticated."})
        path = path_of(call)
        if path == "/api-quota":
            return self._answer({"quota": 100, "remaining": 99}, {})
        events = {f"event[{place}]" for place in range(3)}
        query = parameters(call, "limit", "page", "date_from", "date_to", *events)
        if path == "/domains":
            return self._paged([{"id": "d1", "name": "example.fi"}], query)
        if name := path.partition("/suppressions/")[2]:
            return self._paged([_entry(item) for item in self.kept
                                if _LISTS[item.why] == name], query)  # fmt: skip
        if path != "/activity/d1":
            raise Refusal(404, {"message": "The route could not be found."})
        begin, end = int(query["date_from"]), int(query["date_to"])
        if not 0 < end - begin <= 7 * 86_400:
            raise _invalid("date_to", "The timeframe cannot exceed 7 days.")
        return self._paged([_activity(item) for item in mails
                            if begin <= item.at.timestamp() <= end], query)  # fmt: skip

    def _paged(self, rows: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> Reply:
        if not 10 <= int(query["limit"]) <= 100:  # noqa: PLR2004 - theirs
            raise _invalid("limit", "The limit must be between 10 and 100.")
        size = min(int(query["limit"]), self.page)
        end = int(query["page"]) * size
        more = "https://vendor.invalid/?page=next" if end < len(rows) else None
        return Reply(200, to_json({"data": rows[end - size : end], "links": {"next": more}}))

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


def _entry(item: Kept) -> dict[str, Any]:
    person = {"id": "r1", "email": item.address}
    return {"id": "s1", "recipient": person, "reason": item.text or None,
            "created_at": item.at.isoformat()}  # fmt: skip


def _activity(item: Logged) -> dict[str, Any]:
    email = {
        "id": item.mail.provider_id,
        "subject": item.mail.subject,
        "tags": [item.mail.tag, item.mail.key],
        "recipient": {"email": item.mail.address},
    }
    return {"id": f"a-{item.mail.key}", "type": "suppressed" if item.rejected else "queued",
            "created_at": item.at.isoformat(), "email": email}  # fmt: skip
