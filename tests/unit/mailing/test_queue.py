"""Jobs in PostgreSQL: written with what they are for, never doubled, never needed to be there."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from newsletter.errors import InputError
from newsletter.mailing import Schedule, queue
from newsletter.store import Store
from newsletter.testing import NOW
from newsletter.testing.mailroom import Mailroom
from tests.unit.mailing.runs import people

pytestmark = pytest.mark.postgresql


@pytest.fixture
def room(two_stores: tuple[Store, Store]) -> Mailroom:
    made = Mailroom(two_stores[0])
    made.add(*people(6))
    return made


def jobs(room: Mailroom) -> list[tuple[object, object]]:
    """Give the queueing lock and the time of every job that waits."""
    query = "SELECT queueing_lock, scheduled_at FROM newsletter_queue.procrastinate_jobs ORDER BY 1"
    with room.store.read() as connection:
        return [(row[0], row[1]) for row in connection.execute(text(query))]


def test_a_mailing_gets_a_job_for_each_batch_with_its_plan(room: Mailroom) -> None:
    queue.install(room.store)
    queue.install(room.store)

    number = room.planned(batch_size=2)

    assert jobs(room) == [(f"mailing {number}/{place}", None) for place in range(3)]


def test_one_that_is_scheduled_waits_in_the_queue(room: Mailroom) -> None:
    queue.install(room.store)
    at = NOW + timedelta(hours=3)

    room.planned(times=Schedule(at, at + timedelta(hours=1)))

    assert [time for _, time in jobs(room)] == [at]


def test_a_plan_that_is_rolled_back_leaves_no_job(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.install(room.store)
    enqueue = queue.enqueue

    def enqueue_and_fail(*given: object, **also: object) -> None:
        enqueue(*given, **also)  # type: ignore[arg-type] # as it was called
        raise KeyboardInterrupt

    monkeypatch.setattr(queue, "enqueue", enqueue_and_fail)
    with pytest.raises(KeyboardInterrupt):
        room.plan()

    assert jobs(room) == []


def test_a_job_that_waits_is_not_doubled_and_one_that_is_lost_is_put_back(room: Mailroom) -> None:
    queue.install(room.store)
    number = room.planned(batch_size=3)
    before = jobs(room)

    with room.store.begin() as connection:
        queue.enqueue(connection, number)
        assert not queue.heal(connection, number)
    assert jobs(room) == before

    with room.store.begin() as connection:
        connection.execute(text("TRUNCATE newsletter_queue.procrastinate_jobs CASCADE"))
        assert queue.heal(connection, number)
    assert jobs(room) == before


def test_nothing_is_queued_before_a_worker_made_the_queue(room: Mailroom) -> None:
    number = room.planned()

    with room.store.begin() as connection:
        assert not queue.heal(connection, number)
    assert queue.workers(room.store) == 0


def test_a_queue_of_another_version_is_made_anew(room: Mailroom) -> None:
    queue.install(room.store)
    room.planned()
    with room.store.begin() as connection:
        connection.execute(text("COMMENT ON SCHEMA newsletter_queue IS 'older'"))

    queue.install(room.store)

    assert jobs(room) == []


@pytest.mark.sqlite(reason="the other database has no queue")
def test_sqlite_has_no_queue(store: Store) -> None:
    with pytest.raises(InputError, match="needs PostgreSQL"):
        queue.demand(store)
    assert queue.workers(store) == 0
