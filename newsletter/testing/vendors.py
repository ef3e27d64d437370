"""How two vendors read a call: what they refuse, what they take, what they answer.

Written from the vendors' pages and OpenAPI files as of 2026-11. Stricter than the vendors where
that finds our mistakes: an unknown field, or a variable without a value, is refused.
"""

import base64
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from newsletter.testing.openapi import Question, RequestSchema
from newsletter.testing.providers import Taken

KEY: Final = "key-for-loopback-only"
"""The key that the loopback servers want."""
DOMAIN: Final = "mg.example.fi"
"""The sending domain that the loopback Mailgun knows."""

_ADDRESS = re.compile(r"[^@\s<>,]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_MEBIBYTE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Logged:
    """One mail that was taken, and when."""

    mail: Taken
    at: datetime
    rejected: bool = False
    """Taken, and then thrown away."""


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error
    """The call is not taken, and this is the answer."""

    def __init__(self, status: int, payload: object) -> None:
        super().__init__(f"{status} {payload}")
        self.reply = Reply(status, _json(payload))


class Vendor(ABC):
    """One vendor's reading of calls; `bad` are addresses that it finds invalid."""

    name: ClassVar[str]
    spec: ClassVar[str]
    """Where its OpenAPI file stands in a folder of specs."""
    asked: ClassVar[str]
    """The path in it of questions about what was taken."""

    def __init__(self, spec: Path | None = None) -> None:
        self.bad: Final[set[str]] = set()
        self.schema = self._schema(spec) if spec else None
        self.question = Question(spec, self.asked) if spec else None

    @abstractmethod
    def _schema(self, spec: Path) -> RequestSchema: ...

    @abstractmethod
    def read(self, call: Call, number: int) -> list[Taken]:
        """Take a call: one mail per recipient; raises Refusal."""

    @abstractmethod
    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Answer a call that was taken."""

    @abstractmethod
    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Answer a question about what was taken, the earliest first; raises Refusal."""

    def idempotency_key(self, _call: Call) -> str | None:
        """Read the key under which a call is taken only once."""
        return None

    def _spec_faults(self, body: Any) -> list[str]:  # noqa: ANN401 - any JSON
        return self.schema.faults(body) if self.schema else []

    def _query(self, call: Call) -> dict[str, str]:
        """Read the query of a question as the spec has it."""
        query = dict(parse_qsl(urlsplit(call.path).query, strict_parsing=True))
        if self.question and (faults := self.question.faults(query)):
            raise Refusal(400, {"message": "; ".join(faults)})
        return query

    def _told(self, payload: dict[str, Any]) -> Reply:
        if self.question and (faults := self.question.answer_faults(payload)):
            raise AssertionError(f"no such answer: {faults[:3]}")
        return Reply(200, _json(payload))

    def _valid(self, address: str) -> bool:
        return bool(_ADDRESS.fullmatch(address)) and address not in self.bad


class Resend(Vendor):
    """POST /emails/batch: an array of whole messages, all or none."""

    name = "resend"
    spec = "resend/resend.json"
    asked = "/emails"
    most: ClassVar[int] = 100
    fields: ClassVar = {"from", "to", "subject", "html", "text", "reply_to", "headers", "tags"}

    def _schema(self, spec: Path) -> RequestSchema:
        return RequestSchema(spec, "/emails/batch", "application/json")

    def idempotency_key(self, call: Call) -> str | None:
        """Read the Idempotency-Key header."""
        return call.headers.get("idempotency-key")

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take an array of messages."""
        self._entrance(call)
        items = _loads(call.body)
        if not isinstance(items, list) or not 1 <= len(items) <= self.most:
            raise self._refusal(422, "validation_error", "between 1 and 100 emails")
        if faults := self._spec_faults(items):
            raise self._refusal(422, "validation_error", "; ".join(faults[:3]))
        key = self.idempotency_key(call) or ""
        return [
            self._message(item, key, f"re-{number}-{place}") for place, item in enumerate(items)
        ]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the ids, in order."""
        return Reply(200, _json({"data": [{"id": mail.provider_id} for mail in mails]}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """List mails, the newest first; or give one with its text."""
        self._key(call)
        path = urlsplit(call.path).path
        newest = list(reversed(mails))
        if path != "/emails":
            found = [item for item in newest if path == f"/emails/{item.mail.provider_id}"]
            if not found:
                raise self._refusal(404, "not_found", "Email not found")
            texts = {"html": found[0].mail.html, "text": found[0].mail.text}
            return Reply(200, _json({**self._listed(found[0]), **texts}))
        query = self._query(call)
        ids = [item.mail.provider_id for item in newest]
        if (after := query.get("after")) is not None and after not in ids:
            raise self._refusal(422, "validation_error", "Invalid cursor")
        rest = newest[ids.index(after) + 1 :] if after else newest
        limit = int(query.get("limit", "20"))
        data = [self._listed(item) for item in rest[:limit]]
        return self._told({"object": "list", "has_more": len(rest) > limit, "data": data})

    @staticmethod
    def _listed(item: Logged) -> dict[str, Any]:
        return {
            "object": "email",
            "id": item.mail.provider_id,
            "to": [item.mail.address],
            "from": item.mail.headers["From"],
            "created_at": f"{item.at:%Y-%m-%d %H:%M:%S.%f}+00",
            "subject": item.mail.subject,
            "last_event": "sent",
        }

    def _entrance(self, call: Call) -> None:
        if call.path != "/emails/batch":
            raise self._refusal(404, "not_found", "The requested endpoint does not exist")
        self._key(call)
        if call.headers.get("content-type") != "application/json":
            raise self._refusal(422, "validation_error", "The body is not JSON")
        if len(key := self.idempotency_key(call) or "k") > 256 or not key:  # noqa: PLR2004 - theirs
            raise self._refusal(400, "invalid_idempotency_key", "The key must be 1-256 chars.")

    def _key(self, call: Call) -> None:
        authorization = call.headers.get("authorization", "")
        if not authorization.startswith("Bearer "):
            raise self._refusal(401, "missing_api_key", "Missing API key in the header")
        if authorization != f"Bearer {KEY}":
            raise self._refusal(403, "invalid_api_key", "API key is invalid")

    def _message(self, item: Any, batch_key: str, provider_id: str) -> Taken:  # noqa: ANN401
        if not isinstance(item, dict) or set(item) - self.fields:
            raise self._refusal(422, "validation_error", f"unknown fields: {sorted(item)}")
        to = item.get("to")
        address = to[0] if isinstance(to, list) and len(to) == 1 else to
        if not isinstance(address, str) or not self._valid(address):
            raise self._refusal(
                422, "validation_error", "Invalid `to` field. The email address needs to be valid."
            )
        if not item.get("subject") or not item.get("from"):
            raise self._refusal(422, "missing_required_field", "Missing `subject` or `from`")
        tags = {tag["name"]: tag["value"] for tag in item.get("tags", [])}
        if not all(
            re.fullmatch(r"[A-Za-z0-9_-]{1,256}", text) for pair in tags.items() for text in pair
        ):
            raise self._refusal(422, "validation_error", "Tags: ASCII letters, digits, _ and -")
        return Taken(
            key=tags.get("delivery", ""),
            address=address,
            batch_key=batch_key,
            subject=item["subject"],
            html=item.get("html", ""),
            text=item.get("text", ""),
            headers={"From": item["from"], "Reply-To": item.get("reply_to", "")}
            | item.get("headers", {}),
            provider_id=provider_id,
            tag=tags.get("mailing", ""),
        )

    @staticmethod
    def _refusal(status: int, name: str, message: str) -> Refusal:
        return Refusal(status, {"statusCode": status, "name": name, "message": message})


class Mailgun(Vendor):
    """POST /v3/{domain}/messages: one content, `%recipient.x%` filled per recipient."""

    name = "mailgun"
    spec = "mailgun/openapi.yaml"
    asked = "/v3/{domain_name}/events"
    most: ClassVar[int] = 1000
    option_bytes: ClassVar[int] = 16 * 1024
    body_bytes: int = 50 * _MEBIBYTE
    fields: ClassVar = re.compile(
        r"from|to|subject|text|html|recipient-variables|[hv]:[A-Za-z0-9-]+"
        r"|o:(tag|testmode|tracking|tracking-clicks|tracking-opens|suppress-headers|require-tls)"
    )

    def _schema(self, spec: Path) -> RequestSchema:
        path, media = "/v3/{domain_name}/messages", "multipart/form-data"
        return RequestSchema(spec, path, media, patterns=("^[hv]:[A-Za-z0-9-]+$",), repeated=True)

    def read(self, call: Call, number: int) -> list[Taken]:
        """Take one content for many."""
        self._entrance(call)
        form = _form(call)
        self._check(form)
        variables = _loads(form["recipient-variables"][0].encode())
        return [
            self._message(form, address, variables.get(address, {}), f"{number}@{DOMAIN}")
            for address in dict.fromkeys(form["to"])
        ]

    def reply(self, mails: Sequence[Taken]) -> Reply:
        """Give the one id of all."""
        name = mails[0].provider_id if mails else ""
        return Reply(200, _json({"id": f"<{name}>", "message": "Queued. Thank you."}))

    def tell(self, call: Call, mails: Sequence[Logged]) -> Reply:
        """Give a page of the domain's log, and links to those around it."""
        path = urlsplit(call.path).path
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


VENDORS: Final[Mapping[str, type[Vendor]]] = {kind.name: kind for kind in (Mailgun, Resend)}


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


def _json(payload: object) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def _loads(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(body)
    except ValueError as error:
        raise Refusal(
            400, {"message": "the body is not JSON", "name": "validation_error"}
        ) from error
