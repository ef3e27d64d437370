from datetime import timedelta

import pytest
from sqlalchemy import select

from newsletter import mailing
from newsletter.mailing.envelope import Envelope
from newsletter.mailing.handing.claims import Claim, Claims
from newsletter.mailing.handing.recording import LeaseLostError, Rest, record, settle
from newsletter.providers import Outcome, State
from newsletter.providers.pace import LEASE
from newsletter.store import schema
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import IdempotentMemoryProvider


def claim(room: Mailroom, number: int = 1) -> Claim:
    with room.store.read() as connection:
        data = connection.execute(select(schema.mailings.c.envelope)).scalar_one()
    claims = Claims(
        room.store,
        number,
        Envelope.load(data),
        capabilities=IdempotentMemoryProvider.capabilities,
        account="memory",
        keys=KEYS,
        owner=room.owner(),
    )
    found = claims.next(room.clock.now())
    assert isinstance(found, Claim)
    return found


def accepted(room: Mailroom, found: Claim, *deliveries: int) -> None:
    outcomes = {delivery: Outcome("", State.ACCEPTED) for delivery in deliveries}
    record(room.store, found, outcomes, now=room.clock.now())


@pytest.fixture
def two_claims(room: Mailroom) -> tuple[Claim, Claim]:
    """One batch, claimed by a run that slept, then by another."""
    room.add("aino@example.com", "eino@example.com")
    room.planned()
    old = claim(room)
    room.clock.turn(LEASE)
    return old, claim(room)


def test_each_claim_has_a_higher_number(two_claims: tuple[Claim, Claim]) -> None:
    old, new = two_claims

    assert (old.attempt, new.attempt) == (1, 2)
    assert (old.again, new.again) == (False, True)
    assert old.key == new.key


def test_a_former_owner_cannot_record(room: Mailroom, two_claims: tuple[Claim, Claim]) -> None:
    old, new = two_claims

    with pytest.raises(LeaseLostError):
        accepted(room, old, 1, 2)

    accepted(room, new, 1)
    assert mailing.accounts(room.store, 1).accepted == 1


def test_a_former_owner_cannot_settle(room: Mailroom, two_claims: tuple[Claim, Claim]) -> None:
    old, new = two_claims

    with pytest.raises(LeaseLostError):
        settle(room.store, old, [Rest("planned", frozenset({1, 2}), "")], now=room.clock.now())

    assert mailing.accounts(room.store, 1).handing_over == 2
    settle(room.store, new, [Rest("unknown", frozenset({1, 2}), "lost")], now=room.clock.now())
    assert mailing.accounts(room.store, 1).unknown == 2


def test_nothing_can_be_recorded_once_the_batch_is_settled(room: Mailroom) -> None:
    room.add("aino@example.com")
    room.planned()
    found = claim(room)
    settle(room.store, found, [Rest("planned", frozenset({1}), "busy")], now=room.clock.now())

    with pytest.raises(LeaseLostError):
        accepted(room, found, 1)


def test_recording_renews_the_lease(room: Mailroom) -> None:
    room.add("aino@example.com", "eino@example.com")
    room.planned()
    found = claim(room)
    room.clock.turn(timedelta(minutes=10))

    accepted(room, found, 1)

    with room.store.read() as connection:
        until = connection.execute(select(schema.batches.c.lease_until)).scalar_one()
    assert until == room.clock.now() + LEASE


def test_a_batch_is_cut_where_the_state_changes(room: Mailroom) -> None:
    room.add(*(f"p{number}@example.com" for number in range(9)))
    room.planned()
    found = claim(room)
    accepted(room, found, 1, 3, 9)

    settle(
        room.store,
        found,
        [
            Rest("unknown", frozenset({2, 7}), "lost"),
            Rest("planned", frozenset({4, 5, 6, 8}), "busy", room.clock.now()),
        ],
        now=room.clock.now(),
    )

    with room.store.read() as connection:
        query = select(schema.batches).order_by(schema.batches.c.first)
        rows = [(row.first, row.last, row.state, row.reason) for row in connection.execute(query)]
    assert rows == [
        (1, 3, "unknown", "lost"),
        (4, 6, "planned", "busy"),
        (7, 7, "unknown", "lost"),
        (8, 9, "planned", "busy"),
    ]
    assert mailing.accounts(room.store, 1) == mailing.Accounts(9, 0, 0, 2, 3, 4, 0)
