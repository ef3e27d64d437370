import contextlib
import re
import socket
from pathlib import Path

import pytest
from starlette.datastructures import MutableHeaders
from starlette.testclient import TestClient

from newsletter.store import Store
from newsletter.testing import make_edition
from newsletter.testing.readers import make_workspace, publish, rows, subscribe, token
from newsletter.web import create_app, guard
from newsletter.web.serving import running

PLACES = (
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/assets/site.css"),
    ("GET", "/assets/icon.svg"),
    ("GET", "/media/0123456789abcdef01234567.png"),
    ("GET", "/issues"),
    ("GET", "/issues?page=7"),
    ("GET", "/issues/feed.fi.atom"),
    ("GET", "/issues/kevatkirje/fi"),
    ("GET", "/accessibility"),
    ("GET", "/sitemap.xml"),
    ("GET", "/robots.txt"),
    ("GET", "/assets/copy.css"),
    ("GET", "/assets/emblem.png"),
    ("GET", "/u/TOKEN"),
    ("GET", "/u/TOKEN?language=sv"),
    ("GET", "/confirm/TOKEN"),
    ("POST", "/confirm/TOKEN"),
    ("GET", "/preferences/TOKEN"),
    ("GET", "/U/TOKEN"),
    ("POST", "/subscribe"),
    ("POST", "/api/subscriptions"),
    ("POST", "/u/TOKEN"),
    ("POST", "/u/TOKEN/undo"),
    ("GET", "/u/forged"),
    ("POST", "/u/forged"),
    ("GET", "/u/TOKEN/"),
    ("GET", "/issues/kevatkirje/fi/"),
    ("GET", "/healthz/"),
    ("PUT", "/u/TOKEN"),
    ("OPTIONS", "/u/TOKEN"),
    ("GET", "/nowhere"),
    ("GET", "//evil.example/"),
)


@pytest.mark.parametrize(("method", "path"), PLACES)
def test_every_answer_is_protected_sets_no_cookie_and_never_redirects(
    client: TestClient, store: Store, tmp_path: Path, method: str, path: str
) -> None:
    publish(store, make_edition())
    (tmp_path / ".newsletter" / "media").mkdir()
    (tmp_path / ".newsletter" / "media" / "0123456789abcdef01234567.png").write_bytes(b"png")
    link = path.replace("TOKEN", token(subscribe(store, "aino@example.fi")))

    answer = client.request(method, link, headers={"Host": "kirje.example.fi"})

    assert not 300 <= answer.status_code < 400
    assert answer.status_code < 500
    headers = answer.headers
    assert "set-cookie" not in headers
    assert "location" not in headers
    assert "server" not in headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"] == "max-age=31536000"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    personal = "TOKEN" in path or "forged" in path
    if personal or method == "POST":
        assert headers["cache-control"] == "no-store"
    assert ("x-robots-tag" in headers) == personal


def test_pages_allow_only_their_own_style_sheet_and_hold_nothing_inline(
    client: TestClient, store: Store
) -> None:
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"

    for answer in (
        client.get(link),
        client.post(link),
        client.get("/"),
        client.get("/issues"),
        client.get("/nowhere"),
    ):
        assert answer.headers["content-security-policy"] == guard.PAGE_POLICY
        assert "'unsafe" not in guard.PAGE_POLICY
        text = answer.text
        assert "<script" not in text
        assert "style=" not in text
        assert "<style" not in text
        assert "http:" not in text
        assert "https:" not in text


def test_without_https_no_browser_is_told_to_insist_on_it(tmp_path: Path, store: Store) -> None:
    workspace = make_workspace(tmp_path, public_url="http://127.0.0.1:8000")

    with TestClient(create_app(workspace, store)) as client:
        assert "strict-transport-security" not in client.get("/").headers


def test_below_a_path_the_pages_find_their_own_addresses(tmp_path: Path, store: Store) -> None:
    workspace = make_workspace(tmp_path, public_url="https://example.fi/kirje")
    path = f"/u/{token(subscribe(store, 'aino@example.fi'))}"

    with TestClient(create_app(workspace, store)) as client:
        text = client.get(path).text

    assert 'href="/kirje/assets/site.css?v=' in text
    assert f'action="/kirje{path}"' in text


@pytest.mark.parametrize(
    ("path", "private"),
    [
        ("/u/x", True),
        ("//u/x", True),
        ("/U/x", True),
        ("/confirm/x", True),
        ("/Preferences/x/y", True),
        ("/u", False),
        ("/subscribe", False),
        ("/issues/u/fi", False),
        ("/", False),
    ],
)
def test_what_may_hold_a_token_is_private(path: str, private: bool) -> None:
    assert guard.is_private(path) is private
    assert all(guard.is_private(start) for start in guard.PRIVATE)


@pytest.mark.parametrize(
    ("method", "path", "kept"),
    [
        ("GET", "/subscribe", "public, max-age=60"),
        ("HEAD", "/subscribe", "public, max-age=60"),
        ("POST", "/subscribe", "no-store"),
        ("POST", "/api/subscriptions", "no-store"),
        ("GET", "/confirm/x", "no-store"),
    ],
)
def test_no_cache_keeps_what_a_form_answers_whatever_the_page_says(
    method: str, path: str, kept: str
) -> None:
    headers = MutableHeaders({"Cache-Control": "public, max-age=60"})

    guard.protect(headers, method, path, https=True)

    assert headers["cache-control"] == kept


def test_a_page_with_a_token_repeats_it_in_no_link_and_leads_nowhere_else(
    client: TestClient, store: Store
) -> None:
    secret = token(subscribe(store, "aino@example.fi"))

    text = client.get(f"/u/{secret}").text

    links = re.findall(r'href="([^"]*)"', text)
    assert not [link for link in links if secret in link]
    away = [link for link in links if not link.startswith(("/assets/", "/preferences/", "mailto:"))]
    assert away == ["/privacy", "/accessibility"]


@pytest.mark.parametrize("https", [True, False])
def test_what_the_server_itself_refuses_is_protected_too(
    tmp_path: Path, store: Store, https: bool
) -> None:
    base = "https://kirje.example.fi" if https else "http://127.0.0.1:8000"
    link = f"/u/{token(subscribe(store, 'aino@example.fi'))}"
    before = rows(store)

    with running(make_workspace(tmp_path, public_url=base), store) as url:
        host, port = url.removeprefix("http://").split(":")
        for wire in (
            b"\x16\x03\x01 no http at all\r\n\r\n",
            f"POST {link} HTTP/1.1\r\nHost: x\r\nContent-Length: no\r\n\r\n".encode(),
            b"GET /\xc3\xa4 HTTP/1.1\r\n bad: folding\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
        ):
            answer = ask(host, int(port), wire)
            head, _, text = answer.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            assert head.startswith(b"HTTP/1.1 400 ")
            assert text == b"The request could not be read.\n"
            assert fields[b"referrer-policy"] == b"no-referrer"
            assert fields[b"x-content-type-options"] == b"nosniff"
            assert fields[b"cache-control"] == b"no-store"
            assert fields[b"content-security-policy"].startswith(b"default-src 'none'")
            assert (b"strict-transport-security" in fields) is https
            assert b"server" not in fields

    assert rows(store) == before


def ask(host: str, port: int, wire: bytes) -> bytes:
    with socket.create_connection((host, port), timeout=30) as connection:
        with contextlib.suppress(ConnectionError):  # it may have answered before all was sent
            connection.sendall(wire)
        parts = []
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                parts.append(part)
    return b"".join(parts)
