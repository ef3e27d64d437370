"""Who left after a mailing, and the alarm for whoever was mailed after having left."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from newsletter import reporting
from newsletter.reporting.figures import Leaving
from newsletter.store import Store
from newsletter.store.schema import batches, consents, events
from newsletter.testing import NOW
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider

HOUR = timedelta(hours=1)


@pytest.fixture
def room(store: Store) -> Mailroom:
    """Ten people who have the mail."""
    found = Mailroom(store)
    found.add(*(f"p{number}@example.com" for number in range(10)))
    found.clock.turn(timedelta(days=3))
    found.send(MemoryProvider())
    return found


def handed(room: Mailroom) -> datetime:
    with room.store.read() as connection:
        found: datetime = connection.execute(select(batches.c.handed_at)).scalar_one()
    return found


def act(
    room: Mailroom, at: datetime, act: str = "withdrawn", *, who: int = 1, method: str = "page",
    source: str = "kevatkirje",
) -> None:  # fmt: skip
    with room.store.begin() as connection:
        connection.execute(
            insert(consents).values(
                subscriber_id=who, list_id="uutiskirje", act=act, basis="consent", method=method,
                source=source, language="fi", recorded_by="subscriber", recorded_at=at,
            )
        )  # fmt: skip


def leaving(room: Mailroom) -> Leaving:
    made = reporting.of_mailing(room.store, 1, settings=room.settings, now=room.clock.now())
    return made.leaving


def test_whoever_leaves_later_is_counted_by_way(room: Mailroom) -> None:
    at = handed(room) + HOUR
    act(room, at, who=1, method="one_click")
    act(room, at, who=2, method="one_click", source="another")
    act(room, at, who=3, method="event", source="mailgun: complained")
    act(room, at, who=4, method="mail", source="leave address")
    act(room, at + timedelta(days=31), who=5)

    found = leaving(room)

    assert {way.name: way.people for way in found.ways} == {
        "one_click": 1,
        "complaint": 1,
        "mail": 1,
    }
    assert found.is_kept


def test_whoever_was_mailed_after_leaving_is_an_alarm(room: Mailroom) -> None:
    act(room, handed(room) - 5 * HOUR, who=7)
    act(room, handed(room) - HOUR, who=7, method="suppression")

    found = leaving(room)

    assert not found.is_kept
    assert [one.subscriber for one in found.late] == [7]
    assert found.longest == 5 * HOUR
    assert found.crossed == 0


@pytest.mark.parametrize("back", ["given", "restored"])
def test_whoever_came_back_before_the_hand_over_is_none(room: Mailroom, back: str) -> None:
    act(room, handed(room) - 5 * HOUR)
    act(room, handed(room) - HOUR, back)

    assert leaving(room).longest is None


def test_who_came_back_only_after_it_is_an_alarm_still(room: Mailroom) -> None:
    act(room, handed(room) - 5 * HOUR)
    act(room, handed(room) + HOUR, "given")

    assert leaving(room).longest == 5 * HOUR


def test_those_of_the_same_seconds_are_told_apart(room: Mailroom) -> None:
    act(room, handed(room) - timedelta(seconds=2))

    found = leaving(room)

    assert found.longest is None
    assert (found.crossed, found.longest_crossing) == (1, timedelta(seconds=2))


def test_a_batch_that_went_out_again_for_others_is_no_alarm(room: Mailroom) -> None:
    act(room, handed(room) + HOUR)
    with room.store.begin() as connection:
        connection.execute(update(batches).values(handed_at=handed(room) + 2 * HOUR))

    found = leaving(room)

    assert found.longest is None
    assert found.people == 1


def test_a_real_leave_is_honoured_in_a_mailing_under_way(store: Store) -> None:
    room = Mailroom(store)
    addresses = [f"p{number}@example.com" for number in range(10)]
    room.add(*addresses)
    provider, left = MemoryProvider(), iter(addresses)

    def during(_: object) -> None:
        room.clock.turn(HOUR)
        room.leave(next(left))  # this one has it already
        room.leave(addresses[-1]) if room.clock.now() < NOW + 2 * HOUR else None

    provider.during(during)
    number = room.planned(batch_size=2)
    room.dispatch(number, provider)

    found = reporting.of_mailing(store, number, settings=room.settings, now=room.clock.now())

    assert found.leaving.longest is None
    assert addresses[-1] not in provider.addresses
    assert found.accounts.excluded >= 1


def test_a_wish_that_nothing_followed_from_for_a_day_is_an_alarm(room: Mailroom) -> None:
    at = room.clock.now()
    with room.store.begin() as connection:
        connection.execute(
            insert(events).values(
                subscriber_id=3, delivery_id=3, kind="unsubscribed", source="m", source_id="1",
                happened_at=at, recorded_at=at,
            )
        )  # fmt: skip
    assert leaving(room).is_kept

    room.clock.turn(25 * HOUR)
    assert list(leaving(room).unhandled) == [1]
    assert not leaving(room).is_kept

    act(room, room.clock.now(), who=3, method="event", source="m: unsubscribed")
    assert leaving(room).is_kept
