import json
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, select

from newsletter.errors import InputError
from newsletter.register import export
from newsletter.store import Store
from newsletter.store.schema import audit, metadata
from newsletter.testing import KEYS, NOW
from tests.unit.register import filled
from tests.unit.register.conftest import Adds
from tests.unit.register.filled import AINO, fill


def exported(store: Store, who: str | int = AINO) -> dict[str, Any]:
    return export.person(store, who, keys=KEYS, by="hilja", now=NOW)


def copy_of_the_schema() -> MetaData:
    copy = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(copy)
    return copy


def test_every_column_of_every_table_is_told_or_exempt() -> None:
    assert export.untold(metadata) == []


def test_a_new_column_must_be_told_or_exempted() -> None:
    grown = copy_of_the_schema()
    grown.tables["events"].append_column(Column("shoe_size", Integer))
    Table("gossip", grown, Column("id", Integer, primary_key=True), Column("text", Text))

    assert set(export.untold(grown)) == {"events.shoe_size", "gossip.id", "gossip.text"}


def test_every_exemption_is_of_a_column_that_exists_and_has_a_reason() -> None:
    for name, reason in export.EXEMPT.items():
        table, column = name.split(".")

        assert reason
        assert column == "*" or column in metadata.tables[table].columns, name


def test_everything_that_any_table_says_of_somebody_is_in_the_export(store: Store) -> None:
    fill(store, farewells=True)

    text = json.dumps(exported(store), ensure_ascii=False)

    missing = [
        f"{table.name}.{column.name}: {value!r}"
        for table in metadata.sorted_tables
        for column in table.columns
        if f"{table.name}.{column.name}" not in export.EXEMPT
        and f"{table.name}.*" not in export.EXEMPT
        for value in filled.values_of(table.name, column.name)
        if _as_json(value) not in text
    ]
    assert missing == []


def test_nothing_of_anybody_else_is_in_it(store: Store) -> None:
    fill(store)

    text = json.dumps(exported(store), ensure_ascii=False)

    assert "eero" not in text.lower()
    assert "hash of a network" not in text
    assert "nonce" not in text


def test_the_number_says_the_same_as_the_address(store: Store) -> None:
    fill(store)

    by_address = exported(store)
    by_number = exported(store, filled.PERSON)

    assert by_number["audit"].pop()["act"] == "exported"  # the first one's line
    assert by_address == by_number


def test_staff_is_named_by_role_only(store: Store, add: Adds) -> None:
    fill(store)
    by_staff = add("eero@example.com")
    exported(store)

    again = exported(store)

    assert [(line["act"], line["actor"]) for line in again["audit"]] == [
        ("audit act", "tool"),
        ("exported", "staff"),
    ]
    assert again["consents"][0]["recorded_by"] == "subscriber"
    assert exported(store, by_staff)["consents"][0]["recorded_by"] == "staff"
    assert "hilja" not in json.dumps(again)


def test_an_export_leaves_a_line_without_an_address(store: Store) -> None:
    fill(store)

    exported(store)

    with store.read() as connection:
        line = connection.execute(select(audit).order_by(audit.c.id.desc())).first()
    assert line is not None
    assert (line.act, line.actor, line.subscriber_id) == ("exported", "hilja", filled.PERSON)
    assert "@" not in json.dumps(line.detail)


def test_an_address_with_only_a_request_is_exported(store: Store) -> None:
    fill(store)

    told = exported(store, "AINO.NEW@example.org")

    assert told["subscriber"] is None
    assert [request["address"] for request in told["requests"]] == [filled.NEW]


def test_an_unknown_address_is_told_and_leaves_no_line(store: Store) -> None:
    with pytest.raises(InputError, match="nobody in the register"):
        exported(store)

    with store.read() as connection:
        assert connection.execute(select(audit)).all() == []


def _as_json(value: Any) -> str:  # noqa: ANN401 - any value of a row
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
