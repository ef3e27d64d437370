import pytest

from newsletter import mailing
from newsletter.mailing.ledger.settling import Settlement
from newsletter.mailing.ledger.told import Told, read_told
from newsletter.providers import State
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.doubts import accounts, lost, tell


def told(room: Mailroom, number: int = 1) -> Told:
    with room.store.read() as connection:
        return read_told(connection, number, accounts(room, number).accepted)


@pytest.fixture
def sent(room: Mailroom) -> Mailroom:
    room.add(*(f"p{number}@example.com" for number in range(6)))
    provider = MemoryProvider()
    provider.answer("p5@example.com", State.REFUSED, "no such mailbox")
    room.send(provider)
    return room


def test_as_long_as_nobody_has_told_anything_all_are_silent(sent: Mailroom) -> None:
    assert told(sent) == Told(delivered=0, bounced=0, complained=0, silent=5)


@pytest.mark.parametrize(
    ("kinds", "comes_to"),
    [
        (["delivered"], "delivered"),
        (["unsubscribed"], "delivered"),
        (["bounced"], "bounced"),
        (["rejected"], "bounced"),
        (["delivered", "bounced"], "bounced"),
        (["bounced", "delivered"], "bounced"),
        (["delivered", "complained"], "complained"),
        (["bounced", "complained", "unsubscribed"], "complained"),
        (["delivered", "unsubscribed"], "delivered"),
        (["deferred"], "silent"),
    ],
)
def test_of_several_events_the_one_that_says_most_counts(
    sent: Mailroom, kinds: list[str], comes_to: str
) -> None:
    for kind in kinds:
        tell(sent, kind, 2)
        tell(sent, kind, 2, name="-again")
    tell(sent, "delivered", 1)

    found = told(sent)

    expected = {"delivered": 1, "bounced": 0, "complained": 0, "silent": 3}
    expected[comes_to] += 1
    assert found == Told(**expected)
    if comes_to != "silent":
        people = [item.address for item in mailing.people(sent.store, 1, comes_to)]
        assert "p1@example.com" in people
        assert len(people) == expected[comes_to]


def test_what_is_told_of_others_than_the_accepted_counts_nothing(sent: Mailroom) -> None:
    tell(sent, "delivered", 6)  # refused

    assert told(sent).silent == 5
    assert list(mailing.people(sent.store, 1, "delivered")) == []


def test_whoever_is_unknown_counts_from_when_they_are_settled(room: Mailroom) -> None:
    lost(room, 3)
    tell(room, "bounced", 1)
    tell(room, "delivered", 2)
    assert told(room) == Told(0, 0, 0, silent=0)

    with room.store.begin() as connection:
        done = mailing.settle_by_events(connection, now=room.clock.now())

    assert done == Settlement(accepted=2)
    assert told(room) == Told(delivered=1, bounced=1, complained=0, silent=0)


def test_what_is_told_of_somebody_who_is_only_planned_counts_once_they_are_accepted(
    room: Mailroom,
) -> None:
    room.add(*(f"p{number}@example.com" for number in range(4)))
    number = room.planned(batch_size=2)
    tell(room, "delivered", 1)
    tell(room, "unsubscribed", 1)
    tell(room, "delivered", 3)
    assert told(room, number) == Told(0, 0, 0, silent=0)

    room.dispatch(number, MemoryProvider())  # not to whoever left meanwhile

    assert told(room, number) == Told(delivered=1, bounced=0, complained=0, silent=2)


def test_mailings_keep_what_is_told_apart(sent: Mailroom) -> None:
    sent.add("q@example.com")
    sent.send(MemoryProvider())  # to q, and once more to whoever was refused
    tell(sent, "delivered", 1)
    tell(sent, "complained", 7)

    assert told(sent, 1) == Told(1, 0, 0, silent=4)
    assert told(sent, 2) == Told(0, 0, 1, silent=1)
