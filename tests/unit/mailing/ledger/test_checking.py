from collections.abc import Callable
from datetime import timedelta

import pytest

from newsletter import mailing, register
from newsletter.store import Store
from newsletter.testing import KEYS, NOW, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider


@pytest.fixture
def room(store: Store) -> Mailroom:
    """Fill a register with somebody in every state, and a mailing that is through."""
    room = Mailroom(store)
    room.add("aino@example.com", "eero@example.com", "ulla@example.com", "ville@example.com")
    room.leave("eero@example.com")
    register.suppress(store, "ulla@example.com", reason="bounced", now=NOW, keys=KEYS)
    room.send(MemoryProvider())
    return room


def subjects(store: Store) -> set[str]:
    return {fault.subject for fault in mailing.check(store, now=NOW)}


def test_a_database_that_is_in_order_has_no_faults(room: Mailroom) -> None:
    assert mailing.check(room.store, now=NOW) == []


def spoil(store: Store, *statements: str) -> None:
    """Write into the database as nobody should, with its guards off."""
    with store.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ("UPDATE subscriptions SET state = 'active' WHERE state = 'left'", "consents"),
        ("UPDATE subscriptions SET state = 'left' WHERE state = 'active'", "consents"),
        ("UPDATE subscriptions SET state = 'pending' WHERE state = 'active'", "consents"),
        ("UPDATE subscriptions SET state = 'paused' WHERE state = 'active'", "consents"),
        ("UPDATE mailings SET audience = audience + 1", "mailings"),
        pytest.param(
            "DROP TRIGGER consents_are_not_changed",
            None,
            marks=pytest.mark.sqlite(reason="PostgreSQL has one trigger for both"),
        ),
        ("DROP TABLE sync_rows", "tables"),
    ],
)
def test_what_was_changed_from_outside_is_told(
    room: Mailroom, statement: str, subject: str | None
) -> None:
    spoil(room.store, statement)

    assert subjects(room.store) == ({subject} if subject else set())


def test_a_table_of_proof_without_its_guards_is_told(room: Mailroom) -> None:
    with room.store.begin() as connection:
        stores.unguard(connection, "audit", against="changed")

    (fault,) = mailing.check(room.store, now=NOW)

    assert "audit" in fault.message


def test_every_move_of_a_subscription_leaves_its_proof(
    store: Store, moves: Callable[[Store, Mailroom], None]
) -> None:
    moves(store, Mailroom(store))

    assert mailing.check(store, now=NOW) == []


@pytest.fixture(params=["leave", "restore", "pause", "resume", "pause-leave-restore"])
def moves(request: pytest.FixtureRequest) -> Callable[[Store, Mailroom], None]:
    acts = {
        "leave": [register.subscriptions.Act.LEAVE],
        "restore": [register.subscriptions.Act.LEAVE, register.subscriptions.Act.RESTORE],
        "pause": [register.subscriptions.Act.PAUSE],
        "resume": [register.subscriptions.Act.PAUSE, register.subscriptions.Act.RESUME],
        "pause-leave-restore": [
            register.subscriptions.Act.PAUSE,
            register.subscriptions.Act.LEAVE,
            register.subscriptions.Act.RESTORE,
        ],
    }[request.param]

    def run(store: Store, room: Mailroom) -> None:
        room.add("aino@example.com")
        person = room.people["aino@example.com"]
        proof = register.subscriptions.Proof(method="page", source="x", by="subscriber", now=NOW)
        pause = register.subscriptions.Pause(NOW + timedelta(days=30), "asked")
        with store.begin() as connection:
            for act in acts:
                assert register.subscriptions.move(
                    connection,
                    person,
                    "uutiskirje",
                    act,
                    proof,
                    pause=pause if act is register.subscriptions.Act.PAUSE else None,
                )

    return run


def test_an_entry_that_is_yet_to_come_is_told(room: Mailroom) -> None:
    earlier = NOW - timedelta(days=2)

    (fault,) = mailing.check(room.store, now=earlier)

    assert fault.subject == "clock"
    assert "set it" in fault.hint
