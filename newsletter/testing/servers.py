"""Vendors on a loopback socket, that take mail, keep a record and fail as told.

    with VendorServer(Resend()) as server:
        server.then(cut_after(), answer(429, {"Retry-After": "7"}))
        ... send to server.url ...
        assert server.addresses == ["a@example.com"]

As a process of its own, which lives on when the sender is killed; it prints its port:
`python -m newsletter.testing.servers resend --port 0 --record FILE --faults 0.3 --seed 7`
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Final, Literal, Self

from newsletter.testing.providers import Taken
from newsletter.testing.vendors import KEY, VENDORS, Call, Logged, Refusal, Reply, Vendor
from newsletter.testing.vendors.mailgun import Mailgun
from newsletter.testing.vendors.resend import Resend

__all__ = [
    "KEY", "Fault", "Mailgun", "Resend", "VendorServer", "answer", "cut_after", "cut_before",
    "cut_middle", "hold", "partial", "random_faults", "read_record", "short_list", "wrong_json",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """How one call goes wrong; the parts can be combined."""

    status: int | None = None
    """Answer this instead of the vendor's own answer."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    share: float = 1.0
    """How much of the call is taken, from its start: 0 nothing, 1 everything."""
    cut: Literal["", "before", "after", "middle"] = ""
    """Close the connection: before reading the call, before or in the middle of the answer."""
    hold: float = 0.0
    """Seconds to hold the answer back, unless the server is closed."""
    short: bool = False
    """Leave the last recipient out of the answer."""


def answer(status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Fault:
    """Take nothing and answer with this status."""
    return Fault(status=status, headers=headers or {}, body=body, share=0)


def cut_before() -> Fault:
    """Close the connection without reading the call."""
    return Fault(cut="before", share=0)


def cut_after() -> Fault:
    """Take everything, then close the connection without an answer."""
    return Fault(cut="after")


def cut_middle() -> Fault:
    """Take everything, then close the connection in the middle of the answer."""
    return Fault(cut="middle")


def hold(seconds: float) -> Fault:
    """Take everything, but hold the answer back."""
    return Fault(hold=seconds)


def wrong_json() -> Fault:
    """Take everything and answer 200 with something that is no JSON."""
    return Fault(body=b'{"data": [')


def short_list() -> Fault:
    """Take everything, but leave the last recipient out of the answer."""
    return Fault(short=True)


def partial(share: float = 0.5) -> Fault:
    """Take a part, then answer 500."""
    return Fault(status=500, body=b'{"message": "Internal Server Error"}', share=share)


def random_faults(seed: int, rate: float) -> Iterator[Fault | None]:
    """Give faults for ever: every call goes wrong with probability `rate`."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    kinds = [
        answer(429, {"Retry-After": "0"}), answer(500), answer(502), answer(503), cut_before(),
        cut_after(), cut_middle(), hold(0.2), wrong_json(), short_list(), partial(),
    ]  # fmt: skip
    while True:
        yield dice.choice(kinds) if dice.random() < rate else None


class VendorServer:
    """One vendor on 127.0.0.1; a context manager. Safe to be called from many connections.

    `record` is a file that gets a line of JSON per mail, on the disk before the answer leaves.
    """

    def __init__(
        self,
        vendor: Vendor,
        *,
        port: int = 0,
        record: Path | None = None,
        faults: Iterator[Fault | None] | None = None,
    ) -> None:
        self.vendor: Final = vendor
        self.taken: Final[list[Taken]] = []
        self.calls: Final[list[Call]] = []
        """Every call that was read, refused and repeated ones too."""
        self.closing: Final = threading.Event()
        self.log: Final[list[Logged]] = []
        """What it tells of when it is asked; `taken` is what is true."""
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        """Its clock, by which it keeps the log."""
        self._record = record
        self._faults = faults
        self._script: Final[deque[Fault | None]] = deque()
        self._answers: Final[deque[Fault | None]] = deque()
        self._begun: Final[dict[str, tuple[str, set[str]]]] = {}
        self._answered: Final[dict[str, Reply]] = {}
        self._lock: Final = threading.Lock()
        self._connections: Final[set[socket.socket]] = set()
        handler = type("Handler", (_Handler,), {"desk": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.block_on_close = False

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What to give a driver as its `base_url`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def addresses(self) -> list[str]:
        """Every address that a mail was taken for, in order; twice if it was taken twice."""
        return [mail.address for mail in self.taken]

    def then(self, *faults: Fault | None) -> None:
        """Tell how the next calls go, in turn; None: well."""
        self._script.extend(faults)

    def then_tell(self, *faults: Fault | None) -> None:
        """Tell how the next questions go, in turn; None: well."""
        self._answers.extend(faults)

    def begin_anew(self) -> None:
        """Forget all calls, mails and faults, as a new one would have none."""
        with self._lock:
            for memory in (
                self.taken, self.calls, self.log, self._script, self._answers, self._begun,
                self._answered, self.vendor.bad, self.vendor.kept,
            ):  # fmt: skip
                memory.clear()

    def forget(self, *addresses: str) -> None:
        """Leave mails to these addresses out of the log, as if they came late."""
        self.log[:] = [item for item in self.log if item.mail.address not in addresses]

    def throw_away(self, *addresses: str) -> None:
        """Let the log say of mails to these addresses that they were rejected."""
        for place, item in enumerate(self.log):
            if item.mail.address in addresses:
                self.log[place] = replace(item, rejected=True)

    def refuse(self, *addresses: str) -> None:
        """Find these addresses invalid from now on."""
        self.vendor.bad.update(addresses)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for connection in self._connections:
                _hang_up(connection)

    def next_fault(self) -> Fault | None:
        """Choose how the next call goes."""
        with self._lock:
            if self._script:
                return self._script.popleft()
            return next(self._faults) if self._faults else None

    def take(self, call: Call, fault: Fault | None) -> Reply:
        """Take a call as far as the fault lets it, and answer."""
        with self._lock:
            self.calls.append(call)
            try:
                reply = self._take(call, fault or Fault())
            except Refusal as refusal:
                reply = refusal.reply
        if fault is None:
            return reply
        status = fault.status or reply.status
        body = reply.body if fault.body is None else fault.body
        return Reply(status, body, {**reply.headers, **fault.headers})

    def tell(self, call: Call) -> tuple[Reply, Fault | None]:
        """Answer a question, and say how it goes wrong, if it does."""
        with self._lock:
            self.calls.append(call)
            fault = self._answers.popleft() if self._answers else None
            try:
                reply = self.vendor.tell(call, self.log)
            except Refusal as refusal:
                reply = refusal.reply
        if fault is None or fault.status is None:
            return reply, fault
        return Reply(fault.status, fault.body or b"{}", fault.headers), fault

    def connected(self, connection: socket.socket, *, here: bool) -> None:
        """Note a connection, to hang up at the end."""
        with self._lock:
            (self._connections.add if here else self._connections.discard)(connection)

    def _take(self, call: Call, fault: Fault) -> Reply:
        key = self.vendor.idempotency_key(call)
        digest = hashlib.sha256(call.body).hexdigest()
        if key in self._begun and self._begun[key][0] != digest:
            name, message = "invalid_idempotent_request", "Same key, different payload"
            raise Refusal(409, {"statusCode": 409, "name": name, "message": message})
        if key in self._answered:
            return self.vendor.repeated(self._answered[key])
        mails = self.vendor.read(call, len(self.calls))
        kept = mails[: int(len(mails) * fault.share)]
        if key is not None and kept:
            # A repeat of a call that was taken in part takes only the rest.
            taken = self._begun.setdefault(key, (digest, set()))[1]
            kept = [mail for mail in kept if mail.key not in taken]
            taken.update(mail.key for mail in kept)
        self._keep(kept)
        if key is not None and fault.share == 1:
            self._answered[key] = self.vendor.reply(mails)
        return self.vendor.reply(mails[:-1] if fault.short else mails)

    def _keep(self, mails: Sequence[Taken]) -> None:
        if self._record and mails:
            with self._record.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(asdict(mail)) + "\n" for mail in mails)
                stream.flush()
                os.fsync(stream.fileno())
        self.taken.extend(mails)
        self.log.extend(Logged(mail, self.now()) for mail in mails)


class _Handler(BaseHTTPRequestHandler):
    desk: ClassVar[VendorServer]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def setup(self) -> None:
        super().setup()
        self.desk.connected(self.connection, here=True)

    def finish(self) -> None:
        self.desk.connected(self.connection, here=False)
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the client hung up: its own affair

    def do_POST(self) -> None:
        if self.desk.vendor.asks(self.path):
            self.do_GET()
            return
        fault = self.desk.next_fault()
        if fault and fault.cut == "before":
            self._cut()
            return
        length = int(self.headers.get("Content-Length", "0"))
        if len(body := self.rfile.read(length)) < length:
            self.close_connection = True  # the client died before its call was whole
            return
        headers = {name.lower(): text for name, text in self.headers.items()}
        reply = self.desk.take(Call(self.command, self.path, headers, body), fault)
        if fault and fault.hold:
            self.desk.closing.wait(fault.hold)
        if fault and fault.cut:
            self._cut(_wire(reply) if fault.cut == "middle" else b"")
            return
        self.wfile.write(_wire(reply))

    def do_GET(self) -> None:
        headers = {name.lower(): text for name, text in self.headers.items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        reply, fault = self.desk.tell(Call(self.command, self.path, headers, body))
        if fault and fault.cut:
            self._cut(_wire(reply) if fault.cut == "middle" else b"")
            return
        self.wfile.write(_wire(reply))

    def _cut(self, whole: bytes = b"") -> None:
        """Send the answer without its last bytes, or nothing, and hang up."""
        if whole:
            self.wfile.write(whole[:-5])
        _hang_up(self.connection)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet: addresses are nobody's business."""


def _wire(reply: Reply) -> bytes:
    # No bytes have no type: whoever reads them as JSON fails (SendGrid's 202).
    kind = {"Content-Type": "application/json"} if reply.body else {}
    headers = kind | dict(reply.headers)
    lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {text}" for name, text in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {len(reply.body)}", "", ""])
    return head.encode("latin-1") + reply.body


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is gone already
        connection.shutdown(socket.SHUT_RDWR)


def read_record(file: Path) -> list[Taken]:
    """Read the record of a server, of its whole lines."""
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").split("\n")[:-1]
    return [Taken(**json.loads(line)) for line in lines]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal ends it; print the port first."""
    parser = argparse.ArgumentParser(prog="python -m newsletter.testing.servers")
    parser.add_argument("vendor", choices=sorted(VENDORS))
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--record", type=Path, help="append a line of JSON per mail taken")
    parser.add_argument("--spec", type=Path, help="the vendor's OpenAPI file, to judge calls by")
    parser.add_argument("--faults", type=float, default=0.0, help="share of calls that go wrong")
    parser.add_argument("--seed", type=int, default=0, help="for --faults")
    chosen = parser.parse_args(arguments)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    faults = random_faults(chosen.seed, chosen.faults) if chosen.faults else None
    vendor = VENDORS[chosen.vendor](chosen.spec)
    with VendorServer(vendor, port=chosen.port, record=chosen.record, faults=faults) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
