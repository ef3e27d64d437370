"""Asking whether pages are there, against a server of our own on this machine."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest

from newsletter import probing
from newsletter.probing import Answer, Prober, State, is_public

ASKED: Final[Counter[tuple[str, str]]] = Counter()
MOVES: Final = {
    "/moved": (301, "/there"),
    "/for-now": (302, "/there"),
    "/moved-for-now": (301, "/for-now"),
    "/round": (301, "/round"),
    "/inside": (302, "http://10.0.0.1/"),
    "/to-a-file": (302, "file:///etc/passwd"),
    "/to-nonsense": (302, "http://[::1"),
}
STATUS: Final = {"/there": 200, "/gone": 410, "/missing": 404, "/forbidden": 403, "/broken": 503}


class Pages(BaseHTTPRequestHandler):
    """Answers by the tables above; /only-get knows no HEAD."""

    def do_HEAD(self) -> None:
        self._answer(405 if self.path == "/only-get" else None)

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/only-get" else None)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int | None) -> None:
        ASKED[self.command, self.path] += 1
        code, to = MOVES.get(self.path, (status or STATUS.get(self.path, 200), ""))
        self.send_response(code)
        if to:
            self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


LOCAL: Final = Prober(timeout=5, allowed=lambda address: address == "127.0.0.1")


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("/there", State.THERE),
        ("/only-get", State.THERE),
        ("/for-now", State.THERE),
        ("/moved-for-now", State.THERE),
        ("/ä ö?q=å", State.THERE),
        ("/moved", State.MOVED),
        ("/gone", State.GONE),
        ("/missing", State.GONE),
        ("/round", State.GONE),
        ("/forbidden", State.UNSURE),
        ("/broken", State.UNSURE),
        ("/to-a-file", State.UNSURE),
        ("/to-nonsense", State.UNSURE),
        ("/inside", State.INNER),
    ],
)
def test_what_a_server_says_is_understood(base: str, path: str, state: State) -> None:
    assert LOCAL.ask(base + path).state is state


def test_a_page_that_moved_for_good_is_named(base: str) -> None:
    assert LOCAL.ask(f"{base}/moved") == Answer(State.MOVED, f"{base}/there")


def test_every_page_is_asked_for_once(base: str) -> None:
    ASKED.clear()

    found = LOCAL.ask_all([f"{base}/there", f"{base}/moved", f"{base}/there"])

    assert set(found) == {f"{base}/there", f"{base}/moved"}
    assert ASKED == {("HEAD", "/there"): 2, ("HEAD", "/moved"): 1}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/"]
)
def test_no_inner_network_is_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object, **__: object) -> socket.socket:
        raise AssertionError("it was connected to")

    monkeypatch.setattr(socket, "create_connection", connect)

    assert Prober().ask(url).state is State.INNER


def test_a_name_that_leads_inside_is_not_asked_and_looked_up_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[object]:
        looked_up.append(host)
        family, kind = socket.AF_INET, socket.SOCK_STREAM
        return [(family, kind, 6, "", (at, port)) for at in ("93.184.216.34", "192.168.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    assert Prober().ask("https://intra.example.fi/").state is State.INNER
    assert looked_up == ["intra.example.fi"]


@pytest.mark.parametrize(
    ("code", "state"), [(socket.EAI_NONAME, State.NO_HOST), (socket.EAI_AGAIN, State.UNSURE)]
)
def test_a_host_that_does_not_exist_is_gone_unless_we_are_offline(
    monkeypatch: pytest.MonkeyPatch, code: int, state: State
) -> None:
    def look_up(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(code, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    both = Prober().ask_all(["https://a.example/", "https://b.example/"])
    assert Prober().ask("https://a.example/").state is state
    assert {answer.state for answer in both.values()} == {State.UNSURE}


def test_a_server_that_says_nothing_or_nonsense_is_unsure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        silent = Prober(timeout=0.1, allowed=lambda _: True).ask(url)

    assert silent.state is State.UNSURE
    assert Prober(allowed=lambda _: True).ask("http://exa mple.fi:x/").state is State.UNSURE


class Dripping:
    """A socket to a server that sends its header byte by byte without end, one each second."""

    def __init__(self) -> None:
        self.clock = 0.0

    def monotonic(self) -> float:
        return self.clock

    def recv_into(self, buffer: bytearray) -> int:
        self.clock += 1
        buffer[:1] = b"x"
        return 1

    def sendall(self, data: bytes) -> None:
        """Take it."""

    def settimeout(self, seconds: float) -> None:
        assert 0 < seconds <= 8

    def close(self) -> None:
        """Be closed."""


def test_a_server_that_drips_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Dripping()
    monkeypatch.setattr(probing, "time", server)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: server)

    answer = Prober(timeout=8, allowed=lambda _: True).ask("http://127.0.0.1/")

    assert answer == Answer(State.UNSURE, "it does not answer in time")
    assert server.clock == 8


@dataclass(frozen=True, slots=True)
class Waiting(Prober):
    """Is kept waiting by one host; notes what it asks for."""

    asked: list[str] = field(default_factory=list)

    def ask(self, url: str) -> Answer:
        self.asked.append(url)
        slow = Answer(State.UNSURE, "it does not answer in time")
        return slow if "slow" in url else Answer(State.THERE)


def test_a_host_that_keeps_us_waiting_is_not_asked_for_all_its_pages() -> None:
    told: list[tuple[int, int]] = []
    prober = Waiting(tell=lambda done, total: told.append((done, total)))
    slow = {f"https://slow.example/{number}" for number in range(12)}
    good = {f"https://good.example/{number}" for number in range(12)}

    found = prober.ask_all(slow | good)

    assert {url for url, answer in found.items() if answer.state is State.UNSURE} == slow
    assert len(slow & set(prober.asked)) == 3
    assert good <= set(prober.asked)
    assert sorted(told) == [(number, 24) for number in range(1, 25)]


def test_only_the_open_network_is_public() -> None:
    assert is_public("93.184.216.34")
    for address in ("10.1.2.3", "127.0.0.1", "169.254.1.1", "100.64.0.1", "::1", "fd00::1"):
        assert not is_public(address)
