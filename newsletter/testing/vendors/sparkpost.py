"""SparkPost, as its API reference tells it."""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import (
    KEY,
    MEBIBYTE,
    Call,
    Logged,
    Refusal,
    Reply,
    Vendor,
    from_json,
    to_json,
)

_FREE = {"headers", "metadata", "substitution_data"}
"""Objects whose names are ours."""
_EXPRESSION = re.compile(
    r"\{\{\{\s*([A-Za-z_]\w*)\s*\}\}\}|\{\{\s*([A-Za-z_]\w*)?.*?\}\}", re.DOTALL
)
_EVENTS = {"injection", "policy_rejection", "generation_failure", "generation_rejection"}


class _Blueprint(RequestSchema):
    """The names that the vendor's API Blueprint has: it is prose and samples, no schema."""

    def __init__(self, file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        self._names = set(re.findall(r"^\s*\+ `?([a-z_0-9]+)`? \(", text, re.MULTILINE))
        self._names |= set(re.findall(r'"([a-z_0-9]+)":', text))

    def faults(self, value: Any) -> list[str]:  # noqa: ANN401 - any JSON
        """List the fields that stand nowhere in it."""
        items = value if isinstance(value, list) else [value]
        fields = {name: inner for item in items if isinstance(item, dict)
                  for name, inner in item.items()}  # fmt: skip
        return [f"{name}: unknown field" for name in fields if name not in self._names] + [
            fault
            for item in items
            if isinstance(item, dict)
            for name, inner in item.items()
            if name not in _FREE
            for fault in self.faults(inner)
        ]


class SparkPost(Vendor):
    """POST /api/v1/transmissions: one content, `{{{x}}}` filled per recipient."""

    name = "sparkpost"
    spec = "sparkpost/transmissions.apib"
    most: ClassVar[int] = 10_000
    shape: ClassVar[Mapping[str, set[str]]] = {
        "": {"options", "campaign_id", "content", "substitution_data", "recipients"},
        "options": {"transactional", "open_tracking", "click_tracking"},
        "content": {"from", "reply_to", "subject", "html", "text", "headers", "inline_images"},
    }

    def __init__(self, spec: Path | None = None) -> None:
        super().__init__(spec)
        self.list: list[dict[str, str]] = []
        """Whom it mails no more, as it shows them."""
        self.page = 300
        """The most entries on one page of an answer."""
        self._rejected = 0

    def _schema(self, spec: Path) -> RequestSchema:
        return _Blueprint(spec)

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one content for many, without those of bad addresses."""
        self._door(call, "/api/v1/transmissions")
        data = from_json(call.body)
        self._check(data)
        people = [item for item in data["recipients"] if self._valid(item["address"]["email"])]
        self._rejected = len(data["recipients"]) - len(people)
        if not people:
            raise _refusal(400, "5002", "at least one valid recipient is required",
                           results=self._results("", 0))  # fmt: skip
        return [self._message(data, item, f"sp-{number}") for item in people]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give one id and two counts, and an error beside them for the refused."""
        name = mails[0].provider_id if mails else "sp-0"
        payload: dict[str, Any] = {"results": self._results(name, len(mails))}
        if self._rejected:
            message = "transmission created, but with validation errors"
            payload["errors"] = [{"message": message, "code": "2000"}]
        return Reply(200, to_json(payload))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Give a page of events, the latest first, or of the suppression list."""
        path, query = urlsplit(call.path).path, dict(parse_qsl(urlsplit(call.path).query))
        self._door(call, path)
        if path == "/api/v1/suppression-list":
            return self._page(path, query, {"per_page"}, self.list)
        if path != "/api/v1/events/message":
            raise _refusal(404, "1600", "Resource could not be found")
        found = [_event(item) for item in reversed(mails) if _matches(item, query)]
        known = {"campaigns", "events", "from", "to", "per_page"}
        return self._page(path, query, known, found)

    def _page(
        self, path: str, query: Mapping[str, str], known: set[str], found: Sequence[Any]
    ) -> Reply:
        if set(query) - known - {"cursor"} or not 1 <= int(query["per_page"]) <= self.most:
            raise _refusal(400, "1300", f"unknown parameters: {sorted(query)}")
        cursor = query.get("cursor", "initial")
        start = 0 if cursor == "initial" else int(cursor.removeprefix("at="))
        end = start + min(int(query["per_page"]), self.page)
        links = [{"href": f"{path}?cursor={quote(f'at={end}')}", "rel": "next"}]
        payload = {"results": found[start:end], "total_count": len(found),
                   "links": links if end < len(found) else []}  # fmt: skip
        return Reply(200, to_json(payload))

    @staticmethod
    def _door(call: Call, path: str) -> None:
        if call.headers.get("authorization") != KEY:
            raise Refusal(401, {"errors": [{"message": "Unauthorized."}]})
        if urlsplit(call.path).path != path:
            raise _refusal(404, "1600", "Resource could not be found")

    def _results(self, name: str, accepted: int) -> dict[str, Any]:
        fault = {"message": "required field is missing", "code": "1400",
                 "description": "address.email is required for each recipient"}  # fmt: skip
        errors = {"rcpt_to_errors": [fault]} if self._rejected else {}
        return {"total_rejected_recipients": self._rejected, "total_accepted_recipients": accepted,
                "id": name, **errors}  # fmt: skip

    def _check(self, data: Mapping[str, Any]) -> None:
        for place, names in self.shape.items():
            fields = data[place] if place else data
            if unknown := set(fields) - names:
                raise _refusal(400, "1300", f"unknown fields {sorted(unknown)} in {place!r}")
        if faults := self._spec_faults(data):
            raise _refusal(400, "1300", "; ".join(faults[:3]))
        content = data["content"]
        if not content["subject"]:
            raise _refusal(422, "1300", "subject is required")
        if data["options"]["transactional"] is not True:
            raise _refusal(400, "1300", "List-Unsubscribe would be overwritten")
        size = len(content["html"].encode()) + len(content["text"].encode())
        if len(data["campaign_id"].encode()) > 64 or size > 20 * MEBIBYTE:  # noqa: PLR2004
            raise _refusal(422, "1300", "campaign_id or content too long")
        if not 1 <= len(data["recipients"]) <= self.most:
            raise _refusal(400, "1300", "recipients: 1 to 10,000")
        for item in data["recipients"]:
            if set(item) != {"address", "metadata", "substitution_data"}:
                raise _refusal(400, "1300", f"unknown fields of a recipient: {sorted(item)}")

    @staticmethod
    def _message(data: Mapping[str, Any], item: Mapping[str, Any], name: str) -> Taken:
        values = data["substitution_data"] | item["substitution_data"]

        def value(found: re.Match[str]) -> str:
            if not found[1]:  # two braces: an expression, escaped
                return html.escape(values.get(found[2], ""))
            if found[1] not in values:
                raise _refusal(422, "1300", f"no value for {found[1]}")
            return str(values[found[1]])

        def fill(text: str) -> str:
            constant = _EXPRESSION.sub("", text)
            if "{{" in constant or "}}" in constant:
                raise _refusal(422, "3000", "substitution language syntax error")
            return _EXPRESSION.sub(value, text)

        content, sender = data["content"], data["content"]["from"]
        headers = {head: fill(text) for head, text in content["headers"].items()}
        return Taken(
            key=item["metadata"]["newsletter_key"],
            address=item["address"]["email"],
            batch_key="",
            subject=fill(content["subject"]),
            html=fill(content["html"]),
            text=fill(content["text"]),
            headers={"From": f"{fill(sender['name'])} <{fill(sender['email'])}>"}
            | {"Reply-To": fill(content.get("reply_to", ""))}
            | headers,
            provider_id=name,
            tag=data["campaign_id"],
        )


def _matches(item: Logged, query: Mapping[str, str]) -> bool:
    kinds = query["events"].split(",")
    if set(kinds) - _EVENTS:
        raise _refusal(400, "1300", f"unknown events: {kinds}")
    begin, end = (
        datetime.strptime(query[name], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
        for name in ("from", "to")
    )
    fits = begin <= item.at <= end and query["campaigns"] == item.mail.tag
    return fits and ("generation_rejection" if item.rejected else "injection") in kinds


def _event(item: Logged) -> dict[str, Any]:
    return {
        "type": "generation_rejection" if item.rejected else "injection",
        "campaign_id": item.mail.tag,
        "event_id": f"ev-{item.mail.key}",
        "rcpt_meta": {"newsletter_key": item.mail.key},
        "rcpt_to": item.mail.address,
        "timestamp": item.at.isoformat(),
        "transmission_id": item.mail.provider_id,
    }


def _refusal(
    status: int, code: str, message: str, *, results: Mapping[str, Any] | None = None
) -> Refusal:
    errors = {"errors": [{"code": code, "message": message}]}
    return Refusal(status, errors | ({"results": results} if results else {}))
