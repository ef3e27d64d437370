"""Mailgun, as its own pages tell it."""

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from newsletter.testing.openapi import RequestSchema
from newsletter.testing.providers import Taken
from newsletter.testing.vendors.base import (
    DOMAIN,
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


class Mailgun(Vendor):
    """POST /v3/{domain}/messages: one content, `%recipient.x%` filled per recipient."""

    name = "mailgun"
    settings: ClassVar = {"domain": DOMAIN}
    spec = "mailgun/openapi.yaml"
    asked = "/v3/{domain_name}/events"
    most: ClassVar[int] = 1000
    option_bytes: ClassVar[int] = 16 * 1024
    body_bytes: int = 50 * MEBIBYTE
    fields: ClassVar = re.compile(
        r"from|to|subject|text|html|recipient-variables|[hv]:[A-Za-z0-9-]+"
        r"|o:(tag|testmode|tracking|tracking-clicks|tracking-opens|suppress-headers|require-tls)"
    )

    def __init__(self, spec: Path | None = None) -> None:
        super().__init__(spec)
        self.lists: dict[str, list[dict[str, str]]] = {
            "bounces": [], "complaints": [], "unsubscribes": [],
        }  # fmt: skip
        """Whom it mails no more."""
        self.page = 1000
        """Entries on one page of these lists."""

    def _schema(self, spec: Path) -> RequestSchema:
        path, media = "/v3/{domain_name}/messages", "multipart/form-data"
        return RequestSchema(spec, path, media, patterns=("^[hv]:[A-Za-z0-9-]+$",), repeated=True)

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one content for many."""
        self._entrance(call)
        form = _form(call)
        self._check(form)
        variables = from_json(form["recipient-variables"][0].encode())
        return [
            self._message(form, address, variables.get(address, {}), f"{number}@{DOMAIN}")
            for address in dict.fromkeys(form["to"])
        ]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the one id of all."""
        name = mails[0].provider_id if mails else ""
        return Reply(200, to_json({"id": f"<{name}>", "message": "Queued. Thank you."}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Give a page of the domain's log, and links to those around it."""
        path = urlsplit(call.path).path
        if (name := path.rpartition("/")[2]) in self.lists:
            return self._listed(call, name)
        if path.startswith("/v4/"):
            self._door(call, r"/v4/domains/([^/]+)")
            return Reply(200, to_json({"domain": {"name": DOMAIN, "state": "active"}}))
        self._door(call, r"/v3/([^/]+)/events(?:/[A-Za-z0-9_=-]+)?")
        token = path.partition("/events/")[2]
        query = self._query(call) if not token else dict(parse_qsl(_unpacked(token)))
        start, limit = int(query.pop("start", "0")), int(query.get("limit", "100"))
        found = [self._event(item) for item in mails if self._matches(item, query)]
        page = found[start : start + limit]
        pages = {
            name: f"https://{call.headers['host']}/v3/{DOMAIN}/events/"
            + _packed(urlencode({**query, "start": max(place, 0)}))
            for name, place in (("next", start + len(page)), ("previous", start - limit))
        }
        return self._told({"items": page, "paging": pages})

    def _listed(self, call: Call, name: str) -> Reply:
        """Give a page of a suppression list; the next one begins after its last address."""
        self._door(call, rf"/v3/([^/]+)/{name}")
        query = dict(parse_qsl(urlsplit(call.path).query))
        if set(query) - {"limit", "page", "address"} or not 1 <= int(query["limit"]) <= self.most:
            raise Refusal(400, {"message": "unknown parameters"})
        after = query.get("address", "")
        found = sorted(self.lists[name], key=lambda item: item["address"])
        page = [item for item in found if item["address"] > after][: self.page]
        last = page[-1]["address"] if page else after
        link = f"https://{call.headers['host']}/v3/{DOMAIN}/{name}?" + urlencode(
            {"page": "next", "address": last, "limit": query["limit"]}
        )
        return Reply(200, to_json({"items": page, "paging": {"next": link, "previous": link}}))

    @staticmethod
    def _matches(item: Logged, query: Mapping[str, str]) -> bool:
        kind = "rejected" if item.rejected else "accepted"
        return (
            float(query["begin"]) <= item.at.timestamp() <= float(query["end"])
            and kind in query.get("event", kind).split(" OR ")
            and query.get("tags", item.mail.tag) == item.mail.tag
        )

    @staticmethod
    def _event(item: Logged) -> dict[str, Any]:
        return {
            "id": f"ev-{item.mail.key}",
            "event": "rejected" if item.rejected else "accepted",
            "timestamp": item.at.timestamp(),
            "tags": [item.mail.tag],
            "user-variables": {"key": item.mail.key},
            "message": {
                "headers": {
                    "to": item.mail.address,
                    "from": item.mail.headers["From"],
                    "message-id": item.mail.provider_id,
                    "subject": item.mail.subject,
                },
                "attachments": [],
                "size": len(item.mail.html),
            },
        }

    def _entrance(self, call: Call) -> None:
        self._door(call, r"/v3/([^/]+)/messages")
        if len(call.body) > self.body_bytes:
            raise Refusal(413, {"message": "Request Entity Too Large"})

    @staticmethod
    def _door(call: Call, pattern: str) -> None:
        expected = base64.b64encode(f"api:{KEY}".encode()).decode()
        path = re.fullmatch(pattern, urlsplit(call.path).path)
        if not path:
            raise _magnificent()
        if call.headers.get("authorization") != f"Basic {expected}":
            raise Refusal(401, "Forbidden")
        if path[1] != DOMAIN:
            raise Refusal(404, {"message": f"Domain not found: {path[1]}"})

    def _check(self, form: Mapping[str, list[str]]) -> None:
        if unknown := [name for name in form if not self.fields.fullmatch(name)]:
            raise Refusal(400, {"message": f"unknown parameters: {unknown}"})
        for name in ("from", "to", "subject", "recipient-variables"):
            if name not in form:
                raise Refusal(400, {"message": f"{name} parameter is missing"})
        flat = {name: found[0] if len(found) == 1 else found for name, found in form.items()}
        if faults := self._spec_faults(flat):
            raise Refusal(400, {"message": "; ".join(faults[:3])})
        size = sum(
            len(name.encode()) + len(text.encode())
            for name, found in form.items()
            if name[:2] in ("o:", "h:", "v:", "t:")
            for text in found
        )
        if size > self.option_bytes:
            raise Refusal(400, {"message": "Send options are limited to 16KB total"})
        if len(form["to"]) > self.most:
            raise Refusal(400, {"message": "too many recipients in 'to' parameter"})
        if not all(self._valid(address) for address in form["to"]):
            message = "'to' parameter is not a valid address. please check documentation"
            raise Refusal(400, {"message": message})

    @staticmethod
    def _message(
        form: Mapping[str, list[str]], address: str, values: Mapping[str, str], provider_id: str
    ) -> Taken:
        special = {"%recipient%": address, "%unsubscribe_url%": "https://vendor.invalid/leave"}

        def value(match: re.Match[str]) -> str:
            if match[0] in special:
                return special[match[0]]
            if match[1] not in values:
                raise Refusal(400, {"message": f"no value for {match[0]}"})
            return values[match[1]]

        def fill(name: str) -> str:
            pattern = r"%recipient\.([A-Za-z0-9_-]+)%|%recipient%|%unsubscribe_url%"
            return re.sub(pattern, value, form.get(name, [""])[0])

        headers = {name[2:]: fill(name) for name in form if name.startswith("h:")}
        return Taken(
            key=fill("v:key"),
            address=address,
            batch_key="",
            subject=fill("subject"),
            html=fill("html"),
            text=fill("text"),
            headers={"From": form["from"][0]} | headers,
            provider_id=provider_id,
            tag=form.get("o:tag", [""])[0],
        )


def _packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _unpacked(token: str) -> str:
    return base64.urlsafe_b64decode(token).decode()


def _magnificent() -> Refusal:
    refusal = Refusal(200, "")
    refusal.reply = Reply(200, b"Mailgun Magnificent API", {"Content-Type": "text/plain"})
    return refusal


def _form(call: Call) -> dict[str, list[str]]:
    """Read multipart/form-data strictly: text parts with nothing but a name (RFC 7578)."""
    kind = re.fullmatch(
        r"multipart/form-data; boundary=([A-Za-z0-9_-]{1,70})", call.headers.get("content-type", "")
    )
    if not kind:
        raise Refusal(400, {"message": "only multipart/form-data"})
    mark = b"\r\n--" + kind[1].encode()
    first, *parts, last = (b"\r\n" + call.body).split(mark)
    if first or last != b"--\r\n":
        raise Refusal(400, {"message": "malformed multipart body"})
    form: dict[str, list[str]] = {}
    for part in parts:
        match = re.fullmatch(
            rb'\r\nContent-Disposition: form-data; name="([^"\r\n]+)"\r\n\r\n(.*)', part, re.DOTALL
        )
        if not match:
            raise Refusal(400, {"message": "malformed part"})
        form.setdefault(match[1].decode(), []).append(match[2].decode())
    return form
