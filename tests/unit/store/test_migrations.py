import re
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from newsletter.errors import StoreError
from newsletter.store import Store, engine, migrations
from newsletter.store.schema import metadata
from newsletter.testing import stores

VERSIONS = Path(migrations.__file__).parent / "versions"


def described(bound: Connection) -> dict[str, object]:
    """Describe every table as the database itself sees it; types by name."""
    found = inspect(bound)
    return {
        name: [
            sorted(
                (
                    column
                    | {
                        "type": str(column["type"]),
                        "default": (column["default"] or "").strip("()"),
                        "comment": None,
                    }
                    for column in found.get_columns(name)
                ),
                key=repr,
            ),
            found.get_pk_constraint(name),
            sorted(found.get_foreign_keys(name), key=repr),
            sorted(found.get_unique_constraints(name), key=repr),
            sorted(found.get_check_constraints(name), key=repr),
            sorted(found.get_indexes(name), key=repr),
        ]
        for name in found.get_table_names()
        if name != "alembic_version"
    }


def test_the_migrations_make_exactly_the_tables_of_the_schema(store: Store) -> None:
    with ExitStack() as stack:
        url = "sqlite://"
        if store.dialect == "postgresql":
            url = stack.enter_context(stores.postgresql().fresh(tables=False))
        made = engine.create(url)
        stack.callback(made.dispose)
        with made.connect() as expected, store.read() as connection:
            metadata.create_all(expected)

            assert described(connection) == described(expected)


def test_head_names_the_newest_migration() -> None:
    bodies = "\n".join(path.read_text(encoding="utf-8") for path in VERSIONS.glob("*.py"))
    made = re.findall(r'^revision = "(\w+)"', bodies, re.MULTILINE)
    followed = re.findall(r'^down_revision = "(\w+)"', bodies, re.MULTILINE)

    assert set(made) - set(followed) == {migrations.HEAD}


def test_an_up_to_date_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "register.sqlite3"
    Store.for_file(file).close()
    before = file.read_bytes()

    Store.for_file(file).close()

    assert file.read_bytes() == before


def test_an_empty_database_is_at_no_migration_and_a_new_one_at_head(tmp_path: Path) -> None:
    created = engine.create(f"sqlite:///{tmp_path / 'register.sqlite3'}")
    assert migrations.current(created) is None

    migrations.upgrade(created)

    assert migrations.current(created) == migrations.HEAD
    created.dispose()


def test_a_database_of_a_newer_version_is_refused_unchanged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'register.sqlite3'}"
    with Store.open(url) as store, store.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StoreError, match="newer version of the tool") as caught:
        Store.open(url)

    assert "update the tool" in caught.value.hint
    created = engine.create(url)
    assert migrations.current(created) == "9999"
    created.dispose()


def test_what_is_in_an_older_database_is_still_there_after_an_upgrade(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'register.sqlite3'}"
    older = engine.create(url)
    migrations.upgrade(older, target="0001")
    with older.begin() as connection:
        for statement in (
            (
                "INSERT INTO subscribers (id, address, address_key, language, fields, source,"
                " created_at, changed_at) VALUES (7, 'aino@example.com', 'aino@example.com', 'fi',"
                " '{}', 'a form', '2026-03-02', '2026-03-02')"
            ),
            "INSERT INTO subscriptions VALUES (7, 'uutiskirje', 'active', '2026-03-02')",
            (
                "INSERT INTO consents (subscriber_id, list_id, act, basis, method, source,"
                " language, recorded_by, recorded_at) VALUES (7, 'uutiskirje', 'given', 'consent',"
                " 'staff', 'a form', 'fi', 'hilja', '2026-03-02')"
            ),
            "INSERT INTO suppressions VALUES ('abc', 'bounced', '2026-03-02')",
        ):
            connection.exec_driver_sql(statement)
    older.dispose()

    with Store.open(url, upgrade=True) as store, store.begin() as connection:
        rows = {
            table: connection.exec_driver_sql(f"SELECT * FROM {table}").mappings().one()
            for table in ("subscribers", "subscriptions", "consents", "suppressions")
        }
        assert rows["subscribers"]["id"] == rows["consents"]["subscriber_id"] == 7
        assert rows["subscriptions"]["state"] == "active"
        assert rows["consents"]["act"] == "given"
        assert rows["suppressions"]["address_hash"] == "abc"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        with pytest.raises(IntegrityError, match="append-only"):
            connection.exec_driver_sql("UPDATE consents SET act = 'withdrawn'")


def test_an_older_database_is_left_alone_until_somebody_asks(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'register.sqlite3'}"
    older = engine.create(url)
    migrations.upgrade(older, target="0001")

    with pytest.raises(StoreError, match="older version") as caught:
        Store.open(url)

    assert "newsletter db upgrade" in caught.value.hint
    assert migrations.current(older) == "0001"
    older.dispose()


def test_the_number_of_somebody_erased_is_never_given_to_another(store: Store) -> None:
    def add(name: str) -> int:
        with store.begin() as connection:
            made = connection.exec_driver_sql(
                "INSERT INTO subscribers (address, address_key, language, fields, source,"
                f" created_at, changed_at) VALUES ('{name}', '{name}', 'fi', '{{}}', 'a form',"
                " '2026-03-02', '2026-03-02') RETURNING id"
            )
            return int(made.scalar_one())

    first = add("aino@example.com")
    with store.begin() as connection:
        connection.exec_driver_sql("DELETE FROM subscribers")

    assert add("eero@example.com") > first
