"""Brevo: its key for repeats, one wrong address, the sandbox, and whom it blocks."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from newsletter import providers
from newsletter.providers import State
from newsletter.providers.brevo import Provider
from newsletter.providers.offers import KeptBack
from newsletter.testing.batches import make_batch, make_message
from newsletter.testing.drivers import make_provider, send
from newsletter.testing.servers import KEY, VendorServer, cut_after
from newsletter.testing.vendors.brevo import Brevo


@pytest.fixture
def vendor() -> Brevo:
    return Brevo()


@pytest.fixture
def server(vendor: Brevo) -> Iterator[VendorServer]:
    with VendorServer(vendor) as made:
        yield made


@pytest.fixture
def provider(server: VendorServer, tmp_path: Path) -> Iterator[Provider]:
    with closing(make_provider("brevo", server.url)) as made:
        assert isinstance(made, Provider)
        yield made


def test_a_repeat_is_refused_and_tells_nothing_of_the_first(
    provider: Provider, server: VendorServer
) -> None:
    server.then(cut_after())
    batch = make_batch(2)

    found = [*send(provider, batch), *send(provider, batch)]

    assert {item.state for item in found} == {State.UNKNOWN}
    assert "idempotencyKey is used" in found[-1].reason
    assert server.addresses == ["person0@example.com", "person1@example.com"]


def test_a_batch_of_another_key_is_another_uuid(provider: Provider) -> None:
    first, again, other = (
        orjson.loads(bytes(provider.request(make_batch(1, key=key)).body))["headers"]
        for key in ("b7-1", "b7-1", "b7-2")
    )

    assert first == again != other
    assert str(uuid.UUID(first["idempotencyKey"])) == first["idempotencyKey"]


def test_one_wrong_address_is_refused_alone(provider: Provider, server: VendorServer) -> None:
    server.refuse("person1@example.com")

    found = send(provider, make_batch(4))

    states = {item.key: item.state for item in found}
    assert states.pop("d7-1") is State.REFUSED
    assert set(states.values()) == {State.ACCEPTED}
    assert len(server.taken) == 3


@pytest.mark.parametrize("name", ["Kirje, Äänekoski", "Kirje, Oulu", "Äänekoski"])
def test_a_name_that_brevo_would_drop_arrives(
    provider: Provider, server: VendorServer, name: str
) -> None:
    send(provider, make_batch(1, message=make_message(sender_name=name)))

    (call,) = server.calls
    sent = orjson.loads(call.body)["sender"]["name"]
    assert sent.isascii() == ("," in name)
    assert server.taken[0].headers["From"] == f"{name} <kirje@example.fi>"


def test_the_sandbox_is_asked_for_in_every_call(server: VendorServer) -> None:
    settings = {"sandbox": True, "base_url": server.url}
    environment = {"NEWSLETTER_BREVO_KEY": KEY}
    with closing(providers.load("brevo", settings, environment=environment, outbox="")) as provider:
        send(provider, make_batch(1))

    (call,) = server.calls
    assert orjson.loads(call.body)["headers"]["X-Sib-Sandbox"] == "drop"


def test_whom_it_blocks_is_read_to_the_end(provider: Provider, vendor: Brevo) -> None:
    codes = ["hardBounce", "contactFlaggedAsSpam", "unsubscribedViaEmail", "adminBlocked"]
    vendor.blocked = [
        {"email": f"p{number}@example.com", "senderEmail": "kirje@example.fi",
         "reason": {"code": codes[number % 4], "message": "why"},
         "blockedAt": "2026-11-01T12:00:00Z"}
        for number in range(150)
    ]  # fmt: skip

    pages = list(provider.suppressed(lambda _: None))

    assert [len(page) for page in pages] == [100, 50]
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert pages[0][0] == KeptBack("p0@example.com", "bounced", "", "why", at)
    assert [item.why for item in pages[0][1:4]] == ["complained", "unsubscribed", "unsubscribed"]


def test_the_account_proves_the_key(provider: Provider) -> None:
    assert provider.probe(lambda _: None) == "Brevo knows the key"
