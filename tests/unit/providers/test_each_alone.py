"""Vendors that answer for each person: one bad address costs nobody else a mail."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from newsletter.errors import ProviderError
from newsletter.providers import Provider, State
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message
from newsletter.testing.drivers import make_provider
from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.vendors import VENDORS

NAMES = ("elasticemail", "lettermint", "mailersend", "mailjet", "mailtrap", "mandrill", "scaleway")


@pytest.fixture(params=NAMES)
def server(request: pytest.FixtureRequest) -> Iterator[VendorServer]:
    with VendorServer(VENDORS[request.param]()) as server:
        yield server


@pytest.fixture
def provider(server: VendorServer) -> Iterator[Provider]:
    with closing(make_provider(server.vendor.name, server.url)) as provider:
        yield provider


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
