"""Quiet hours, schedules, closed lists, another version or place: what a run meets on its way."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from newsletter import mailing
from newsletter.errors import InputError
from newsletter.mailing import Accounts, Resting, Schedule, Waiting
from newsletter.providers import Batch, State
from newsletter.store import home
from newsletter.testing import make_settings
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, IdempotentMemoryProvider, MemoryProvider
from tests.unit.mailing.held import STAFF, cancel, rested, resume, run
from tests.unit.mailing.runs import kill, people

# The mailroom's clock begins at 11:00 in Helsinki.
QUIET = make_settings(sending={"quiet": "11:30-15:00"})
SHORT = make_settings(sending={"quiet": "10:00-11:20"})


def times(room: Mailroom, **after: float) -> Schedule:
    begin = room.clock.now() + timedelta(**after)
    return Schedule(begin, begin + timedelta(hours=2))


def test_nothing_leaves_in_quiet_hours_and_the_run_says_until_when(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    room.clock.turn(timedelta(hours=1))

    held = run(room, number, provider := MemoryProvider(), QUIET)

    assert held.planned == 2
    assert not provider.batches
    assert rested(room.steps).reason == "quiet hours"
    until = rested(room.steps).until
    assert until is not None
    assert mailing.said(until, "Europe/Helsinki") == "Mon 2026-03-02 15:00"


def test_a_run_waits_out_quiet_hours_that_end_soon(room: Mailroom) -> None:
    room.add(*people(2))

    accounts = run(room, room.planned(), MemoryProvider(), SHORT)

    assert accounts.accepted == 2
    assert sum(room.clock.waits) == 20 * 60
    assert [step.reason for step in room.steps if isinstance(step, Waiting)] == ["quiet hours"]


def test_quiet_hours_that_begin_in_the_middle_stop_before_the_next_call(room: Mailroom) -> None:
    room.add(*people(3))
    provider = MemoryProvider()
    provider.during(lambda _: room.clock.turn(timedelta(minutes=20)))

    accounts = run(room, room.planned(batch_size=1), provider, QUIET)

    assert (accounts.accepted, accounts.planned) == (2, 1)


def test_who_wishes_it_mails_in_quiet_hours_too(room: Mailroom) -> None:
    room.add(*people(2))
    wanted = room.planned(despite_quiet=True)
    room.clock.turn(timedelta(hours=1))

    assert run(room, wanted, MemoryProvider(), QUIET).accepted == 2


def test_who_wishes_it_later_mails_in_quiet_hours_too(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    room.clock.turn(timedelta(hours=1))

    mailing.mail_despite_quiet(room.store, number, by=STAFF, now=room.clock.now())

    assert run(room, number, MemoryProvider(), QUIET).accepted == 2


def test_a_scheduled_mailing_is_fired_by_whoever_runs_at_its_time(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned(times=times(room, days=1))
    provider = MemoryProvider()

    early = run(room, number, provider)
    reason = rested(room.steps)
    room.clock.turn(timedelta(hours=23, minutes=30))
    in_time = run(room, number, provider)

    assert early.planned == 2
    assert reason == Resting("scheduled", times(room, minutes=0).at)
    assert in_time.accepted == 2


def test_who_leaves_before_the_time_gets_nothing(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned(times=times(room, hours=1))

    room.leave("p0@example.com")
    accounts = run(room, number, MemoryProvider())

    assert (accounts.accepted, accounts.excluded) == (1, 1)


def test_a_time_that_was_missed_waits_for_a_word(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned(times=times(room, hours=1))
    room.clock.turn(timedelta(hours=3, seconds=1))

    held = run(room, number, MemoryProvider())
    reason = rested(room.steps).reason
    resume(room, number)
    sent = run(room, number, MemoryProvider())

    assert held.planned == 2
    assert reason == "it was to begin by Mon 2026-03-02 14:00; newsletter resume 1"
    assert sent.accepted == 2


def test_a_mailing_that_began_in_time_goes_on_however_late(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(times=times(room, minutes=1), batch_size=1)
    room.clock.turn(timedelta(minutes=1))
    provider = MemoryProvider()
    provider.during(lambda _: room.clock.turn(timedelta(hours=5)))

    assert run(room, number, provider).accepted == 3


def test_a_mailing_can_be_given_another_time_until_it_begins(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(times=times(room, days=1), batch_size=1)

    moved = mailing.reschedule(
        room.store, number, times(room, days=2), by=STAFF, now=room.clock.now()
    )
    freed = mailing.reschedule(room.store, number, None, by=STAFF, now=room.clock.now())

    assert moved.not_before == times(room, days=2).at
    assert (freed.not_before, freed.latest) == (None, None)
    provider = MemoryProvider()
    provider.then(Answer.TAKEN, RuntimeError("broken"))
    with pytest.raises(RuntimeError):
        run(room, number, provider)
    with pytest.raises(InputError, match="has begun"):
        mailing.reschedule(room.store, number, times(room, days=3), by=STAFF, now=room.clock.now())


def test_a_list_that_is_gone_from_the_settings_is_closed(room: Mailroom) -> None:
    both = [{"id": name, "name": name} for name in ("uutiskirje", "tapahtumat")]
    room.settings = make_settings(lists=both)  # type: ignore[misc] # as if it had been so
    room.add("aino@example.com", lists=["uutiskirje"])
    room.add("eino@example.com", lists=["tapahtumat"])
    number = room.planned(lists=("uutiskirje", "tapahtumat"))

    accounts = run(room, number, provider := MemoryProvider(), make_settings())

    assert provider.addresses == ["aino@example.com"]
    assert accounts == Accounts(2, 1, 0, 0, 1, 0, 0)
    assert [item.reason for item in mailing.people(room.store, number, "excluded")] == [
        "list closed"
    ]


def test_those_in_doubt_of_a_closed_list_are_not_handed_over_again(room: Mailroom) -> None:
    both = [{"id": name, "name": name} for name in ("uutiskirje", "tapahtumat")]
    room.settings = make_settings(lists=both)  # type: ignore[misc] # as if it had been so
    room.add("eino@example.com", lists=["tapahtumat"])
    number = room.planned(lists=("tapahtumat",))
    provider = IdempotentMemoryProvider()
    kill(room, number, provider)

    accounts = run(room, number, provider, make_settings())

    assert accounts.unknown == 1
    assert provider.addresses == []


def test_a_run_ends_when_another_version_changed_the_tables(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()

    def upgrade(_: Batch) -> None:
        with room.store.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    provider.during(upgrade)
    accounts = run(room, number, provider)

    assert (accounts.accepted, accounts.planned) == (1, 2)
    assert rested(room.steps).reason.startswith("another version of the tool")


def test_a_run_ends_when_the_database_was_moved_meanwhile(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()

    def move(_: Batch) -> None:
        with room.store.begin() as connection:
            home.leave(connection, by=STAFF, now=room.clock.now())

    provider.during(move)
    accounts = run(room, number, provider)

    assert (accounts.accepted, accounts.planned) == (1, 2)
    assert "was moved elsewhere" in rested(room.steps).reason


def test_only_who_missed_an_earlier_mailing_is_planned_if_so_wished(room: Mailroom) -> None:
    room.add(*people(2))
    provider = MemoryProvider()
    provider.answer("p0@example.com", State.REFUSED, "mailbox is full")
    run(room, room.planned(), provider)
    provider.answer("p0@example.com", State.ACCEPTED)
    room.add("uusi@example.com")

    expected = room.expect(only_missing=True)
    accounts = run(room, room.planned(only_missing=True), provider)

    assert (expected.to_mail, expected.audience) == (1, 2)
    assert provider.addresses == ["p1@example.com", "p0@example.com"]
    assert accounts.audience == 1
    assert room.plan(only_missing=True) is None


def test_whoever_was_excluded_by_a_cancelled_mailing_missed_it(room: Mailroom) -> None:
    room.add(*people(2))
    cancel(room, room.planned())
    room.add("uusi@example.com")

    assert run(room, room.planned(only_missing=True), MemoryProvider()).accepted == 2
