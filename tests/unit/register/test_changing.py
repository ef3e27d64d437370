from datetime import timedelta

import pytest
from sqlalchemy import select

from newsletter.errors import InputError
from newsletter.register import changing
from newsletter.store import Store
from newsletter.store.schema import audit, subscribers
from newsletter.testing import NOW, make_settings
from newsletter.testing.readers import rows
from tests.unit.register.conftest import Adds

LATER = NOW + timedelta(days=1)


def change(store: Store, who: str | int, **values: str) -> tuple[str, ...]:
    return changing.change(store, who, values, settings=make_settings(), by="hilja", now=LATER)


@pytest.fixture
def aino(add: Adds) -> int:
    return add("aino@example.com", first_name="Aino", municipality="Sysmä")


def test_what_is_named_is_changed_and_nothing_else(store: Store, aino: int) -> None:
    changed = change(store, "AINO@example.com", last_name=" Virtanen ", municipality="joutsa")

    assert changed == ("last_name", "municipality")
    with store.read() as connection:
        row = connection.execute(select(subscribers)).one()
    assert (row.first_name, row.last_name, row.fields) == (
        "Aino", "Virtanen", {"municipality": "Joutsa"}
    )  # fmt: skip
    assert (row.language, row.kind, row.changed_at) == ("fi", "person", LATER)


def test_language_and_kind_are_changed_by_number(store: Store, aino: int) -> None:
    assert change(store, aino, language="ruotsi", kind="organisation") == ("kind", "language")

    with store.read() as connection:
        row = connection.execute(select(subscribers)).one()
    assert (row.language, row.kind) == ("sv", "organisation")


def test_an_empty_value_takes_away_what_was_there(store: Store, aino: int) -> None:
    assert change(store, aino, first_name="", municipality="") == ("first_name", "municipality")

    with store.read() as connection:
        row = connection.execute(select(subscribers)).one()
    assert (row.first_name, row.fields) == ("", {})


def test_the_log_names_the_fields_and_no_value(store: Store, aino: int) -> None:
    change(store, aino, last_name="Virtanen")

    with store.read() as connection:
        line = connection.execute(select(audit)).one()
    assert (line.act, line.actor, line.subscriber_id) == ("changed", "hilja", aino)
    assert line.detail == {"fields": ["last_name"]}


def test_saying_what_is_so_already_changes_nothing(store: Store, aino: int) -> None:
    before = rows(store)

    assert change(store, aino, first_name="Aino", municipality="SYSMÄ", language="fi") == ()

    assert rows(store) == before


def test_a_field_that_is_declared_no_more_stays_until_it_is_named(store: Store, add: Adds) -> None:
    number = add("aino@example.com", shoe_size="38")

    change(store, number, last_name="Virtanen")

    with store.read() as connection:
        assert connection.scalar(select(subscribers.c.fields)) == {"shoe_size": "38"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"municipality": "Mikkeli"}, "unknown municipality"),
        ({"shoe_size": "38"}, "no field named 'shoe_size'"),
        ({"language": ""}, "language cannot be empty"),
        ({"kind": " "}, "kind cannot be empty"),
        ({"first_name": "a\nb"}, "line break"),
        ({"address": "b@example.com"}, "not changed like that"),
        ({"last_name": "Virtanen", "language": "klingon"}, "unknown language"),
    ],
)
def test_a_wrong_value_changes_nothing(
    store: Store, aino: int, values: dict[str, str], told: str
) -> None:
    before = rows(store)

    with pytest.raises(InputError, match=told):
        change(store, aino, **values)

    assert rows(store) == before


def test_nobody_is_changed_who_is_not_there(store: Store) -> None:
    with pytest.raises(InputError, match="nobody in the register"):
        change(store, "aino@example.com", last_name="Virtanen")
    with pytest.raises(InputError, match="no subscriber 5"):
        change(store, 5, last_name="Virtanen")
