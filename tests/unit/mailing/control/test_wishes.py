"""Pause and resume: obeyed before the next hand-over, by every run."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from newsletter import mailing
from newsletter.errors import InputError
from newsletter.mailing import Schedule
from newsletter.mailing.control.holds import BRAKE
from newsletter.mailing.control.stopping import stop
from newsletter.providers import Batch
from newsletter.store import schema
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.held import STAFF, cancel, pause, rested, resume, run
from tests.unit.mailing.runs import people


def test_a_pause_is_obeyed_before_the_next_hand_over(room: Mailroom) -> None:
    room.add(*people(4))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    provider.during(lambda _: pause(room, number, "wrong link") if provider.taken else None)

    accounts = run(room, number, provider)

    # The call in which it was paused came to its end, and is recorded.
    assert (accounts.accepted, accounts.planned) == (2, 2)
    assert rested(room.steps).reason == "paused by maija: wrong link"


def test_a_paused_mailing_goes_on_when_it_is_resumed(room: Mailroom) -> None:
    room.add(*people(3))
    number = room.planned()
    pause(room, number)

    held = run(room, number, MemoryProvider())
    resume(room, number)
    sent = run(room, number, MemoryProvider())

    assert (held.planned, sent.accepted) == (3, 3)


@pytest.mark.slow
def test_two_runs_on_one_mailing_both_obey(room: Mailroom) -> None:
    room.add(*people(60))
    number = room.planned(batch_size=1)
    provider = MemoryProvider()
    meeting = threading.Barrier(3)
    met: set[int] = set()

    def meet(_: Batch) -> None:
        me = threading.get_ident()
        if me not in met:
            met.add(me)
            meeting.wait(timeout=20)  # both are within a call now
            meeting.wait(timeout=20)  # and the mailing is paused

    provider.during(meet)
    runs = [
        threading.Thread(target=run, args=(room, number, provider), kwargs={"owner": room.owner()})
        for _ in range(2)
    ]
    for thread in runs:
        thread.start()
    meeting.wait(timeout=20)
    pause(room, number)
    meeting.wait(timeout=20)
    for thread in runs:
        thread.join(timeout=60)

    accounts = mailing.accounts(room.store, number)
    assert (accounts.accepted, accounts.planned) == (2, 58)
    resume(room, number)
    provider.during(lambda _: None)
    run(room, number, provider)
    assert sorted(provider.addresses) == sorted(people(60))


def test_after_a_brake_the_count_begins_anew(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    with room.store.begin() as connection:
        stop(connection, number, "5.2 % bounced", by=BRAKE, now=room.clock.now())

    held = run(room, number, MemoryProvider())
    room.clock.turn(timedelta(hours=1))
    resume(room, number)

    assert held.planned == 2
    assert rested(room.steps).reason == "paused by the brake: 5.2 % bounced"
    assert brake_from(room) == room.clock.now()


def test_after_a_persons_pause_the_brakes_count_goes_on(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    pause(room, number)

    resume(room, number)

    assert brake_from(room) is None


def brake_from(room: Mailroom) -> object:
    with room.store.read() as connection:
        return connection.execute(select(schema.mailings.c.brake_from)).scalar()


def test_a_pause_by_the_tool_ends_by_itself_and_a_persons_does_not(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    soon = room.clock.now() + timedelta(minutes=30)
    with room.store.begin() as connection:
        stop(connection, number, "outage", by="tool", now=room.clock.now(), resume_at=soon)

    pause(room, number, "look at it first")
    room.clock.turn(timedelta(hours=1))

    assert run(room, number, MemoryProvider()).planned == 2
    found = mailing.standing_of(room.store, number)
    assert found.is_paused(room.clock.now())
    assert found.words("Europe/Helsinki", room.clock.now()) == (
        "paused by maija on Mon 2026-03-02 11:00: look at it first"
    )


def test_resuming_before_its_time_keeps_the_time(room: Mailroom) -> None:
    room.add(*people(2))
    begin = room.clock.now() + timedelta(days=1)
    number = room.planned(times=Schedule(begin, begin + timedelta(hours=2)))
    pause(room, number)

    resume(room, number)

    found = mailing.standing_of(room.store, number)
    assert found.words("Europe/Helsinki", room.clock.now()) == "scheduled for Tue 2026-03-03 11:00"
    assert run(room, number, MemoryProvider()).planned == 2


def test_resuming_a_pause_in_which_the_time_went_by_sends_it(room: Mailroom) -> None:
    room.add(*people(2))
    begin = room.clock.now() + timedelta(hours=1)
    number = room.planned(times=Schedule(begin, begin + timedelta(hours=2)))
    pause(room, number)
    room.clock.turn(timedelta(days=1))

    resume(room, number)

    assert run(room, number, MemoryProvider()).accepted == 2


def test_what_cannot_be_paused_or_resumed_says_why(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    now = room.clock.now()

    with pytest.raises(InputError, match="no mailing 7"):
        mailing.pause(room.store, 7, by=STAFF, now=now)
    with pytest.raises(InputError, match="neither paused nor late") as caught:
        resume(room, number)
    assert caught.value.hint == "it goes out by: newsletter send kevatkirje"
    run(room, number, MemoryProvider())
    for act in (pause, resume):
        with pytest.raises(InputError, match=f"finished: there is nothing to {act.__name__}"):
            act(room, number)


def test_what_is_cancelled_stays_so(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    cancel(room, number)

    for act in (pause, resume):
        with pytest.raises(InputError, match="is cancelled"):
            act(room, number)


def test_each_wish_is_in_the_audit_log_without_its_words(room: Mailroom) -> None:
    room.add(*people(2))
    number = room.planned()
    begin = room.clock.now() + timedelta(days=1)
    times = Schedule(begin, begin + timedelta(hours=2))

    mailing.reschedule(room.store, number, times, by=STAFF, now=room.clock.now())
    pause(room, number, "aino@example.com rang")
    resume(room, number)
    cancel(room, number, "aino@example.com again")

    with room.store.read() as connection:
        acts = connection.execute(
            select(schema.audit).where(schema.audit.c.act.like("mailing%"))
        ).all()
    assert [line.act for line in acts] == [
        "mailing rescheduled", "mailing paused", "mailing resumed", "mailing cancelled",
    ]  # fmt: skip
    assert {line.actor for line in acts} == {STAFF}
    assert "example.com" not in str([line.detail for line in acts])
