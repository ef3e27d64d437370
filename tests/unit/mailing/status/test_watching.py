import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from newsletter import mailing
from newsletter.mailing.status.watching import Around, View, Waits, view
from newsletter.providers import Batch, Pace, State
from newsletter.store import schema
from newsletter.testing import make_settings
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.doubts import tell


def looked(room: Mailroom, number: int = 1, **settings: Any) -> View:  # noqa: ANN401 - any setting
    return view(room.store, number, settings=make_settings(**settings), now=room.clock.now())


def around(room: Mailroom, known: Around) -> View:
    return view(room.store, 1, settings=make_settings(), now=room.clock.now(), around=known)


@pytest.fixture
def planned(room: Mailroom) -> Mailroom:
    room.add(*(f"p{number}@example.com" for number in range(4)))
    room.planned(batch_size=2)
    return room


def test_what_is_planned_and_nobody_sends_says_so(planned: Mailroom) -> None:
    found = looked(planned)

    assert (found.settled, found.speed, found.left, found.is_over) == (0, 0, None, False)
    assert found.waits == Waits(
        "nobody sends it at this moment: newsletter send kevatkirje, or newsletter worker"
    )


def test_where_a_worker_is_alive_somebody_sends_it(planned: Mailroom) -> None:
    waits = around(planned, Around(has_worker=True)).waits

    assert waits is not None
    assert waits.reason.startswith("a worker takes it up")


def test_an_account_that_is_known_is_told_of_whatever_the_others_do(planned: Mailroom) -> None:
    until = planned.clock.now() + timedelta(minutes=5)
    with planned.store.begin() as connection:
        for name, moment in (("own", until), ("other", None)):
            connection.execute(
                insert(schema.accounts).values(account=name, blocked_until=moment, reason="down")
            )

    assert around(planned, Around("own", has_worker=True)).waits == Waits("down", until)
    assert around(planned, Around("other", has_worker=True)).waits != Waits("down", until)


def test_an_account_that_has_had_its_mails_is_told_of(planned: Mailroom) -> None:
    now = planned.clock.now()
    spans = [("day", -100.0, Pace(per_day=100)), ("minute", -10.0, Pace(per_minute=10))]
    for span, level, _ in spans:
        with planned.store.begin() as connection:
            connection.execute(
                insert(schema.buckets).values(account="own", span=span, level=level, changed_at=now)
            )
    day, minute = (around(planned, Around("own", pace)).waits for _, _, pace in spans)

    assert day is not None
    assert day.reason == "the account has had its 100 mails of today"
    assert day.until is not None
    assert day.until.astimezone(ZoneInfo("Europe/Helsinki")).hour == 0
    assert minute is not None
    assert minute.reason == "the account's pace is 10 a minute"
    assert minute.until is not None
    assert timedelta(seconds=60) < minute.until - now < timedelta(seconds=70)


def test_while_it_is_sent_it_has_a_speed_and_waits_for_nothing(planned: Mailroom) -> None:
    seen: list[View] = []
    provider = MemoryProvider()

    def look(_: Batch) -> None:
        seen.append(looked(planned))
        planned.clock.turn(timedelta(seconds=10))

    provider.during(look)
    planned.dispatch(1, provider)

    assert [item.waits for item in seen] == [None, None]
    assert [item.settled for item in seen] == [0, 2]
    assert seen[1].speed == pytest.approx(0.2)
    assert seen[1].left == timedelta(seconds=10)
    assert looked(planned).is_over
    assert looked(planned).told is not None


def test_an_hour_later_it_has_no_speed_any_more(planned: Mailroom) -> None:
    planned.dispatch(1, MemoryProvider())
    planned.clock.turn(timedelta(hours=1))

    assert looked(planned).speed == 0
    assert looked(planned).waits is None


def test_a_dead_run_is_nobody_who_sends_it(planned: Mailroom) -> None:
    def die(_: Batch) -> None:
        raise KeyboardInterrupt

    provider = MemoryProvider()
    provider.during(die)
    with pytest.raises(KeyboardInterrupt):
        planned.dispatch(1, provider)
    assert looked(planned).waits is None  # its lease runs: it may be at work on another machine
    planned.clock.turn(timedelta(hours=1))

    waits = looked(planned).waits

    assert waits is not None
    assert waits.reason.startswith("nobody sends it")


def test_a_provider_that_asked_to_wait_is_what_it_waits_for(planned: Mailroom) -> None:
    provider = MemoryProvider()
    stop = threading.Event()

    def refuse(_: Batch) -> None:
        stop.set()

    provider.during(refuse)
    for number in range(4):
        address = f"p{number}@example.com"
        provider.answer(address, State.RETRY, "slow down", wait=timedelta(minutes=5))
    planned.dispatch(1, provider, stop=stop)

    waits = looked(planned).waits

    assert waits is not None
    assert waits.reason == "slow down"
    assert waits.until is not None
    assert waits.until > planned.clock.now()


def test_one_of_several_accounts_that_rests_is_perhaps_not_this_one_s(planned: Mailroom) -> None:
    until = planned.clock.now() + timedelta(minutes=5)
    with planned.store.begin() as connection:
        connection.execute(
            insert(schema.accounts).values(account="a", blocked_until=until, reason="down")
        )
    assert looked(planned).waits == Waits("down", until)

    with planned.store.begin() as connection:
        connection.execute(insert(schema.accounts).values(account="b"))
    waits = looked(planned).waits
    assert waits is not None
    assert waits.reason.startswith("nobody")


def test_quiet_hours_and_a_missing_approval_are_told(planned: Mailroom) -> None:
    planned.clock.turn(datetime(2026, 3, 2, 20, tzinfo=UTC) - planned.clock.now())
    quiet = looked(planned, sending={"quiet": ["21:00-07:00"]}).waits
    assert quiet == Waits("quiet hours", datetime(2026, 3, 3, 5, tzinfo=UTC))

    unapproved = looked(planned, sending={"approval": "required"}).waits
    assert unapproved == Waits("nobody has approved kevatkirje")


def test_what_a_person_wishes_is_its_standing_not_what_it_waits_for(planned: Mailroom) -> None:
    mailing.pause(planned.store, 1, by="aino", now=planned.clock.now())

    found = looked(planned)

    assert found.waits is None
    assert found.standing.words("UTC", planned.clock.now()).startswith("paused by aino")


def test_what_was_told_is_there_unless_it_is_not_wanted(planned: Mailroom) -> None:
    planned.dispatch(1, MemoryProvider())
    tell(planned, "delivered", 1)

    found = looked(planned)

    assert found.told is not None
    assert (found.told.delivered, found.told.silent) == (1, 3)
    lean = view(
        planned.store, 1, settings=planned.settings, now=planned.clock.now(), with_told=False
    )
    assert lean.told is None
