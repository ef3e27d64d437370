"""What PostgreSQL has to know before it finds short ways to many rows."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, text

from newsletter.store import Store, Turn, bulk
from newsletter.store.schema import subscribers
from newsletter.testing import stores

NEW = Table("never_looked_at", MetaData(), Column("number", Integer))


@pytest.fixture
def fresh() -> Iterator[Store]:
    with stores.postgresql().fresh() as url, Store.open(url) as store:
        with store.begin(Turn.NONE) as connection:
            NEW.create(connection)
        yield store
        with store.begin(Turn.NONE) as connection:
            NEW.drop(connection)


def known_rows(store: Store) -> float:
    query = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")
    with store.read() as connection:
        return float(connection.execute(query, {"name": NEW.name}).scalar_one())


@pytest.mark.postgresql
def test_a_table_that_nobody_looked_at_is_looked_at(fresh: Store) -> None:
    assert known_rows(fresh) == -1

    with fresh.begin(Turn.NONE) as connection:
        bulk.look_over(connection, NEW)

    assert known_rows(fresh) == 0


@pytest.mark.postgresql
def test_a_table_that_grew_is_looked_at_again_and_one_that_did_not_is_left(fresh: Store) -> None:
    def grow(rows: int) -> float:
        with fresh.begin(Turn.NONE) as connection:
            connection.execute(NEW.insert(), [{"number": number} for number in range(rows)])
            bulk.look_over(connection, NEW)
        return known_rows(fresh)

    assert grow(5000) == 5000
    assert grow(100) == 5000
    assert grow(5000) == 10_100


def test_in_sqlite_there_is_nothing_to_do(store: Store) -> None:
    with store.begin() as connection:
        bulk.look_over(connection, subscribers)
