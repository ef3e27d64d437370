import pytest
from sqlalchemy import exc, select, update

from newsletter.register import audit
from newsletter.store import Store
from newsletter.store.schema import audit as log
from newsletter.testing import NOW


def test_a_line_says_who_did_what_about_whom_and_when(store: Store) -> None:
    with store.begin() as connection:
        audit.note(
            connection, "exported", by="hilja", now=NOW, subscriber_id=7, rows=1, lists=["a"]
        )

    with store.read() as connection:
        line = connection.execute(select(log)).one()
    assert (line.at, line.actor, line.act, line.subscriber_id) == (NOW, "hilja", "exported", 7)
    assert line.detail == {"rows": 1, "lists": ["a"]}


def test_a_line_is_kept_only_with_what_it_tells_of(store: Store) -> None:
    def broken() -> None:
        with store.begin() as connection:
            audit.note(connection, "exported", by="hilja", now=NOW)
            raise RuntimeError("the export failed")

    with pytest.raises(RuntimeError):
        broken()

    with store.read() as connection:
        assert connection.execute(select(log)).all() == []


def test_a_line_is_never_changed(store: Store) -> None:
    with store.begin() as connection:
        audit.note(connection, "exported", by="hilja", now=NOW)

    with pytest.raises(exc.IntegrityError, match="append-only"), store.begin() as connection:
        connection.execute(update(log).values(actor="nobody"))
