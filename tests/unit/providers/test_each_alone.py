"""Vendors that answer for each person: one bad address costs nobody else a mail."""

from collections.abc import Iterator

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.providers import Provider, State
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message
from newsletter.testing.servers import KEY, VendorServer, answer
from newsletter.testing.vendors import VENDORS

SETTINGS = {
    "elasticemail": {},
    "lettermint": {},
    "mailersend": {},
    "mailjet": {"api_key": "public"},
    "mailtrap": {},
    "mandrill": {},
    "scaleway": {"project_id": "6170692e-7363-616c-6577-61792e636f6d"},
}


@pytest.fixture(params=sorted(SETTINGS))
def server(request: pytest.FixtureRequest) -> Iterator[VendorServer]:
    with VendorServer(VENDORS[request.param]()) as server:
        yield server


@pytest.fixture
def provider(server: VendorServer) -> Iterator[Provider]:
    name = server.vendor.name
    provider = providers.load(
        name,
        SETTINGS[name] | {"base_url": server.url},
        environment={f"NEWSLETTER_{name.upper()}_KEY": KEY},
        outbox="",
    )
    yield provider
    provider.close()


def test_one_bad_address_is_refused_alone(server: VendorServer, provider: Provider) -> None:
    server.refuse("person1@example.com")

    found = [item for items in provider.send(make_batch(3)) for item in items]

    assert {item.key: item.state for item in found} == {
        "d7-0": State.ACCEPTED,
        "d7-1": State.REFUSED,
        "d7-2": State.ACCEPTED,
    }
    assert server.addresses == ["person0@example.com", "person2@example.com"]
    size = provider.capabilities.batch_size
    assert len(server.calls) == (1 if size > 1 else 3)


def test_a_message_that_the_vendor_refuses_stops_after_a_few(
    server: VendorServer, provider: Provider
) -> None:
    message = make_message(edition=make_edition(subject=make_template("")))

    with pytest.raises(ProviderError, match="refuses the message"):
        list(provider.send(make_batch(20, message=message)))

    assert server.taken == []


def test_too_many_calls_say_how_long_to_wait(server: VendorServer, provider: Provider) -> None:
    server.then(answer(429, {"Retry-After": "3"}))

    found = [item for items in provider.send(make_batch(1)) for item in items]

    (only,) = found
    assert only.state is State.RETRY
    assert only.wait is not None
    assert only.wait.total_seconds() == 3
