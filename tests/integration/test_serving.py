"""The web app over a real socket, as mail providers, scanners and operators meet it."""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from newsletter.errors import InputError
from newsletter.store import Store
from newsletter.testing import make_edition
from newsletter.testing.readers import make_workspace, publish, rows, state_of, subscribe, token
from newsletter.web import body, wire
from newsletter.web.serving import running, serve
from newsletter.workspace import Workspace

FORM = ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click")
PARTS = (
    b'------9f8e\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    b"One-Click\r\n------9f8e--\r\n"
)
MULTIPART = ("multipart/form-data; boundary=----9f8e", PARTS)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path, public_url="http://127.0.0.1:8000")


@pytest.fixture
def base(workspace: Workspace, store: Store) -> Iterator[str]:
    with running(workspace, store) as url:
        yield url


def connect(base: str) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection(urlsplit(base).netloc, timeout=30))


@pytest.mark.parametrize(("kind", "content"), [FORM, MULTIPART], ids=["urlencoded", "multipart"])
def test_a_mail_providers_one_click_post_leaves_the_list(
    base: str, store: Store, kind: str, content: bytes
) -> None:
    reader = subscribe(store, "aino@example.fi")
    request = urllib.request.Request(
        f"{base}/u/{token(reader)}", data=content, headers={"Content-Type": kind}
    )

    for _ in range(2):
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200
            assert answer.url == request.full_url
            assert answer.headers["Set-Cookie"] is None
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert answer.read().decode() == "Tilaus on peruttu.\n"

    assert state_of(store, reader) == "left"


def test_a_hundred_scanners_change_not_one_row_get_no_cookie_and_no_redirect(
    base: str, store: Store
) -> None:
    publish(store, make_edition())
    readers = [subscribe(store, f"reader{number}@example.fi") for number in range(3)]
    links = [f"/u/{token(reader)}" for reader in readers]
    paths = [*links, *[f"{link}/undo" for link in links], f"{links[0]}/", "/issues/kevatkirje/fi"]
    before = rows(store)

    with connect(base) as connection:
        for method, path in product(("GET", "HEAD", "OPTIONS"), paths * 13):
            connection.request(method, path, headers={"Cookie": "a=b"})
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status in {200, 204, 404}
            assert answer.getheader("Set-Cookie") is None
            assert answer.getheader("Location") is None
            assert method != "HEAD" or content == b""

    assert rows(store) == before


@pytest.mark.slow
def test_some_thousand_forged_links_all_get_the_same_page(base: str, store: Store) -> None:
    good = token(subscribe(store, "aino@example.fi"))
    chance = random.Random(8058)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    payload = good.rindex(".")
    forged = {good[:at] + good[at + 1 :] for at in range(payload)}
    while len(forged) < 2000:
        at = chance.randrange(payload)
        forged.add(good[:at] + chance.choice(letters) + good[at + 1 :])
        forged.add("".join(chance.choices(letters, k=chance.randrange(1, 600))))
    before = rows(store)

    with connect(base) as connection:
        connection.request("GET", "/nowhere")
        stranger = connection.getresponse().read()
        for number, fake in enumerate(forged - {good}):
            connection.request("POST" if number % 2 else "GET", f"/u/{fake}")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (404, stranger)

    assert rows(store) == before


def test_many_leave_at_the_same_moment_and_all_are_gone(base: str, store: Store) -> None:
    readers = [subscribe(store, f"reader{number}@example.fi") for number in range(120)]

    def leave(reader: int) -> int:
        with connect(base) as connection:
            connection.request("POST", f"/u/{token(reader)}", FORM[1], {"Content-Type": FORM[0]})
            status = connection.getresponse().status
        # Another connection sees it as soon as the answer is there.
        assert state_of(store, reader) == "left"
        return status

    with ThreadPoolExecutor(24) as pool:
        assert set(pool.map(leave, readers)) == {200}


def test_a_body_in_pieces_without_a_length_is_read_and_limited(base: str, store: Store) -> None:
    reader = subscribe(store, "aino@example.fi")
    with connect(base) as connection:
        connection.request("POST", f"/u/{token(reader)}", iter([b"x" * 9000, b"x" * 9000]))
        assert connection.getresponse().status == 413
    assert state_of(store, reader) == "active"

    with connect(base) as connection:
        pieces = iter([b"List-Unsub", b"scribe=One-Click"])
        connection.request("POST", f"/u/{token(reader)}", pieces, {"Content-Type": FORM[0]})
        assert connection.getresponse().read() == b"Tilaus on peruttu.\n"


def test_a_body_that_never_comes_is_not_waited_for_for_ever(
    base: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "_PATIENCE_SECONDS", 0.05)
    reader = subscribe(store, "aino@example.fi")
    address = urlsplit(base)
    with socket.create_connection((address.hostname, address.port), timeout=30) as wire:
        head = f"POST /u/{token(reader)} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n"
        wire.sendall(head.encode() + b"List")
        assert wire.recv(4096).startswith(b"HTTP/1.1 408 ")

    assert state_of(store, reader) == "active"


@pytest.mark.parametrize("path", ["/subscribe", "/hooks/postmark"])
def test_whoever_hangs_up_in_the_middle_is_no_fault_of_ours(
    base: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    monkeypatch.setenv("NEWSLETTER_POSTMARK_WEBHOOK_KEY", "name:word")
    address = urlsplit(base)
    with socket.create_connection((address.hostname, address.port), timeout=30) as wire:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n"
        wire.sendall(head.encode() + b"List")

    with connect(base) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
    assert "Disconnect" not in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
@pytest.mark.parametrize("before", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_request_that_never_comes_is_not_waited_for_for_ever(
    base: str, monkeypatch: pytest.MonkeyPatch, before: bytes, head: bytes
) -> None:
    """Not on a fresh connection, nor on one that has had an answer."""
    monkeypatch.setattr(wire, "_HEAD_SECONDS", 0.5)
    address = urlsplit(base)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), 30) as opened:
        if before:
            opened.sendall(before)
            assert opened.recv(65536).startswith(b"HTTP/1.1 200")
        opened.sendall(head)
        while opened.recv(65536):
            pass


def test_two_sites_run_beside_each_other(workspace: Workspace, store: Store) -> None:
    with running(workspace, store) as one, running(workspace, store) as two:
        assert one != two
        for base in (one, two):
            with connect(base) as connection:
                connection.request("GET", "/healthz")
                assert connection.getresponse().status == 200
    assert not [thread.name for thread in threading.enumerate() if thread.name == "web"]


def test_a_port_in_use_is_told_with_a_hint(workspace: Workspace, store: Store, base: str) -> None:
    port = urlsplit(base).port
    assert port

    with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1 port {port}") as caught:
        serve(workspace, store, "127.0.0.1", port, announce=print)

    assert "another port" in caught.value.hint
    with pytest.raises(InputError, match="cannot listen"), running(workspace, store, port=99999):
        pass


SCRIPT = """
import sys
from pathlib import Path
from newsletter.store import Store
from newsletter.testing.readers import make_workspace
from newsletter.web.serving import serve

root = Path(sys.argv[1])
with Store.for_file(root / "register.sqlite3") as store:
    serve(make_workspace(root), store, sys.argv[2], 0, announce=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_server_says_where_it_is_logs_no_token_and_stops_when_told(
    tmp_path: Path, stop: signal.Signals, host: str
) -> None:
    with Store.for_file(tmp_path / "register.sqlite3") as store:
        link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), host]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout
        with connect(process.stdout.readline().strip()) as connection:
            for method, path in (("GET", link), ("POST", link), ("GET", f"//u{link}?a={link}")):
                connection.request(method, path, headers={"Referer": link})
                connection.getresponse().read()
        process.send_signal(stop)
        out, log = process.communicate(timeout=30)

    assert (process.returncode, out) == (0, "stopped\n")
    assert [line.split(maxsplit=2)[2] for line in log.splitlines()] == [
        "GET /u/… HTTP/1.1 200 OK",
        "POST /u/… HTTP/1.1 200 OK",
        "GET /… HTTP/1.1 404 Not Found",
    ]
    assert link[3:20] not in log
    assert host not in log
