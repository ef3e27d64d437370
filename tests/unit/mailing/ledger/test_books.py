from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from newsletter import mailing
from newsletter.errors import InputError, StoreError
from newsletter.mailing import Accounts
from newsletter.providers import Batch, State
from newsletter.store import schema
from newsletter.testing import NOW, make_edition, make_editions, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider


def people(count: int) -> list[str]:
    return [f"p{number}@example.com" for number in range(count)]


def test_the_balance_says_how_many_are_missing_or_too_many() -> None:
    assert Accounts(6, 1, 1, 1, 1, 1, 1).balance() == 0
    assert Accounts(7, 1, 1, 1, 1, 1, 1).balance() == -1
    assert Accounts(0, 0, 0, 0, 2, 0, 0).balance() == 2


def test_a_mailing_is_finished_when_nothing_is_left_to_hand_over() -> None:
    assert Accounts(3, 1, 0, 1, 1, 0, 0).finished
    assert not Accounts(1, 0, 0, 0, 0, 1, 0).finished
    assert not Accounts(1, 0, 0, 0, 0, 0, 1).finished


def test_a_batch_called_done_with_people_left_breaks_the_balance(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned()
    with room.store.begin() as connection:
        connection.execute(update(schema.batches).values(state="done"))

    with pytest.raises(StoreError, match="accounts of mailing 1 do not balance: -3 of 3"):
        mailing.accounts(room.store, number)


def test_a_lost_result_breaks_the_balance(room: Mailroom) -> None:
    room.add(*people(3))
    room.send(MemoryProvider())
    with room.store.begin() as connection:
        stores.unguard(connection, "results", against="deleted")
        connection.execute(delete(schema.results).where(schema.results.c.delivery_id == 2))

    with pytest.raises(StoreError, match="-1 of 3") as caught:
        mailing.mailings(room.store)

    assert "send nothing" in caught.value.hint


def test_a_stray_result_breaks_the_balance(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    with room.store.begin() as connection:
        connection.execute(update(schema.batches).values(last=1))
        connection.execute(
            insert(schema.results).values(delivery_id=1, state="accepted", recorded_at=NOW)
        )

    with pytest.raises(StoreError, match="-1 of 2"):
        mailing.accounts(room.store, number)


def test_accounts_of_a_mailing_that_is_not_there_are_an_error(room: Mailroom) -> None:
    with pytest.raises(InputError, match="no mailing 3"):
        mailing.accounts(room.store, 3)


def test_two_mailings_keep_their_accounts_apart(room: Mailroom) -> None:
    room.add(*people(2))
    room.send(MemoryProvider())
    room.add("aino@example.com")
    second = room.planned()

    assert mailing.accounts(room.store, 1).accepted == 2
    assert mailing.accounts(room.store, second).planned == 1


def test_mailings_are_listed_latest_first(room: Mailroom) -> None:
    room.add(*people(2))
    room.send(MemoryProvider())
    room.clock.turn(timedelta(days=1))
    room.planned(editions=make_editions(make_edition(issue="kesakirje")), provider_name="outbox")

    found = mailing.mailings(room.store)

    assert [(item.id, item.issue, item.provider) for item in found] == [
        (2, "kesakirje", "outbox"),
        (1, "kevatkirje", "memory"),
    ]
    assert found[0].lists == ("uutiskirje",)
    assert (found[0].planned_by, found[0].planned_at) == ("test", NOW + timedelta(days=1))
    assert found[1].accounts.accepted == 2


def test_mailings_can_be_narrowed(room: Mailroom) -> None:
    room.add(*people(1))
    for issue in ("a", "b", "c"):
        room.planned(editions=make_editions(make_edition(issue=issue)))

    assert [item.issue for item in mailing.mailings(room.store, limit=2)] == ["c", "b"]
    assert [item.id for item in mailing.mailings(room.store, issue="a")] == [1]


@pytest.mark.parametrize("state", mailing.STATES)
def test_people_of_each_state_are_those_that_the_accounts_count(room: Mailroom, state: str) -> None:
    room.add(*people(9))
    provider = MemoryProvider()
    provider.answer("p0@example.com", State.REFUSED, "no such mailbox")
    provider.answer("p1@example.com", State.UNKNOWN, "no answer")

    def stop_at_the_fourth(_: Batch) -> None:
        if len(provider.batches) == 4:
            raise KeyboardInterrupt

    provider.during(stop_at_the_fourth)
    number = room.planned(batch_size=2)
    room.leave("p3@example.com")
    with pytest.raises(KeyboardInterrupt):
        room.dispatch(number, provider)

    found = list(mailing.people(room.store, number, state))

    assert len(found) == getattr(mailing.accounts(room.store, number), state) > 0
    assert {item.state for item in found} == {state}


def test_reasons_are_shown_with_people(room: Mailroom) -> None:
    room.add(*people(1))
    provider = MemoryProvider()
    provider.answer("p0@example.com", State.REFUSED, "no such mailbox")
    room.send(provider)

    assert list(mailing.people(room.store, 1, "refused")) == [
        mailing.Delivery("p0@example.com", "refused", "no such mailbox")
    ]


def test_a_state_that_is_none_is_named(room: Mailroom) -> None:
    with pytest.raises(InputError, match="no state 'lost'") as caught:
        mailing.people(room.store, 1, "lost")

    assert "accepted" in caught.value.hint
