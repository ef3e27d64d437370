"""What was deleted is nowhere in the files, used or not."""

from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

from newsletter.store import Store
from newsletter.store.schema import suppressions
from newsletter.testing import NOW

pytestmark = pytest.mark.sqlite(reason="is about its files")

SECRET = "a-trace-of-somebody"


def put(store: Store, reason: str = SECRET) -> None:
    with store.begin() as connection:
        connection.execute(
            insert(suppressions),
            [
                {"address_hash": f"{reason}{n}", "reason": reason * 20, "created_at": NOW}
                for n in range(200)
            ],
        )


def wipe(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(delete(suppressions))


def traces(file: Path) -> list[str]:
    return [
        part.name
        for part in (file, file.with_name(file.name + "-wal"))
        if part.exists() and SECRET.encode() in part.read_bytes()
    ]


def test_what_was_deleted_is_in_neither_file_nor_log(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "register.sqlite3"
    put(store)
    assert traces(file)

    wipe(store)

    assert store.fold_log()
    assert traces(file) == []


def test_a_connection_overwrites_what_it_deletes_whatever_sqlite_was_built_with(
    store: Store,
) -> None:
    with store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_somebody_who_reads_is_not_waited_for(store: Store, tmp_path: Path) -> None:
    put(store)
    with Store.for_file(tmp_path / "register.sqlite3") as server, server.read() as connection:
        connection.execute(select(suppressions)).all()
        wipe(store)

        assert not store.fold_log()

    assert store.fold_log()
    assert traces(tmp_path / "register.sqlite3") == []


def test_a_writer_waits_as_before_once_the_log_was_folded(store: Store) -> None:
    store.fold_log()

    with store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
