import re
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from newsletter.errors import StoreError
from newsletter.store import Store, engine, migrations
from newsletter.store.schema import metadata

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
    made = engine.create("sqlite://")
    with made.connect() as expected, store.read() as connection:
        metadata.create_all(expected)

        assert described(connection) == described(expected)
    made.dispose()


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
