"""Two machines on one PostgreSQL: one is cut off in the middle of a call, the other finishes.

Each "machine" is a process with a workspace of its own. The first reaches the database by a line
that is cut while its mails are with the provider: the server sees it go, and it waits for answers
that do not come. Later the line is mended, and it learns that it is too late.
"""

import itertools
import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from newsletter import mailing
from newsletter.store import Store
from newsletter.testing import stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.servers import Fault, VendorServer
from newsletter.testing.vendors import DOMAIN, KEY, VENDORS

pytestmark = pytest.mark.postgresql
PEOPLE = 24
BATCH = 4
SESSIONS = 28269
"""The space of the locks by which runs are known."""


class Line:
    """A line from a port of this machine to a server's socket, which can be cut and mended."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._door = socket.create_server(("127.0.0.1", 0))
        self._near: list[socket.socket] = []
        self._far: list[socket.socket] = []
        self._knocking: list[socket.socket] = []
        self._turn = threading.Lock()
        self.cut_off = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._door.getsockname()[1])

    def cut(self) -> None:
        """Let the server see everybody go; those on the near side hear nothing any more."""
        self.cut_off.set()
        _hang_up(self._far)

    def mend(self) -> None:
        """Let new connections through, also who knocked meanwhile; the old ones are broken."""
        with self._turn:
            self.cut_off.clear()
            _hang_up(self._near)
            for near in self._knocking:
                self._connect(near)
            self._knocking.clear()

    def close(self) -> None:
        self._door.close()
        _hang_up(self._near + self._far + self._knocking)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                with self._turn:
                    if self.cut_off.is_set():
                        self._knocking.append(near)
                    else:
                        self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        self._near.append(near)
        far = socket.socket(socket.AF_UNIX)
        far.connect(str(self._server))
        self._far.append(far)
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        if not self.cut_off.is_set():
            _hang_up([source, target])


def _hang_up(sockets: list[socket.socket]) -> None:
    for item in sockets:
        with suppress(OSError):
            item.shutdown(socket.SHUT_RDWR)
        item.close()
    sockets.clear()


@dataclass
class Scene:
    vendor: str
    store: Store
    url: str
    line: Line
    folder: Path
    server: VendorServer | None = None
    open: ExitStack = field(default_factory=ExitStack)

    def faults(self) -> Iterator[Fault | None]:
        """Cut the line when the first call is there; its answer comes, but nobody can write it."""
        self.line.cut()
        yield Fault(hold=0.1)
        yield from itertools.repeat(None)

    def machine(self, name: str, url: str) -> "subprocess.Popen[str]":
        """Start a machine that does what `newsletter send` does."""
        assert self.server is not None
        process = self.open.enter_context(
            subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("crash_child.py"))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        self.open.callback(process.kill)
        job: dict[str, Any] = {
            "issue": "kevatkirje",
            "provider": self.vendor,
            "settings": {"base_url": self.server.url, "timeout": 20},
            "environment": {f"NEWSLETTER_{self.vendor.upper()}_KEY": KEY},
            "outbox": str(self.folder / name / "outbox"),
            "database": url,
            "runs": str(self.folder / name / "runs"),
            "batch_size": BATCH,
        }
        if self.vendor == "mailgun":
            job["settings"]["domain"] = DOMAIN
        assert process.stdin is not None
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        return process

    def sessions(self) -> int:
        """Count the runs that the server knows."""
        asked = (
            f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = {SESSIONS}"
        )
        with self.store.read() as connection:
            return int(connection.exec_driver_sql(asked).scalar_one())


def status(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for a machine's one job to end; give its exit code, and its complaints."""
    told, complaints = process.communicate(timeout=120)
    return int(told.split()[-1]), complaints


@pytest.fixture(params=["resend", "mailgun"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    server = stores.postgresql()
    with ExitStack() as stack:
        url = stack.enter_context(server.fresh())
        store = stack.enter_context(Store.open(url))
        line = Line(server.socket)
        stack.callback(line.close)
        scene = Scene(request.param, store, url, line, tmp_path)
        vendor = VendorServer(VENDORS[request.param](), faults=scene.faults())
        scene.server = stack.enter_context(vendor)
        stack.enter_context(scene.open)
        yield scene


@pytest.mark.slow
def test_what_a_machine_that_is_cut_off_left_is_finished_by_the_other(scene: Scene) -> None:
    assert scene.server is not None
    room = Mailroom(scene.store)
    room.add(*(f"p{number}@example.com" for number in range(PEOPLE)))
    database = make_url(scene.url).set(host="127.0.0.1", port=scene.line.port, query={})
    first = scene.machine("first", database.render_as_string(hide_password=False))
    assert scene.line.cut_off.wait(60)
    while scene.sessions():  # the server is just noticing
        pass

    assert status(scene.machine("second", scene.url)) == (0, "")
    scene.line.mend()
    assert status(first) == (0, ""), "it comes back, and has nothing to write any more"

    (summary,) = mailing.mailings(scene.store)
    record = Counter(mail.address for mail in scene.server.taken)
    assert record == Counter(dict.fromkeys(room.people, 1)), (
        "everybody once, by the vendor's record"
    )
    assert summary.accounts.balance() == 0
    # Who was with the provider when the line was cut: only a key tells that it is the same mail.
    unknown = 0 if scene.vendor == "resend" else BATCH
    assert (summary.accounts.accepted, summary.accounts.unknown) == (PEOPLE - unknown, unknown)
