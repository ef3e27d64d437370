"""Whom a provider mails no more, as its twin tells it: all pages, and nothing of a broken one."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.providers import Provider
from newsletter.providers.offers import KeptBack, Suppressed, Why
from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.vendors.base import Kept
from tests.unit.providers.conftest import World

THEN = datetime(2025, 12, 11, 1, 49, 40, tzinfo=UTC)
WHY: tuple[Why, ...] = ("bounced", "complained", "unsubscribed")
NEVER = {"mailjet": "bounced", "scaleway": "complained", "ses": "unsubscribed",
         "ses_bulk": "unsubscribed"}  # fmt: skip
"""What a vendor has no list of."""
TOLD = (
    "elasticemail", "mailersend", "mailjet", "mailtrap", "postmark", "resend", "scaleway",
    "sendgrid", "ses", "ses_bulk", "unione",
)  # fmt: skip
SILENT = {"lettermint", "postal", "smtp", "sweego", "outbox"}
OTHERS = {"brevo", "mailgun", "mandrill", "sparkpost"}
"""Their twins keep lists in words of their own."""
WITH_WORDS = ("elasticemail", "mailersend", "mailtrap", "scaleway", "sendgrid")


@pytest.fixture(params=TOLD)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(name: str, world: World) -> VendorServer:
    server, _ = world
    server.vendor.page = 2
    for place in range(9):
        why = WHY[place % 3]
        if why != NEVER.get(name):
            text = "550 5.1.1 no such user" if why == "bounced" else ""
            server.vendor.kept.append(Kept(f"person{place}@example.com", why, THEN, text))
    return server


@pytest.fixture
def provider(world: World) -> Provider:
    return world[1]


class Waits(list[timedelta]):
    def __call__(self, length: timedelta) -> None:
        self.append(length)


def read(provider: Provider) -> list[KeptBack]:
    pages = cast("Suppressed", provider).suppressed(Waits())
    return [item for page in pages for item in page]


def test_each_provider_is_known_to_tell_or_not() -> None:
    classes = {name: providers.provider_class(name) for name in providers.names()}
    telling = {name for name, kind in classes.items() if issubclass(kind, Suppressed)}

    assert telling == {*TOLD, *OTHERS}
    assert set(providers.names()) - telling == SILENT


def test_all_pages_are_read_each_entry_once_with_its_reason(
    server: VendorServer, provider: Provider
) -> None:
    found = read(provider)

    assert sorted((item.address, item.why, item.at) for item in found) == sorted(
        (item.address, item.why, item.at) for item in server.vendor.kept
    )
    # Neither an address nor the key stands in what was asked.
    assert all("example.com" not in call.path and "loopback" not in call.path
               for call in server.calls)  # fmt: skip


@pytest.mark.parametrize("name", WITH_WORDS)
def test_the_words_of_the_receiving_server_come_along(
    server: VendorServer, provider: Provider
) -> None:
    assert server.vendor.kept

    bounced = [item for item in read(provider) if item.why == "bounced"]

    assert {(item.code, item.text) for item in bounced} == {("550", "550 5.1.1 no such user")}


def test_an_empty_list_is_no_fault(server: VendorServer, provider: Provider) -> None:
    server.vendor.kept.clear()

    assert read(provider) == []


def test_a_wrong_key_is_told(server: VendorServer, provider: Provider) -> None:
    server.then_tell(answer(401, body=b'{"message": "no such key"}'))

    with pytest.raises(ProviderError, match="401 no such key") as caught:
        read(provider)
    assert "check" in caught.value.hint


def test_a_vendor_that_asks_to_wait_is_obeyed(server: VendorServer, provider: Provider) -> None:
    server.then_tell(answer(429, {"Retry-After": "7"}))
    waits = Waits()

    found = [page for page in cast("Suppressed", provider).suppressed(waits) if page]

    assert found
    assert timedelta(seconds=7) in waits


BROKEN = (b"{nonsense", b"3", b"[3]", b'{"data": 5, "Data": [7], "messages": {}}')


def test_a_broken_page_is_no_list_the_first_or_a_later_one(
    server: VendorServer, provider: Provider
) -> None:
    for body in BROKEN:
        server.then_tell(answer(200, body=body))

        with pytest.raises(ProviderError, match="in an unknown way"):
            read(provider)
        server.then_tell(None, answer(200, body=body))

        with pytest.raises(ProviderError, match="in an unknown way"):
            read(provider)


@pytest.mark.parametrize("name", ["resend", "unione", "sendgrid"])
def test_a_vendor_that_gives_the_same_page_for_ever_is_given_up(
    server: VendorServer, provider: Provider
) -> None:
    row = b'{"id": "s-0", "email": "a@example.com", "created": 1, "created_at": "2026-01-01"}'
    lists = {
        "resend": b'{"data": [' + row + b'], "has_more": true}',
        "unione": b'{"suppressions": [' + row + b'], "cursor": "1"}',
    }
    server.then_tell(*[answer(200, body=lists.get(server.vendor.name, b"[" + row + b"]"))] * 9)

    with pytest.raises(ProviderError, match="in an unknown way"):
        read(provider)
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("unione", b'{"suppressions": [{"email": "a@example.com", "cause": "blocked"}]}'),
        (
            "unione",
            b'{"suppressions": [{"email": "a@example.com", "cause": "temporary_unavailable"}]}',
        ),
        ("mailersend", b'{"data": [{"type": "pattern", "pattern": "*@example.com"}]}'),
    ],
)
def test_who_is_kept_back_for_nothing_they_did_is_left_alone(
    server: VendorServer, provider: Provider, body: bytes
) -> None:
    server.vendor.kept.clear()
    server.then_tell(answer(200, body=body))

    assert read(provider) == []


@pytest.mark.parametrize("name", ["scaleway"])
def test_a_full_mailbox_is_left_alone(server: VendorServer, provider: Provider) -> None:
    server.vendor.kept.clear()
    full = b'{"blocklists": [{"email": "a@example.com", "type": "mailbox_full"}]}'
    server.then_tell(None, answer(200, body=full))

    assert read(provider) == []


@pytest.mark.parametrize("name", ["sendgrid"])
def test_whom_sendgrid_blocked_once_it_goes_on_mailing(
    server: VendorServer, provider: Provider
) -> None:
    read(provider)

    assert not [call for call in server.calls if "blocks" in call.path]
