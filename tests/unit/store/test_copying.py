"""A database moved into another one, and the proof that nothing is missing."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Table, insert, select, update

from newsletter.errors import InputError, StoreError
from newsletter.store import Store, bulk, copying, home
from newsletter.store import schema as s
from newsletter.testing import NOW, stores
from tests.unit.register.filled import fill

Rows = Sequence[Sequence[Any]]
pytestmark = pytest.mark.postgresql


class Both:
    """A source with something in every table, and an empty target."""

    def __init__(self, source: Store, target: Store) -> None:
        self.source, self.target = source, target
        fill(source, farewells=True)

    def move(self) -> list[copying.Copied]:
        return copying.move(self.source, self.target, by="hilja", now=NOW)


@pytest.fixture(params=["to postgresql", "to sqlite", "between servers' databases"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    with ExitStack() as stack:

        def file(name: str) -> Store:
            return stack.enter_context(Store.for_file(tmp_path / name))

        def served() -> Store:
            url = stack.enter_context(stores.postgresql().fresh())
            return stack.enter_context(Store.open(url))

        first = served if request.param != "to postgresql" else lambda: file("source.sqlite3")
        second = served if request.param != "to sqlite" else lambda: file("target.sqlite3")
        yield Both(first(), second())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Both]:
    with (
        Store.for_file(tmp_path / "source.sqlite3") as source,
        stores.postgresql().fresh() as url,
        Store.open(url) as target,
    ):
        yield Both(source, target)


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    with store.read() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in s.metadata.tables.items()
            if name != "installation"
        }


def test_every_row_of_every_table_goes_over(both: Both) -> None:
    before = everything(both.source)

    done = both.move()

    assert everything(both.target) == before == everything(both.source)
    assert {item.table for item in done} == set(s.metadata.tables)
    assert all(item.same and item.source.rows == len(before.get(item.table, [0])) for item in done)


def test_an_empty_value_stays_apart_from_the_word_null(both: Both) -> None:
    both.move()

    with both.target.read() as connection:
        empty = select(s.mailings.c.id).where(s.mailings.c.experiment.is_(None))
        assert connection.execute(empty).first() is not None


def test_mails_leave_from_the_target_from_then_on(both: Both) -> None:
    both.move()

    home.refuse(both.target)
    with pytest.raises(InputError, match="was moved elsewhere"):
        home.refuse(both.source)
    with pytest.raises(InputError, match="moved into another one"):
        home.refuse_moved(both.source)


def person(name: str) -> dict[str, Any]:
    return {
        "address": name, "address_key": name, "language": "fi", "fields": {}, "source": "form",
        "created_at": NOW, "changed_at": NOW,
    }  # fmt: skip


def add(store: Store, name: str) -> int:
    with store.begin() as connection:
        made = insert(s.subscribers).values(person(name)).returning(s.subscribers.c.id)
        return int(connection.execute(made).scalar_one())


def test_no_number_is_given_twice(both: Both) -> None:
    gone = add(both.source, "gone@example.com")
    with both.source.begin() as connection:
        connection.execute(s.subscribers.delete().where(s.subscribers.c.id == gone))

    both.move()

    assert add(both.target, "new@example.com") > gone
    with both.target.begin() as connection:  # and where nobody keeps count, none that is there
        row = {"at": NOW, "actor": "hilja", "act": "x", "detail": {}}
        connection.execute(insert(s.audit).values(row))


def test_a_row_that_is_not_the_same_undoes_all(
    served: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = bulk.insert

    def forgetful(connection: Connection, table: Table, names: Sequence[str], rows: Rows) -> None:
        honest(connection, table, names, rows[:-1] if table.name == "results" else rows)

    monkeypatch.setattr(bulk, "insert", forgetful)

    with pytest.raises(StoreError, match="not the same as the source: results"):
        served.move()

    assert not any(everything(served.target).values())
    home.refuse(served.source)  # as before: mails may leave from it


def test_a_changed_value_is_noticed(served: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = bulk.insert

    def wrong(connection: Connection, table: Table, names: Sequence[str], rows: Rows) -> None:
        honest(connection, table, names, rows)
        if table.name == "subscribers":
            connection.execute(update(table).values(last_name="Last Name"))

    monkeypatch.setattr(bulk, "insert", wrong)

    with pytest.raises(StoreError, match="not the same as the source: subscribers"):
        served.move()


def test_a_target_that_holds_something_is_refused(served: Both) -> None:
    add(served.target, "somebody@example.com")

    with pytest.raises(InputError, match="not empty: there are rows in subscribers"):
        served.move()

    home.refuse(served.source)


def test_a_database_does_not_go_into_itself(served: Both) -> None:
    with pytest.raises(InputError, match="the same database"):
        copying.move(served.source, served.source, by="hilja", now=NOW)


def test_what_postgresql_cannot_hold_is_named(served: Both) -> None:
    with served.source.begin() as connection:
        connection.execute(update(s.subscribers).values(first_name="a\x00b"))

    with pytest.raises(
        StoreError, match=r"NUL character: subscribers\.first_name, row 7"
    ) as caught:
        served.move()

    assert "mend that value" in caught.value.hint
    assert not any(everything(served.target).values())


def test_nothing_is_moved_while_a_batch_is_with_the_provider(served: Both) -> None:
    busy = {"state": "handing_over", "owner": "a.b", "lease_until": NOW + timedelta(minutes=5)}
    with served.source.begin() as connection:
        connection.execute(update(s.batches).where(s.batches.c.id == 22).values(busy))

    here = NOW.astimezone(ZoneInfo("Asia/Kathmandu"))  # whatever the machine's own zone is
    with pytest.raises(InputError, match="with the provider at this moment") as caught:
        copying.move(served.source, served.target, by="hilja", now=here)

    assert f"{NOW + timedelta(hours=5, minutes=50):%H:%M}" in caught.value.hint
    copying.move(served.source, served.target, by="hilja", now=NOW + timedelta(minutes=6))


def test_a_database_that_others_have_open_is_not_moved(tmp_path: Path) -> None:
    with stores.postgresql().fresh() as url:
        copying.refuse_used(url)
        with Store.open(url) as other, other.read(), pytest.raises(StoreError, match="is using"):
            copying.refuse_used(url)
    file = f"sqlite:///{tmp_path / 'r.sqlite3'}"
    with Store.open(file) as other, other.read(), pytest.raises(StoreError, match="is using"):
        copying.refuse_used(file)
    copying.refuse_used(file)


def test_how_far_it_is_is_told(served: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_CHUNK", 1)
    told: list[tuple[int, int]] = []

    copying.move(
        served.source, served.target, by="hilja", now=NOW,
        progress=lambda done, of: told.append((done, of)),
    )  # fmt: skip

    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))
