"""Mandrill: where its key stands, whom it keeps back, and what it may be asked."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from newsletter.errors import ProviderError
from newsletter.providers import State
from newsletter.providers.lookup import Sought
from newsletter.providers.mandrill import Provider
from newsletter.providers.offers import KeptBack
from newsletter.testing.batches import make_batch
from newsletter.testing.drivers import make_provider, send
from newsletter.testing.servers import KEY, VendorServer, answer
from newsletter.testing.vendors.mandrill import Mandrill

HOUR = timedelta(hours=1)


@pytest.fixture
def vendor() -> Mandrill:
    return Mandrill()


@pytest.fixture
def server(vendor: Mandrill) -> Iterator[VendorServer]:
    with VendorServer(vendor) as made:
        yield made


@pytest.fixture
def provider(server: VendorServer, tmp_path: Path) -> Iterator[Provider]:
    with closing(make_provider("mandrill", server.url)) as made:
        assert isinstance(made, Provider)
        yield made


def entry(name: str, reason: str, detail: str = "") -> dict[str, object]:
    return {"email": f"{name}@example.com", "reason": reason, "detail": detail, "expired": False,
            "last_event_at": "2026-11-01 12:00:00"}  # fmt: skip


def test_the_key_is_in_what_leaves_and_not_in_the_request(
    provider: Provider, server: VendorServer
) -> None:
    batch = make_batch(1)

    send(provider, batch)

    assert KEY.encode() not in bytes(provider.request(batch).body)
    (call,) = server.calls
    assert orjson.loads(call.body)["key"] == KEY


def test_its_list_says_why_and_leaves_out_what_ends_by_itself(
    provider: Provider, vendor: Mandrill
) -> None:
    vendor.list = [
        entry("gone", "hard-bounce", "550 5.1.1 no such user"),
        entry("full", "soft-bounce", "452 full"),
        entry("angry", "spam"),
        entry("left", "unsub"),
        entry("hand", "custom"),
    ]

    (page,) = provider.suppressed(lambda _: None)

    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert page[0] == KeptBack("gone@example.com", "bounced", "550", "550 5.1.1 no such user", at)
    assert [(item.address.partition("@")[0], item.why) for item in page[1:]] == [
        ("angry", "complained"), ("left", "unsubscribed"), ("hand", "unsubscribed"),
    ]  # fmt: skip


def test_many_are_sought_a_few_at_a_time_and_at_its_pace(
    provider: Provider, server: VendorServer
) -> None:
    now = datetime.now(UTC)
    batch = make_batch(45)
    send(provider, batch)
    server.throw_away("person44@example.com")
    server.calls.clear()
    waits: list[timedelta] = []
    sought = [Sought(item.key, item.address, "") for item in batch.recipients]

    pages = list(
        provider.look_up(
            "kevatkirje", sought, since=now - HOUR, until=now + HOUR, wait=waits.append
        )
    )

    assert [len(page) for page in pages] == [20, 20, 5]
    assert len(server.calls) == 3
    assert waits == [timedelta(seconds=3)] * 3
    assert {item.state for page in pages[:2] for item in page} == {State.ACCEPTED}
    assert pages[2][-1].state is State.REFUSED


def test_a_greeting_proves_the_key(provider: Provider, server: VendorServer) -> None:
    assert provider.probe(lambda _: None) == "Mandrill knows the key"
    server.then_tell(answer(401))

    with pytest.raises(ProviderError) as caught:
        provider.probe(lambda _: None)
    assert "NEWSLETTER_MANDRILL_KEY" in caught.value.hint
