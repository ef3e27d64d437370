"""A run on PostgreSQL is known by its session, from every machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter import mailing
from newsletter.mailing import FileOwner, SessionOwner
from newsletter.store import Store

pytestmark = pytest.mark.postgresql
Two = tuple[Store, Store]


@pytest.fixture
def mine(two_stores: Two) -> Iterator[SessionOwner]:
    with SessionOwner(two_stores[0], good_for=0) as owner:
        yield owner


def end_sessions(store: Store, number: str) -> None:
    """Let the server end the connection that holds a run's lock, as it does with one cut off."""
    with store.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
            f" AND objid::bigint = {int(number, 16)}"
        )


def test_a_run_is_alive_on_every_machine_until_it_ends(two_stores: Two, mine: SessionOwner) -> None:
    with SessionOwner(two_stores[1]) as other:
        assert mine.name != other.name
        assert mine.is_alive(mine.name)
        assert mine.is_alive(other.name)
        assert other.is_alive(mine.name)

    assert not mine.is_alive(other.name)


def test_a_run_whose_connection_is_gone_is_dead_to_others(
    two_stores: Two, mine: SessionOwner
) -> None:
    with SessionOwner(two_stores[1]) as other:
        end_sessions(two_stores[0], other.name.split(".")[1])

        assert not mine.is_alive(other.name)


def test_what_was_seen_a_moment_ago_is_not_asked_again(two_stores: Two) -> None:
    with (
        SessionOwner(two_stores[0], good_for=600) as mine,
        SessionOwner(two_stores[1]) as other,
    ):
        assert mine.is_alive(other.name)
        end_sessions(two_stores[0], other.name.split(".")[1])

        assert mine.is_alive(other.name)


def test_a_run_that_was_cut_off_comes_back_under_its_name(
    two_stores: Two, mine: SessionOwner
) -> None:
    with SessionOwner(two_stores[1]) as other:
        end_sessions(two_stores[1], mine.name.split(".")[1])

        assert mine.is_alive(other.name), "nobody can know without a connection"
        assert mine.is_alive(other.name), "a new connection sees"
        assert other.is_alive(mine.name)


def test_where_the_server_was_started_meanwhile_only_the_lease_decides(
    two_stores: Two, mine: SessionOwner
) -> None:
    mark, _, _ = mine.name.split(".")

    assert mine.is_alive(f"{mark}.123456.1")
    assert not mine.is_alive(f"{mark}.123456.fffffffff")


@pytest.mark.parametrize("name", ["", "a.b", "a.b.c", "f00.0123456789abcdef", "other.1.2"])
def test_of_a_run_that_is_known_otherwise_nothing_can_be_said(
    mine: SessionOwner, name: str
) -> None:
    assert mine.is_alive(name)


def test_the_database_decides_how_runs_are_known(two_stores: Two, tmp_path: Path) -> None:
    with mailing.make_owner(two_stores[0], tmp_path / "runs") as owner:
        assert isinstance(owner, SessionOwner)
    with (
        Store.for_file(tmp_path / "register.sqlite3") as store,
        mailing.make_owner(store, tmp_path / "runs") as owner,
    ):
        assert isinstance(owner, FileOwner)


def test_the_lock_is_in_its_own_connection_and_in_no_pool(two_stores: Two) -> None:
    with two_stores[0].begin() as connection:
        count = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 28269"
        before = connection.exec_driver_sql(count).scalar_one()
    with SessionOwner(two_stores[0]), two_stores[0].read() as connection:
        assert connection.exec_driver_sql(count).scalar_one() == before + 1
    with two_stores[0].read() as connection:
        assert connection.exec_driver_sql(count).scalar_one() == before
