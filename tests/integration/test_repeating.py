"""A lost answer, asked for again at a vendor that knows keys: whatever it says then, one mail."""

from collections.abc import Iterator

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.providers import Provider
from newsletter.store import Store
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.servers import KEY, Fault, Resend, VendorServer, answer, cut_after

PEOPLE = [f"p{number}@example.com" for number in range(4)]


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer(Resend()) as running:
        yield running


@pytest.fixture
def provider(server: VendorServer) -> Iterator[Provider]:
    environment = {"NEWSLETTER_RESEND_KEY": KEY}
    opened = providers.load("resend", {"base_url": server.url}, environment=environment, outbox="")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "second",
    [
        answer(400, body=b'{"message": "something odd"}'),
        answer(413),
        answer(422, body=b'{"message": "Invalid `to` field."}'),
        answer(429),
        answer(500),
    ],
    ids=lambda fault: str(fault.status),
)
def test_a_repeat_that_is_refused_mails_nobody_twice(
    store: Store, server: VendorServer, provider: Provider, second: Fault
) -> None:
    room = Mailroom(store)
    room.add(*PEOPLE)
    server.then(cut_after(), second)

    accounts = room.send(provider, provider_name="resend")

    assert accounts.accepted == 4
    assert sorted(server.addresses) == PEOPLE


def test_halves_whose_answers_are_lost_are_not_sent_again_as_a_whole(
    store: Store, server: VendorServer, provider: Provider
) -> None:
    room = Mailroom(store)
    room.add(*PEOPLE)
    server.then(answer(422, body=b'{"message": "Invalid `to` field."}'), cut_after(), cut_after())

    accounts = room.send(provider, provider_name="resend")

    assert accounts.unknown == 4
    assert sorted(server.addresses) == PEOPLE


def test_what_one_account_may_have_taken_is_not_handed_to_another(
    store: Store, server: VendorServer, provider: Provider
) -> None:
    room = Mailroom(store)
    room.add(*PEOPLE)
    number = room.planned(provider_name="resend")
    server.then(cut_after(), answer(401))
    with pytest.raises(ProviderError):
        room.dispatch(number, provider)

    with VendorServer(Resend()) as another:
        other = providers.load(
            "resend",
            {"base_url": another.url},
            environment={"NEWSLETTER_RESEND_KEY": KEY},
            outbox="",
        )
        accounts = room.dispatch(number, other)
        other.close()

    assert accounts.unknown == 4
    assert sorted(server.addresses) == PEOPLE
    assert another.addresses == []
