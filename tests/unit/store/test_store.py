import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import QueuePool, exc, insert, select, text

from newsletter.errors import InputError, StoreError
from newsletter.store import Store, engine
from newsletter.store.schema import subscribers, suppressions
from newsletter.testing import NOW, stores


def suppress(store: Store, name: str) -> None:
    with store.begin() as connection:
        connection.execute(
            insert(suppressions).values(address_hash=name, reason="bounced", created_at=NOW)
        )


def names(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(suppressions.c.address_hash)))


def test_a_write_is_kept(store: Store) -> None:
    suppress(store, "a")

    assert names(store) == ["a"]
    assert store.dialect == stores.chosen()


def test_a_write_that_fails_keeps_nothing(store: Store) -> None:
    row = {"address_hash": "a", "reason": "bounced", "created_at": NOW}

    with pytest.raises(exc.IntegrityError), store.begin() as connection:
        _ = [connection.execute(insert(suppressions).values(row)) for _ in range(2)]

    assert names(store) == []


@pytest.mark.sqlite(reason="PostgreSQL's server sees to that")
def test_the_database_is_durable_and_keeps_foreign_keys(store: Store) -> None:
    with store.read() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_writers_in_many_threads_wait_for_each_other(store: Store) -> None:
    threads = [threading.Thread(target=suppress, args=(store, f"a{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(names(store)) == sorted(f"a{n}" for n in range(8))


def test_a_reader_keeps_its_view_while_another_writes(store: Store) -> None:
    with store.read() as connection:
        before = connection.execute(select(suppressions)).all()
        suppress(store, "a")

        assert connection.execute(select(suppressions)).all() == before == []


def test_a_file_is_opened_again_with_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "register.sqlite3"
    with Store.for_file(file) as first:
        suppress(first, "a")

    with Store.for_file(file) as second:
        assert names(second) == ["a"]


def test_an_aware_time_comes_back_as_utc(store: Store) -> None:
    there = datetime.fromisoformat("2026-03-02T11:00:00+02:00")
    with store.begin() as connection:
        connection.execute(
            insert(suppressions).values(address_hash="a", reason="bounced", created_at=there)
        )

    with store.read() as connection:
        found = connection.execute(select(suppressions.c.created_at)).scalar_one()

    assert found == NOW
    assert str(found) == "2026-03-02 09:00:00+00:00"


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    naive = NOW.replace(tzinfo=None)
    with (
        pytest.raises(exc.StatementError, match="time without a zone"),
        store.begin() as connection,
    ):
        connection.execute(
            insert(suppressions).values(address_hash="a", reason="bounced", created_at=naive)
        )


def test_a_file_that_is_something_else_is_told(tmp_path: Path) -> None:
    file = tmp_path / "register.sqlite3"
    file.write_text("no database, but a text that is long enough to be taken for one\n" * 40)

    with pytest.raises(StoreError, match="not a database") as caught:
        Store.for_file(file)

    assert "[database] url" in caught.value.hint


def test_who_makes_a_database_waits_for_another_who_does_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(tmp_path / "register.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("time.sleep", lambda _: other.execute("COMMIT"))

    with Store.for_file(tmp_path / "register.sqlite3") as store:
        suppress(store, "a")

        assert names(store) == ["a"]
    other.close()


def test_a_database_that_is_refused_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.for_file(tmp_path / "register.sqlite3") as store, store.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    opened = engine.create(f"sqlite:///{tmp_path / 'register.sqlite3'}")
    monkeypatch.setattr(engine, "create", lambda _: opened)

    with pytest.raises(StoreError, match="newer"):
        Store.for_file(tmp_path / "register.sqlite3")

    assert isinstance(opened.pool, QueuePool)
    assert opened.pool.checkedin() == 0


def test_a_writer_that_waits_too_long_says_who_is_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_WAIT_SECONDS", 0.01)
    with Store.for_file(tmp_path / "register.sqlite3") as store:
        other = sqlite3.connect(tmp_path / "register.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreError, match="locked") as caught:
            suppress(store, "a")
        other.close()

    assert "another process is writing" in caught.value.hint


@pytest.mark.sqlite(reason="PostgreSQL lets many write")
def test_threads_of_one_process_queue_for_their_turn_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had to ask SQLite, which waits for nobody here, would be refused."""
    monkeypatch.setattr(engine, "_WAIT_SECONDS", 0)
    monkeypatch.setattr(engine, "longest_wait", lambda: 20)
    with Store.for_file(tmp_path / "register.sqlite3") as store:
        start = threading.Barrier(4)

        def write(name: str) -> None:
            start.wait(timeout=20)
            for number in range(15):
                suppress(store, f"{name}{number}")

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(write, name) for name in "abcd"]:
                done.result(timeout=60)
        assert len(names(store)) == 60


def test_a_fault_of_ours_keeps_its_own_error(store: Store) -> None:
    suppress(store, "a")
    with pytest.raises(exc.IntegrityError):
        suppress(store, "a")
    with pytest.raises(exc.IntegrityError), store.begin() as connection:
        connection.execute(
            insert(subscribers).values(
                address="a",
                address_key="a",
                kind="robot",
                language="fi",
                fields={},
                source="",
                created_at=NOW,
                changed_at=NOW,
            )
        )


def test_a_url_that_cannot_be_read_is_told_without_repeating_it() -> None:
    with pytest.raises(StoreError) as caught:
        Store.open("nonsense:secret")

    assert "secret" not in caught.value.message
    assert "sqlite:///" in caught.value.hint


def test_a_missing_driver_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    with pytest.raises(StoreError, match="not installed") as caught:
        Store.open("postgresql://kirje@127.0.0.1:9/kirje")

    assert "newsletter-desk[postgresql]" in caught.value.hint


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(StoreError, match="no support for mysql"):
        engine.create("mysql://localhost/x")


def test_a_database_in_memory_needs_no_folder() -> None:
    created = engine.create("sqlite://")

    with created.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    created.dispose()


@pytest.mark.postgresql
def test_a_character_that_postgresql_cannot_keep_is_told() -> None:
    with stores.postgresql().fresh() as url, Store.open(url) as store:
        with pytest.raises(InputError, match="NUL character"):
            suppress(store, "a\x00b")

        assert names(store) == []


def test_who_finds_no_connection_free_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_free() -> None:
        raise exc.TimeoutError("QueuePool limit of size 5 overflow 10 reached")

    monkeypatch.setattr(store._engine.pool, "connect", none_free)

    with pytest.raises(StoreError, match="too many use the database"):
        suppress(store, "a")
