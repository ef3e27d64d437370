"""What PostgreSQL has to know before it finds short ways to many rows."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from newsletter.store import Store, Turn, bulk
from newsletter.store.schema import subscribers
from newsletter.testing import stores


@pytest.fixture
def fresh() -> Iterator[Store]:
    with stores.postgresql().fresh() as url, Store.open(url) as store:
        yield store


def known_rows(store: Store) -> float:
    with store.read() as connection:
        query = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass('subscribers')")
        return float(connection.scalar(query) or 0.0)


@pytest.mark.postgresql
def test_a_table_that_nobody_looked_at_is_looked_at(fresh: Store) -> None:
    assert known_rows(fresh) == -1

    with fresh.begin(Turn.NONE) as connection:
        bulk.look_over(connection, subscribers)

    assert known_rows(fresh) == 0


def test_in_sqlite_there_is_nothing_to_do(store: Store) -> None:
    with store.begin() as connection:
        bulk.look_over(connection, subscribers)
