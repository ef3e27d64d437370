from datetime import timedelta

import pytest

from newsletter import register
from newsletter.mailing.trials.arms import Arm, arms, last_handed, verdict
from newsletter.providers import State
from newsletter.register import events
from newsletter.register.events import Event, Kind
from newsletter.store.schema import deliveries
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.experimenting import edition, editions, experiment, people


def arm(name: str, handed_over: int, unsubscribed: int = 0, complained: int = 0) -> Arm:
    return Arm(name, (name,), handed_over, 0, 0, 0, complained, unsubscribed)


def tell(room: Mailroom, address: str, kind: Kind, number: str = "1") -> None:
    with room.store.read() as connection:
        delivery = connection.execute(
            deliveries.select().where(deliveries.c.address == address)
        ).one()
    event = Event(
        kind=kind,
        source="memory",
        source_id=f"{address} {kind} {number}",
        happened_at=room.clock.now(),
        address=address,
        delivery_id=delivery.id,
        code="5.1.1" if kind == "bounced" else "",
    )
    events.take(room.store, event, settings=room.settings, keys=KEYS, now=room.clock.now())


@pytest.fixture
def sent(room: Mailroom) -> tuple[Mailroom, int, dict[str, list[str]]]:
    """Mail two subjects to ten people each; give who got which."""
    people(room, 20)
    made, provider = editions(), MemoryProvider()
    number = room.planned(editions=made, experiment=experiment(made, split=100))
    room.dispatch(number, provider)
    got = {
        name: [mail.address for mail in provider.taken if mail.subject.startswith(name)]
        for name in "ab"
    }
    room.clock.turn(timedelta(hours=1))
    return room, number, got


def counted(room: Mailroom, number: int) -> dict[str, Arm]:
    digests = experiment(editions()).arms
    with room.store.read() as connection:
        return {item.name: item for item in arms(connection, number, digests)}


def test_what_became_of_each_arm_is_counted(
    sent: tuple[Mailroom, int, dict[str, list[str]]],
) -> None:
    room, number, got = sent
    first, second, third, *_ = got["b"]
    for address in got["a"]:
        tell(room, address, "delivered")
    tell(room, first, "bounced")
    tell(room, second, "complained")
    room.leave(third)

    found = counted(room, number)

    assert found["a"] == Arm("a", ("a fi ",), 10, 0, 10, 0, 0, 0)
    assert found["b"] == Arm("b", ("b fi ",), 10, 0, 0, 1, 1, 1)


def test_each_person_counts_once_however_often_it_is_told(
    sent: tuple[Mailroom, int, dict[str, list[str]]],
) -> None:
    room, number, got = sent
    address = got["a"][0]
    tell(room, address, "complained")
    tell(room, address, "complained", "2")
    other = got["a"][1]
    for _ in range(2):
        room.leave(other)
        register.restore(
            room.store,
            subscriber_id=room.people[other],
            list_id="uutiskirje",
            method="page",
            source="a test",
            by="subscriber",
            now=room.clock.now(),
        )
    tell(room, got["a"][2], "unsubscribed")

    found = counted(room, number)["a"]

    assert (found.complained, found.unsubscribed) == (1, 2)


def test_who_is_taken_off_by_others_has_not_unsubscribed(
    sent: tuple[Mailroom, int, dict[str, list[str]]],
) -> None:
    room, number, got = sent
    register.leave(
        room.store,
        subscriber_id=room.people[got["a"][0]],
        list_id="uutiskirje",
        method="command",
        source="a test",
        by="test",
        now=room.clock.now(),
    )
    tell(room, got["a"][1], "complained")  # closes the subscription, too

    assert counted(room, number)["a"].unsubscribed == 0


def test_who_left_and_came_back_before_the_mailing_has_not_left_it(room: Mailroom) -> None:
    address, *_ = people(room, 4)
    room.leave(address)
    register.restore(
        room.store,
        subscriber_id=room.people[address],
        list_id="uutiskirje",
        method="page",
        source="a test",
        by="subscriber",
        now=room.clock.now(),
    )
    room.clock.turn(timedelta(hours=1))
    made = editions()
    number = room.planned(editions=made, experiment=experiment(made, split=100))
    room.dispatch(number, MemoryProvider())

    assert sum(item.unsubscribed for item in counted(room, number).values()) == 0


def test_the_refused_and_the_unknown_are_not_among_those_handed_over(room: Mailroom) -> None:
    addresses = people(room, 8)
    provider = MemoryProvider()
    provider.answer(addresses[0], State.REFUSED, "no such mailbox")
    provider.answer(addresses[1], State.UNKNOWN)
    made = editions()
    number = room.planned(editions=made, experiment=experiment(made, split=100))
    room.dispatch(number, provider)

    found = counted(room, number).values()

    assert sum(item.handed_over for item in found) == 6
    assert sum(item.unknown for item in found) == 1
    with room.store.read() as connection:
        assert last_handed(connection, number) == room.clock.now()


def test_the_subject_that_fewer_leave_wins_when_the_difference_is_no_chance() -> None:
    found = verdict([arm("a", 1000, 60), arm("b", 1000, 10)], "unsubscribes")

    assert (found.arm, found.told) == ("b", True)
    assert "b has the fewest unsubscribes: 0.54–1.8 %, against 4.7–7.6 % of a" in found.reason


@pytest.mark.parametrize(
    "given",
    [
        [arm("a", 1000, 20), arm("b", 1000, 12)],
        [arm("a", 1000), arm("b", 1000)],
        [arm("a", 0), arm("b", 10)],
        [arm("a", 1000, 60), arm("b", 1000, 10), arm("c", 1000, 12)],
    ],
)
def test_where_no_difference_can_be_told_the_first_stands(given: list[Arm]) -> None:
    found = verdict(given, "unsubscribes")

    assert (found.arm, found.told) == ("a", False)
    assert "no difference can be told" in found.reason


def test_complaints_decide_where_the_rule_says_so() -> None:
    given = [arm("a", 1000, 0, 60), arm("b", 1000, 90, 2), arm("c", 1000, 0, 80)]

    assert verdict(given, "complaints").arm == "b"


def test_a_digest_that_no_arm_has_is_left_out(
    sent: tuple[Mailroom, int, dict[str, list[str]]],
) -> None:
    room, number, _ = sent
    with room.store.read() as connection:
        [found] = arms(connection, number, {"a": (edition("a").digest,)})

    assert found.handed_over == 10
