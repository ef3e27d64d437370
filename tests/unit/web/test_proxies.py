"""Whose request it is, behind web servers of our own."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from newsletter.errors import FindingsError
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.testing.readers import make_workspace
from newsletter.web import create_app
from newsletter.web.proxies import Proxies
from newsletter.workspace import starter

OURS = ("127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48")
READER = "203.0.113.9"


async def nothing(*_: object) -> None:
    """Answer nothing."""


def who(peer: str, *fields: str) -> str:
    headers = [(b"x-forwarded-for", field.encode("latin-1")) for field in fields]
    return Proxies(nothing, trusted=OURS).reader(peer, headers)


@pytest.mark.parametrize(
    ("peer", "fields", "reader"),
    [
        ("127.0.0.1", [READER], READER),
        ("10.1.2.3", [f"{READER}, 10.9.9.9"], READER),
        ("127.0.0.1", [READER, "10.9.9.9"], READER),
        ("127.0.0.1", [f"198.51.100.1, {READER}"], READER),
        ("127.0.0.1", [f"1.1.1.1, 127.0.0.1, {READER}, 10.0.0.1"], READER),
        ("127.0.0.1", [f"{READER}:4711"], READER),
        ("127.0.0.1", ["[2001:db8::9]:4711"], "2001:db8::9"),
        ("127.0.0.1", ["2001:DB8:0::9"], "2001:db8::9"),
        ("2001:db8:1::5", [READER], READER),
        ("::ffff:127.0.0.1", [f"::ffff:{READER}"], READER),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["10.0.0.7"], "10.0.0.7"),
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", [f"{READER}, unknown"], "127.0.0.1"),
        ("127.0.0.1", [f"unknown, {READER}"], READER),
        ("127.0.0.1", ["_hidden, \xe4"], "127.0.0.1"),
        (READER, ["198.51.100.1"], READER),
        (READER, ["127.0.0.1"], READER),
    ],
)
def test_the_right_most_address_that_is_not_ours_asks(
    peer: str, fields: list[str], reader: str
) -> None:
    assert who(peer, *fields) == reader


@given(st.ip_addresses(), st.text(max_size=60))
def test_a_stranger_can_say_what_they_like(peer: object, field: str) -> None:
    ours = [ip_network(item) for item in OURS]
    if not any(ip_address(str(peer)) in network for network in ours):
        assert who(str(peer), field.encode("utf-8").decode("latin-1")) == str(peer)


@given(st.text(max_size=80), st.ip_addresses(v=4))
def test_what_stands_left_of_the_reader_never_matters(forged: str, reader: object) -> None:
    text = forged.encode("utf-8").decode("latin-1")
    if not any(ip_address(str(reader)) in ip_network(item) for item in OURS):
        assert who("127.0.0.1", f"{text}, {reader}") == str(reader)


@pytest.mark.parametrize(("trusted", "seen"), [((), "testclient"), (("127.0.0.1",), "127.0.0.1")])
def test_the_app_hears_it_only_from_servers_that_the_settings_name(
    tmp_path: Path, store: Store, trusted: tuple[str, ...], seen: str
) -> None:
    app = create_app(make_workspace(tmp_path, web={"trusted_proxies": trusted}), store)

    def tell(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.client.host if request.client else "")

    app.add_api_route("/who", tell)
    peer = ("127.0.0.1", 50000) if trusted else ("testclient", 50000)
    with TestClient(app, client=peer) as client:
        assert client.get("/who", headers={"X-Forwarded-For": READER}).text == (
            READER if trusted else seen
        )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("*", "no network address"),
        ("localhost", "no network address"),
        ("10.0.0.1/8", "no network address"),
        ("0.0.0.0/0", "everybody"),
        ("::/0", "everybody"),
        ("", "no network address"),
    ],
)
def test_bad_addresses_are_refused_with_their_line(tmp_path: Path, value: str, words: str) -> None:
    file = tmp_path / "newsletter.toml"
    text = (starter() / "newsletter.toml").read_text(encoding="utf-8")
    file.write_text(f'{text}\n[web]\ntrusted_proxies = ["{value}"]\n', encoding="utf-8")

    with pytest.raises(FindingsError) as caught:
        Settings.read(file)

    (finding,) = caught.value.findings
    assert words in finding.message
    assert finding.place.source.startswith("trusted_proxies")
