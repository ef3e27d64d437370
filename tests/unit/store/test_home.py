import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.errors import InputError
from newsletter.store import Store, home
from newsletter.store.schema import installation
from newsletter.testing import NOW


def settle(store: Store) -> str:
    """Look as a first hand-over does."""
    with store.begin() as connection:
        return home.look(connection, home.place(store), now=NOW)


def test_the_first_look_writes_down_where_the_database_lies(store: Store) -> None:
    assert settle(store) == ""

    with store.read() as connection:
        row = connection.execute(select(installation)).one()
    assert row.place == home.place(store)
    assert (row.adopted_by, row.adopted_at) == ("tool", NOW)
    assert len(row.identity) == 32


def test_later_looks_change_nothing(store: Store) -> None:
    settle(store)
    before = rows(store)

    assert settle(store) == ""

    home.refuse(store)
    assert rows(store) == before


def rows(store: Store) -> list[object]:
    with store.read() as connection:
        return list(connection.execute(select(installation)))


def test_a_database_that_has_no_home_yet_is_refused_by_nobody(store: Store) -> None:
    home.refuse(store)

    assert rows(store) == []


@pytest.mark.sqlite(reason="a file")
def test_a_copied_file_is_not_at_home(store: Store, tmp_path: Path) -> None:
    settle(store)
    store.fold_log()
    copy = shutil.copy(tmp_path / "register.sqlite3", tmp_path / "copy.sqlite3")

    with Store.for_file(Path(copy)) as elsewhere:
        with pytest.raises(InputError, match="is a copy, or was moved") as caught:
            home.refuse(elsewhere)
        assert "is a copy" in settle(elsewhere)
    assert "newsletter db adopt" in caught.value.hint
    home.refuse(store)


@pytest.mark.sqlite(reason="a file")
def test_a_copy_in_the_very_same_place_is_not_at_home(store: Store, tmp_path: Path) -> None:
    settle(store)
    store.close()
    file = tmp_path / "register.sqlite3"
    shutil.copy(file, tmp_path / "copy.sqlite3")
    (tmp_path / "copy.sqlite3").replace(file)

    with Store.for_file(file) as put_back:
        assert home.trouble(put_back)


@pytest.mark.sqlite(reason="a file")
def test_the_same_file_by_another_name_is_at_home(store: Store, tmp_path: Path) -> None:
    settle(store)
    (tmp_path / "link").symlink_to(tmp_path / "register.sqlite3")

    with Store.for_file(tmp_path / "link") as again:
        assert home.trouble(again) == ""


@pytest.mark.sqlite(reason="a file")
def test_another_machine_is_another_place(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "_MACHINE", tmp_path / "machine-id")
    without = home.place(store)
    (tmp_path / "machine-id").write_text("0123\n")
    one = home.place(store)
    (tmp_path / "machine-id").write_bytes(b"\xff\n")

    assert one != without
    assert home.place(store) == without


def test_an_adopted_database_is_at_home_and_keeps_its_identity(store: Store) -> None:
    settle(store)
    with store.begin() as connection:
        before = connection.execute(select(installation.c.identity)).scalar()
        home.leave(connection, by="maija", now=NOW)
    with pytest.raises(InputError, match="was moved elsewhere"):
        home.refuse(store)

    with store.begin() as connection:
        home.adopt(connection, home.place(store), by="maija", now=NOW)

    home.refuse(store)
    with store.read() as connection:
        row = connection.execute(select(installation)).one()
    assert (row.identity, row.adopted_by) == (before, "maija")


def test_a_database_without_a_home_can_be_adopted_or_left(store: Store) -> None:
    with store.begin() as connection:
        home.leave(connection, by="maija", now=NOW)

    assert "was moved elsewhere" in home.trouble(store)


def test_a_database_in_memory_is_at_home_everywhere() -> None:
    with Store.open("sqlite://") as store:
        assert home.place(store) == "memory"


@pytest.mark.postgresql
def test_two_connections_to_one_server_are_in_one_place(two_stores: tuple[Store, Store]) -> None:
    one, other = two_stores

    assert settle(one) == settle(other) == ""


@pytest.mark.postgresql
def test_where_the_server_keeps_its_identifier_its_address_stands_for_it(
    two_stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = home.place(two_stores[0])
    monkeypatch.setattr(home, "_SERVER", "SELECT * FROM pg_kept_from_us()")

    places = {home.place(store) for store in two_stores}

    assert len(places) == 1
    assert known not in places
