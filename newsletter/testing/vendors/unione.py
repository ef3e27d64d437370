"""UniOne, as its own pages tell it."""

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import (
    KEY,
    MEBIBYTE,
    Call,
    Kept,
    Logged,
    Refusal,
    Reply,
    Vendor,
    from_json,
    to_json,
)

_CAUSES: Mapping[str, str] = {
    "bounced": "permanent_unavailable", "complained": "complained", "unsubscribed": "unsubscribed",
}  # fmt: skip


class UniOne(Vendor):
    """POST email/send.json: one content, here for one recipient."""

    name = "unione"
    settings: ClassVar = {"host": "eu1.unione.io"}
    most_bytes: ClassVar[int] = 10 * MEBIBYTE
    fields: ClassVar = {
        "recipients", "from_email", "from_name", "subject", "body", "headers", "tags", "reply_to",
        "template_engine", "track_links", "track_read", "skip_unsubscribe",
    }  # fmt: skip
    header: ClassVar = re.compile(r"X-.+|List-Unsubscribe(-Post)?", re.IGNORECASE)

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one mail."""
        if call.path != "/en/transactional/api/v1/email/send.json":
            raise Refusal(404, {"status": "error", "message": "no such method"})
        if call.headers.get("x-api-key") != KEY:
            raise Refusal(401, {"status": "error", "code": 102, "message": "no such user"})
        if len(call.body) > self.most_bytes:
            raise Refusal(413, {"status": "error", "message": "too large"})
        message = from_json(call.body)["message"]
        if unknown := set(message) - self.fields:
            raise _error(f"unknown fields: {sorted(unknown)}")
        if strange := [name for name in message["headers"] if not self.header.fullmatch(name)]:
            raise _error(f"headers that are not allowed: {strange}")
        if message["template_engine"] != "none" or message["track_links"] or message["track_read"]:
            raise _error("this twin takes mail that is filled, and does not track")
        (recipient,) = message["recipients"]
        address = recipient["email"]
        if not self._valid(address):
            refusal = _error("no valid recipients")
            payload = {"status": "error", "code": 204, "failed_emails": {address: "invalid"}}
            refusal.reply = Reply(400, to_json(payload))
            raise refusal
        own = {"From": f"{message['from_name']} <{message['from_email']}>",
               "Reply-To": message.get("reply_to", "")}  # fmt: skip
        return [
            Taken(
                key=recipient["metadata"]["key"],
                address=address,
                batch_key="",
                subject=message["subject"],
                html=message["body"]["html"],
                text=message["body"]["plaintext"],
                headers=own | message["headers"],
                provider_id=f"job-{number}",
                tag=message["tags"][0],
            )
        ]

    def asks(self, path: str) -> bool:
        """Everything is a POST."""
        return not path.endswith("/email/send.json")

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Greet, or give a page of the list."""
        del mails
        method = call.path.removeprefix("/en/transactional/api/v1/")
        if call.headers.get("x-api-key") != KEY:
            raise Refusal(401, {"status": "error", "code": 102, "message": "no such user"})
        data = from_json(call.body)
        if method == "system/info.json" and not data:
            return Reply(200, to_json({"status": "success", "user_id": 1}))
        known = {"start_time", "limit", "cursor"}
        if method != "suppression/list.json" or set(data) != known:
            raise _error(f"{method}: {sorted(data)}")
        start = int(data["cursor"] or 0)
        end = start + min(data["limit"], self.page)
        rows = [_entry(item) for item in self.kept]
        cursor = str(end) if end < len(rows) else ""
        payload = {"status": "success", "suppressions": rows[start:end], "cursor": cursor}
        return Reply(200, to_json(payload))

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the job's id, and who was taken."""
        job = mails[0].provider_id if mails else "job-0"
        emails = [mail.address for mail in mails]
        return Reply(200, to_json({"status": "success", "job_id": job, "emails": emails}))


def _error(message: str) -> Refusal:
    return Refusal(400, {"status": "error", "code": 150, "message": message})


def _entry(item: Kept) -> dict[str, object]:
    created = item.at.strftime("%Y-%m-%d %H:%M:%S")
    return {"email": item.address, "cause": _CAUSES[item.why], "source": "system",
            "is_deletable": True, "created": created}  # fmt: skip
