from datetime import timedelta

import pytest
from sqlalchemy import select

from newsletter import mailing, register
from newsletter.errors import InputError
from newsletter.mailing.ledger import settling
from newsletter.mailing.ledger.settling import Settlement, Verdict
from newsletter.mailing.reconciling import reconcile
from newsletter.register import events
from newsletter.store import schema
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from tests.unit.mailing.doubts import (
    KnowingProvider,
    accounts,
    audit_lines,
    lost,
    results,
    states,
    tell,
)
from tests.unit.mailing.runs import kill


def by_events(room: Mailroom, *, dry_run: bool = False) -> Settlement:
    return reconcile.by_events(room.store, 1, now=room.clock.now(), dry_run=dry_run)


def marked(room: Mailroom, what: reconcile.Mark, *addresses: str) -> Settlement:
    return reconcile.mark(
        room.store, 1, what, only=addresses or None, by="aino", now=room.clock.now()
    )


@pytest.mark.parametrize("kind", ["delivered", "deferred", "bounced", "complained", "unsubscribed"])
def test_an_event_of_a_mail_proves_that_it_was_taken(room: Mailroom, kind: str) -> None:
    lost(room, 4)
    tell(room, kind, 1)

    assert by_events(room) == Settlement(accepted=1)
    assert results(room.store) == {1: ("accepted", "", "event")}
    assert accounts(room).unknown == 3


def test_what_was_rejected_did_not_go_out(room: Mailroom) -> None:
    lost(room, 2)
    tell(room, "rejected", 1, 2)
    tell(room, "delivered", 2)

    assert by_events(room) == Settlement(accepted=1, refused=1)
    assert results(room.store) == {
        1: ("refused", "the provider rejected it", "event"),
        2: ("accepted", "", "event"),
    }


def test_a_batch_whose_people_are_all_settled_is_done(room: Mailroom) -> None:
    lost(room, 4, size=2)
    tell(room, "delivered", 1, 2, 3)

    by_events(room)

    assert states(room.store) == ["done", "unknown"]
    assert accounts(room).accepted == 3


def test_settling_again_finds_nothing(room: Mailroom) -> None:
    lost(room, 2)
    tell(room, "delivered", 1)
    by_events(room)
    before = results(room.store)

    assert by_events(room) == Settlement()
    assert results(room.store) == before
    assert len(audit_lines(room.store, "unknown settled")) == 1


def test_a_dry_run_counts_and_writes_nothing(room: Mailroom) -> None:
    lost(room, 2)
    tell(room, "delivered", 1)

    assert by_events(room, dry_run=True) == Settlement(accepted=1)
    assert results(room.store) == {}
    assert audit_lines(room.store, "unknown settled") == []


def test_webhooks_settle_in_the_transaction_that_keeps_their_events(room: Mailroom) -> None:
    lost(room, 4)
    now = room.clock.now()
    told = [
        events.Event(
            kind="delivered", source="memory", source_id=str(number), happened_at=now,
            delivery_id=number,
        )
        for number in (2, 3)
    ]  # fmt: skip

    with room.store.begin() as connection:
        events.take_all(connection, told, settings=room.settings, keys=KEYS, now=now)
        done = mailing.settle_by_events(connection, now=now, members=[2, 3])

    assert done == Settlement(accepted=2)
    assert sorted(results(room.store)) == [2, 3]


def test_events_of_others_settle_nobody(room: Mailroom) -> None:
    lost(room, 2)
    tell(room, "delivered", 1)

    with room.store.begin() as connection:
        done = mailing.settle_by_events(connection, now=room.clock.now(), members=[77])

    assert done == Settlement()


def test_only_what_is_unknown_is_settled(room: Mailroom) -> None:
    room.add("aino@example.com", "eero@example.com")
    number = room.planned(batch_size=1)
    provider = KnowingProvider()
    kill(room, number, provider, after_calls=1)  # one accepted, one with a dead run
    tell(room, "delivered", 1, 2)
    before = results(room.store)

    assert by_events(room) == Settlement()
    assert results(room.store) == before
    with pytest.raises(InputError, match=r"nobody in doubt in mailing 1: eero@"):
        marked(room, "accepted", "eero@example.com")


def test_a_person_marks_one_or_all(room: Mailroom) -> None:
    lost(room, 4)

    assert marked(room, "missing", "P1@example.com") == Settlement(refused=1)
    assert marked(room, "accepted") == Settlement(accepted=3)
    assert results(room.store)[2] == ("refused", "marked as missing", "aino")
    assert {by for _, _, by in results(room.store).values()} == {"aino"}
    assert accounts(room).unknown == 0


def test_an_address_that_is_not_in_doubt_is_named_and_nobody_is_marked(room: Mailroom) -> None:
    lost(room, 2)

    with pytest.raises(InputError, match=r"nobody in doubt.*: nobody@example.com$") as caught:
        marked(room, "missing", "p0@example.com", "nobody@example.com")

    assert "newsletter status 1 --unknown" in caught.value.hint
    assert results(room.store) == {}


def test_what_an_event_says_counts_more_than_a_mark(room: Mailroom) -> None:
    lost(room, 2)
    tell(room, "delivered", 1)

    assert marked(room, "missing") == Settlement(accepted=1, refused=1)
    assert results(room.store)[1] == ("accepted", "", "event")


def test_whoever_was_marked_missing_is_mailed_by_the_next_mailing(room: Mailroom) -> None:
    lost(room, 2)
    marked(room, "missing", "p0@example.com")
    marked(room, "accepted", "p1@example.com")
    provider = KnowingProvider()

    room.send(provider)

    assert provider.addresses == ["p0@example.com"]


def test_whoever_was_marked_missing_and_got_it_after_all_is_not_mailed_again(
    room: Mailroom,
) -> None:
    lost(room, 2)
    marked(room, "missing")
    tell(room, "delivered", 1)
    provider = KnowingProvider()

    room.send(provider)

    assert provider.addresses == ["p1@example.com"]


def test_who_turns_out_to_have_it_between_the_next_plan_and_its_hand_over_is_not_mailed_again(
    room: Mailroom,
) -> None:
    lost(room, 2)
    marked(room, "missing")
    number = room.planned()
    tell(room, "delivered", 1)
    provider = KnowingProvider()

    accounts = room.dispatch(number, provider)

    assert provider.addresses == ["p1@example.com"]
    assert accounts.excluded == 1
    assert room.plan() is None  # nor by any mailing after that


def test_of_somebody_erased_nothing_is_written_but_the_state(room: Mailroom) -> None:
    lost(room, 2)
    register.erase(
        room.store,
        "p0@example.com",
        settings=room.settings,
        by="test",
        now=room.clock.now(),
        keys=KEYS,
    )

    with room.store.begin() as connection:
        doubt = settling.lock(connection, 1)
        assert doubt is not None
        told = {1: Verdict("refused", "p0@example.com is unknown", "id of p0")}
        settling.settle(
            connection, doubt, told, settled_by="provider", by="tool", now=room.clock.now()
        )

    with room.store.read() as connection:
        row = connection.execute(select(schema.results)).one()
    assert (row.state, row.reason, row.provider_id) == ("refused", "", "")
    assert marked(room, "accepted") == Settlement(accepted=1)  # the erased one is settled


def test_each_step_stands_in_the_audit_log_with_numbers_and_no_address(room: Mailroom) -> None:
    lost(room, 4, size=2)
    tell(room, "delivered", 1)
    by_events(room)
    marked(room, "missing", "p1@example.com", "p2@example.com")

    lines = audit_lines(room.store, "unknown", "unknown settled")

    batch = {"mailing": 1, "batch": 1}
    assert lines == [
        ("unknown", "tool", {"mailing": 1, "batch": 1, "people": 4}),
        ("unknown settled", "tool", {**batch, "accepted": 1, "refused": 0, "settled_by": "event"}),
        ("unknown settled", "aino", {**batch, "accepted": 0, "refused": 1, "settled_by": "aino"}),
        ("unknown settled", "aino",
         {"mailing": 1, "batch": 2, "accepted": 0, "refused": 1, "settled_by": "aino"}),
    ]  # fmt: skip
    assert "@" not in repr(lines)


def test_a_batch_whose_run_died_is_unknown_in_the_audit_log(room: Mailroom) -> None:
    room.add("aino@example.com")
    number = room.planned()
    provider = KnowingProvider()
    kill(room, number, provider)
    room.clock.turn(timedelta(minutes=1))

    room.dispatch(number, provider)

    assert audit_lines(room.store, "unknown") == [
        ("unknown", "tool", {"mailing": 1, "batch": 1, "people": 1})
    ]
