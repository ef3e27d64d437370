"""Creamailer on a loopback socket: it checks signatures, pages, counts the hour, fails as told.

    with CreamailerServer() as server:
        server.account.put("1234", "aino@example.com")
        server.account.then(dropped(after=True), failing(500))
        ... sync with server.settings ...
        assert server.account.statuses("1234") == {"aino@example.com": "unsubscribed"}

`Account` is the same without a socket: give `InProcess(account)` to a client as its transport.
"""

import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final, Self
from urllib.parse import parse_qs, urlsplit

import httpx

TOKEN: Final = "a-token-for-tests"  # noqa: S105 - of no account
SECRET: Final = "a-secret-for-tests"  # noqa: S105 - same
BASE: Final = "http://127.0.0.1/v2/api"
STATUSES: Final = ("active", "unsubscribed", "bounced", "spamreport", "deleted")
_PAGE: Final = 1000
_IMPORT: Final = 500
_SKEW: Final = timedelta(minutes=5)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """How one call goes wrong."""

    status: int | None = None
    """Answer this, and do nothing."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    cut: bool = False
    """Close the connection without an answer."""
    effect: bool = False
    """Do what was asked all the same."""
    hold: float = 0.0
    """Seconds to hold the answer back, unless the server is closed."""


def failing(status: int = 500, *, effect: bool = False, **headers: str) -> Fault:
    """Answer with this status; `Retry_After="60"` becomes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status=status, headers=named, body={"message": "Server Error"}, effect=effect)


def dropped(*, after: bool = False) -> Fault:
    """Hang up: before doing anything, or after having done everything."""
    return Fault(cut=True, effect=after)


def slow(seconds: float) -> Fault:
    """Do everything, but hold the answer back."""
    return Fault(hold=seconds, effect=True)


def faulty(errors: Mapping[str, list[str]]) -> Fault:
    """Answer 422 with these errors per field."""
    return Fault(status=422, body={"message": "The given data was invalid.", "errors": errors})


@dataclass
class Member:
    """Somebody on a list."""

    email: str
    status: str = "active"
    name: str = ""
    custom_fields: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call as it came."""

    method: str
    target: str
    """Path and query, as they were written."""
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `cut` means none at all."""

    status: int
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    hold: float = 0.0

    @property
    def body(self) -> bytes:
        """Write the answer."""
        return self.data if isinstance(self.data, bytes) else json.dumps(self.data).encode()


class Account:
    """One account and its key: the rules of the API, without a network."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        per_hour: int = 100,
        may_write: bool = True,
    ) -> None:
        self.base = BASE
        self.clock = clock
        self.per_hour = per_hour
        self.may_write = may_write
        self.lists: dict[str, dict[str, Member]] = {}
        """By number, then by folded address."""
        self.names: dict[str, str] = {}
        self.auto_suppress: set[str] = set()
        self.suppressed: dict[str, str] = {}
        """Folded address → as given."""
        self.calls: list[Asked] = []
        """Every call whose signature was right."""
        self.made: list[datetime] = []
        self.over = 0
        """Calls beyond the hour's limit."""
        self.most_imported = 0
        self.before: Callable[[Asked], None] = lambda _: None
        """Called when a call comes in; a test may change something here, or kill the caller."""
        self.after: Callable[[Asked], None] = lambda _: None
        """Called when it is done, before the answer leaves."""
        self._faults: deque[Fault | None] = deque()

    def open_list(self, number: str, name: str = "Uutiskirje") -> None:
        """Make a list."""
        self.lists[number] = {}
        self.names[number] = name

    def put(self, number: str, email: str, status: str = "active", **values: Any) -> None:  # noqa: ANN401 - fields of a member
        """Put somebody on a list, or change their status."""
        self.lists[number][email.casefold()] = Member(email, status, **values)

    def statuses(self, number: str) -> dict[str, str]:
        """Give everybody's status by folded address."""
        return {key: member.status for key, member in self.lists[number].items()}

    def mailed(self, number: str) -> set[str]:
        """Give whom a mailing to this list would reach: active and not suppressed."""
        return {
            key
            for key, member in self.lists[number].items()
            if member.status == "active" and key not in self.suppressed
        }

    def then(self, *faults: Fault | None) -> None:
        """Tell how the next calls go, in turn; None: well."""
        self._faults.extend(faults)

    def then_well(self) -> None:
        """Let every call go well from now on."""
        self._faults.clear()

    def answer(self, asked: Asked) -> Reply:
        """Answer a call."""
        self.before(asked)
        fault = (self._faults.popleft() if self._faults else None) or Fault(effect=True)
        reply = self._answer(asked, fault)
        self.after(asked)
        dated = {"Date": format_datetime(self.clock(), usegmt=True), **reply.headers}
        return Reply(reply.status, reply.data, dated, cut=fault.cut, hold=fault.hold)

    def _answer(self, asked: Asked, fault: Fault) -> Reply:
        if (refused := self._refused(asked)) is not None:
            return refused
        self.calls.append(asked)
        if fault.status is None or fault.effect:
            reply = self._do(asked) if fault.effect else Reply(500, {})
        if fault.status is not None:
            return Reply(fault.status, fault.body, fault.headers)
        return reply

    def _refused(self, asked: Asked) -> Reply | None:
        now = self.clock()
        if asked.headers.get("x-access-token") != TOKEN:
            return Reply(401, {"message": "Invalid access token."})
        stamp = asked.headers.get("x-request-timestamp", "")
        if not stamp.isdigit() or abs(now.timestamp() - int(stamp)) > _SKEW.total_seconds():
            return Reply(401, {"message": "Request timestamp is out of range."})
        if asked.headers.get("x-request-signature") != self._signed(asked, stamp):
            return Reply(401, {"message": "Invalid signature."})
        self.made = [when for when in self.made if when > now - _HOUR]
        if len(self.made) >= self.per_hour:
            self.over += 1
            return Reply(429, {"message": "Too Many Attempts."})
        self.made.append(now)
        if asked.method != "GET" and not self.may_write:
            return Reply(403, {"message": "This key may only read."})
        return None

    def _signed(self, asked: Asked, stamp: str) -> str:
        """Sign what came, from the vendor's description: base + path + query + body + time."""
        parts = urlsplit(self.base)
        whole = f"{parts.scheme}://{parts.netloc}{asked.target}".encode()
        digest = hmac.new(SECRET.encode(), digestmod=hashlib.sha256)
        for piece in (whole, asked.body, stamp.encode()):
            digest.update(piece)
        return digest.hexdigest()

    def _do(self, asked: Asked) -> Reply:
        parts = urlsplit(asked.target)
        path = parts.path.removeprefix(urlsplit(self.base).path).strip("/").split("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = json.loads(asked.body) if asked.body else {}
        reply = Reply(404, {"message": "Not found."})
        match asked.method, path:
            case "GET", ["connection-test"]:
                reply = Reply(200, {"message": "Connection successful."})
            case "GET", ["lists"]:
                reply = Reply(200, {"data": [self._list(number) for number in self.lists]})
            case "GET", ["suppressions"]:
                reply = _paged([{"email": email} for email in self.suppressed.values()], query)
            case "POST", ["suppressions"]:
                reply = self._suppress(str(body.get("email", "")))
            case _, ["lists", number, *_] if number not in self.lists:
                reply = Reply(404, {"message": "List not found."})
            case "GET", ["lists", number, "subscribers"]:
                reply = self._subscribers(number, query)
            case "DELETE", ["lists", number, "subscribers"]:
                reply = self._unsubscribe(number, query.get("email", ""))
            case "POST", ["lists", number, "subscribers", "import"]:
                reply = self._import(number, body.get("subscribers"))
        return reply

    def _list(self, number: str) -> dict[str, Any]:
        suppresses = number in self.auto_suppress
        return {
            "id": int(number),
            "name": self.names[number],
            "language": "fi",
            "auto_suppress": suppresses,
        }

    def _subscribers(self, number: str, query: Mapping[str, str]) -> Reply:
        status = query.get("status", "all")
        if status not in {*STATUSES, "all"}:
            return Reply(422, {"message": "Invalid.", "errors": {"status": ["Unknown status."]}})
        rows = [
            {
                "email": member.email,
                "name": member.name,
                "status": member.status,
                "custom_fields": member.custom_fields,
                **member.more,
            }
            for member in self.lists[number].values()
            if status in {member.status, "all"}
        ]
        return _paged(rows, query)

    def _unsubscribe(self, number: str, email: str) -> Reply:
        member = self.lists[number].get(email.casefold())
        if member is None:
            return Reply(404, {"message": "Subscriber not found."})
        if member.status == "active":
            member.status = "unsubscribed"
            if number in self.auto_suppress:
                self.suppressed[email.casefold()] = email
        return Reply(200, {"message": "Subscriber deleted."})

    def _suppress(self, email: str) -> Reply:
        if "@" not in email:
            return Reply(422, {"message": "Invalid.", "errors": {"email": ["Not an address."]}})
        self.suppressed.setdefault(email.casefold(), email)
        return Reply(201, {"data": {"email": email}})

    def _import(self, number: str, rows: Any) -> Reply:  # noqa: ANN401 - any JSON
        if not isinstance(rows, list) or not 0 < len(rows) <= _IMPORT:
            return Reply(422, {"message": "Invalid.", "errors": {"subscribers": ["1 to 500."]}})
        errors = {
            f"subscribers.{index}.email": ["The email must be a valid email address."]
            for index, row in enumerate(rows)
            if "@" not in str(row.get("email", "")) or ".invalid" in row["email"]
        }
        if errors:
            return Reply(422, {"message": "The given data was invalid.", "errors": errors})
        self.most_imported = max(self.most_imported, len(rows))
        for row in rows:
            # Without update_existing, whoever is there stays as they are.
            self.lists[number].setdefault(
                row["email"].casefold(),
                Member(
                    row["email"],
                    name=row.get("name", ""),
                    custom_fields=dict(row.get("custom_fields", {})),
                ),
            )
        return Reply(201, {"data": []})


def _paged(rows: list[dict[str, Any]], query: Mapping[str, str]) -> Reply:
    """Cut a page as Laravel's paginator does; its pages count from 1."""
    size = int(query.get("pagesize", "100"))
    page = int(query.get("page", "1"))
    if not 1 <= size <= _PAGE or page < 1:
        return Reply(422, {"message": "Invalid.", "errors": {"pagesize": ["At most 1000."]}})
    last = max(1, -(-len(rows) // size))
    meta = {"current_page": page, "last_page": last, "per_page": size, "total": len(rows)}
    links = {"next": f"?page={page + 1}" if page < last else None}
    data = rows[(page - 1) * size : page * size]
    return Reply(200, {"data": data, "links": links, "meta": meta})


class InProcess(httpx.BaseTransport):
    """A transport that asks an account in this process."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of httpx."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        target = request.url.raw_path.decode()
        reply = self._account.answer(Asked(request.method, target, headers, request.read()))
        if reply.cut:
            raise httpx.RemoteProtocolError("hung up")
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)


class CreamailerServer:
    """An account on 127.0.0.1; a context manager."""

    def __init__(self, account: Account | None = None) -> None:
        self.account: Final = account or Account()
        self.closing: Final = threading.Event()
        self._lock: Final = threading.Lock()
        handler = type("Handler", (_Handler,), {"desk": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.account.base = self.url

    @property
    def url(self) -> str:
        """Where the API is: [creamailer] url."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v2/api"

    def take(self, asked: Asked) -> Reply:
        """Answer one call at a time."""
        with self._lock:
            return self.account.answer(asked)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    desk: ClassVar[CreamailerServer]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.desk.take(Asked(self.command, self.path, headers, body))
        if reply.hold:
            self.desk.closing.wait(reply.hold)
        if reply.cut:
            self.close_connection = True
            return
        self.wfile.write(_wire(reply))

    do_POST = do_GET  # noqa: N815 - http.server's names
    do_PUT = do_GET  # noqa: N815
    do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet: addresses are nobody's business."""


def _wire(reply: Reply) -> bytes:
    headers = {"Content-Type": "application/json", **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {text}" for name, text in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(reply.body)}", "", ""])
    return head.encode("latin-1") + reply.body
