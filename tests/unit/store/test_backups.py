import sqlite3
import stat
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import mailing
from newsletter.errors import InputError, StoreError
from newsletter.register import replies
from newsletter.register.subscriptions import restore
from newsletter.register.suppressions import suppress
from newsletter.store import Store, backups
from newsletter.testing import KEYS, NOW
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider


def url_of(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "register.sqlite3"


@pytest.fixture
def filled(file: Path) -> Path:
    """Make a database in which somebody has a mailing."""
    with Store.for_file(file) as store:
        room = Mailroom(store)
        room.add("aino@example.com", "eero@example.com")
        room.send(MemoryProvider())
    return file


def test_a_copy_holds_everything_and_nobody_else_may_read_it(filled: Path, tmp_path: Path) -> None:
    made = backups.make(url_of(filled), tmp_path / "copies" / "monday.sqlite3")

    assert made.subscribers == 2
    assert made.size == made.file.stat().st_size > 0
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert dump(made.file) == dump(filled)
    assert [path.name for path in made.file.parent.iterdir()] == ["monday.sqlite3"]


def dump(file: Path) -> list[str]:
    with sqlite3.connect(file) as opened:
        return list(opened.iterdump())


def test_a_copy_is_one_moment_of_a_database_that_is_written_to(
    filled: Path, tmp_path: Path
) -> None:
    stop = threading.Event()

    def write() -> None:
        with Store.for_file(filled) as store:
            room = Mailroom(store)
            for number in range(10_000):
                if stop.is_set():
                    return
                room.add(f"a{number}@example.com")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [
            backups.make(url_of(filled), tmp_path / f"{number}.sqlite3") for number in range(3)
        ]
    finally:
        stop.set()
        writer.join()

    for copy in copies:
        with Store.for_file(copy.file) as store:
            # A subscriber and their proof are of one transaction: half of it would be told here.
            assert mailing.check(store, now=NOW) == []


def test_a_copy_never_replaces_a_file(filled: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")

    with pytest.raises(InputError, match="there already"):
        backups.make(url_of(filled), there)

    assert there.read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough" * 40])
def test_what_is_no_copy_is_not_restored(filled: Path, tmp_path: Path, content: bytes) -> None:
    before = dump(filled)
    wrong = tmp_path / "wrong"
    wrong.write_bytes(content)

    with pytest.raises(StoreError, match="no database of this tool"):
        backups.restore(url_of(filled), wrong, now=NOW)

    assert dump(filled) == before


def test_a_damaged_copy_is_not_restored(filled: Path, tmp_path: Path) -> None:
    copy = backups.make(url_of(filled), tmp_path / "copy").file
    content = bytearray(copy.read_bytes())
    content[4096 * 3 : 4096 * 12] = bytes(4096 * 9)
    copy.write_bytes(content)
    before = dump(filled)

    with pytest.raises(StoreError, match=r"damaged|no database"):
        backups.restore(url_of(filled), copy, now=NOW)

    assert dump(filled) == before


def test_a_copy_of_a_newer_tool_is_not_restored(filled: Path, tmp_path: Path) -> None:
    copy = backups.make(url_of(filled), tmp_path / "copy").file
    with sqlite3.connect(copy) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreError, match="newer"):
        backups.restore(url_of(filled), copy, now=NOW)


def test_a_restored_database_is_that_of_the_copy_and_the_other_is_kept(
    filled: Path, tmp_path: Path
) -> None:
    copy = backups.make(url_of(filled), tmp_path / "copy").file
    with Store.for_file(filled) as store:
        Mailroom(store).add("myohemmin@example.com")

    aside = backups.restore(url_of(filled), copy, now=NOW).aside

    assert aside is not None
    assert people(filled) == {"aino@example.com", "eero@example.com"}
    assert "myohemmin@example.com" in people(aside)


def people(file: Path) -> set[str]:
    with sqlite3.connect(file) as opened:
        return {row[0] for row in opened.execute("SELECT address FROM subscribers")}


def test_a_copy_comes_back_where_nothing_is_left(filled: Path, tmp_path: Path) -> None:
    copy = backups.make(url_of(filled), tmp_path / "copy").file
    filled.unlink()

    assert backups.restore(url_of(filled), copy, now=NOW).aside is None
    assert people(filled) == {"aino@example.com", "eero@example.com"}


def test_nothing_is_mailed_twice_after_a_restore(file: Path, tmp_path: Path) -> None:
    provider = MemoryProvider()
    with Store.for_file(file) as store:
        room = Mailroom(store)
        room.add("aino@example.com")
        number = room.planned()
        copy = backups.make(url_of(file), tmp_path / "copy").file
        room.dispatch(number, provider)

    backups.restore(url_of(file), copy, now=NOW + timedelta(hours=1))

    with Store.for_file(file) as store:
        room = Mailroom(store)
        accounts = room.dispatch(number, provider)
        assert accounts.unknown == 1
        assert room.plan() is None
    assert provider.addresses == ["aino@example.com"]


def test_whoever_left_or_was_suppressed_since_then_is_not_mailed_after_a_restore(
    file: Path, tmp_path: Path
) -> None:
    provider = MemoryProvider()
    with Store.for_file(file) as store:
        room = Mailroom(store)
        room.add("aino@example.com", "eero@example.com", "irja@example.com", "otto@example.com")
        copy = backups.make(url_of(file), tmp_path / "copy").file
        room.leave("aino@example.com")
        room.leave("otto@example.com")
        assert restore(
            store,
            subscriber_id=room.people["otto@example.com"],
            list_id="uutiskirje",
            method="page",
            source="a test",
            by="subscriber",
            now=NOW,
        )
        suppress(store, "irja@example.com", reason="complained", now=NOW, keys=KEYS)
        suppress(store, "muu@example.com", reason="complained", now=NOW, keys=KEYS)

    done = backups.restore(url_of(file), copy, now=NOW)

    assert done.carried.complete
    assert (done.carried.subscriptions, done.carried.suppressions) == (2, 2)
    with Store.for_file(file) as store:
        Mailroom(store).send(provider)
        assert mailing.check(store, now=NOW) == []
    assert sorted(provider.addresses) == ["eero@example.com", "otto@example.com"]


def test_an_issue_that_was_mailed_since_then_is_named(file: Path, tmp_path: Path) -> None:
    with Store.for_file(file) as store:
        room = Mailroom(store)
        room.add("aino@example.com")
        copy = backups.make(url_of(file), tmp_path / "copy").file
        room.send(MemoryProvider())

    assert len(backups.restore(url_of(file), copy, now=NOW).carried.issues) == 1


@pytest.mark.parametrize("former", ["whole", "gone", "damaged"])
def test_the_number_of_who_came_later_is_never_given_to_another(
    file: Path, tmp_path: Path, former: str
) -> None:
    with Store.for_file(file) as store:
        Mailroom(store).add("aino@example.com")
        copy = backups.make(url_of(file), tmp_path / "copy").file
        room = Mailroom(store)
        room.add("eero@example.com", "irja@example.com")
        numbers = set(room.people.values())
    if former == "gone":
        file.unlink()
    elif former == "damaged":
        file.write_bytes(b"no database")

    done = backups.restore(url_of(file), copy, now=NOW)

    assert done.carried.complete == (former == "whole")
    with Store.for_file(file) as store:
        room = Mailroom(store)
        room.add("uusi@example.com")
    assert not numbers & set(room.people.values())


def test_a_reply_that_waited_is_not_sent_after_a_restore(file: Path, tmp_path: Path) -> None:
    with Store.for_file(file) as store, store.begin() as connection:
        replies.queue(
            connection, "changed", address="aino@example.com", language="fi", lists=[], now=NOW
        )
    copy = backups.make(url_of(file), tmp_path / "copy").file

    backups.restore(url_of(file), copy, now=NOW)

    with sqlite3.connect(file) as opened:
        assert opened.execute("SELECT state FROM replies").fetchall() == [("unknown",)]


def test_a_database_that_is_in_use_is_not_replaced(filled: Path, tmp_path: Path) -> None:
    copy = backups.make(url_of(filled), tmp_path / "copy").file

    with Store.for_file(filled) as store, store.read() as connection:
        connection.exec_driver_sql("SELECT * FROM subscribers").all()
        with pytest.raises(StoreError, match="using the database"):
            backups.restore(url_of(filled), copy, now=NOW)
        Mailroom(store).add("myohemmin@example.com")

    assert "myohemmin@example.com" in people(filled)
    assert list(filled.parent.glob("*.before-*")) == []


def test_postgresql_is_copied_by_its_own_tools(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only SQLite") as caught:
        backups.make("postgresql://me@db/newsletter", tmp_path / "copy")

    assert "pg_dump" in caught.value.hint
