"""Bringing a database's tables up to this version of the tool; only forward.

Each migration is a small Alembic file in versions/. `HEAD` names the newest, so that a database
that is up to date is recognised without loading Alembic.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from newsletter.errors import StoreError

HEAD: Final = "0005"


def prepare(engine: Engine, *, upgrade_older: bool) -> None:
    """Make the tables of an empty database, and those of an older one if asked to.

    Raises StoreError when the tables are older and nobody asked, or newer.
    """
    found = current(engine)
    if found == HEAD:
        return
    if found and found < HEAD and not upgrade_older:
        raise StoreError(
            f"the database is of an older version of the tool (its tables are {found!r})",
            hint="bring it up to date, with a copy made first: newsletter db upgrade",
        )
    upgrade(engine)


def upgrade(engine: Engine, *, target: str = "head") -> None:
    """Run the migrations that are missing up to `target`, in one transaction.

    Raises StoreError when the database was made by a newer version of the tool.
    """
    from alembic.config import Config  # noqa: PLC0415 - 0.3 s that an up-to-date database saves
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    script = ScriptDirectory.from_config(config)
    found = current(engine)
    if found and found not in {revision.revision for revision in script.walk_revisions()}:
        raise StoreError(
            f"the database is of a newer version of the tool (its tables are {found!r})",
            hint="update the tool; nothing was changed",
        )
    with engine.connect() as connection, _foreign_keys_aside(connection):
        connection.info["newsletter_write"] = True
        with connection.begin():
            config.attributes["connection"] = connection
            with EnvironmentContext(
                config,
                script,
                fn=lambda revision, _context: script._upgrade_revs(target, revision),  # noqa: SLF001 - what alembic.command.upgrade does itself
            ):
                script.run_env()
            _refuse_strays(connection)


def _refuse_strays(connection: Connection) -> None:
    """Undo all when a row refers to one that is not there."""
    if connection.dialect.name == "sqlite" and (
        strays := connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    ):
        tables = ", ".join(sorted({row[0] for row in strays}))
        raise StoreError(
            f"rows of {tables} refer to rows that are not there: the tables were left as they are",
            hint="bring back a copy of the database, or ask for help with newsletter db check",
        )


@contextmanager
def _foreign_keys_aside(connection: Connection) -> Iterator[None]:
    """Let SQLite rebuild a table that others refer to, and check afterwards that none is astray.

    That is the way of sqlite.org/lang_altertable.html §7; the pragma does nothing in a transaction.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
        driver.close()


def is_current(connection: Connection) -> bool:
    """Tell, in a transaction, whether the tables are still those of this version of the tool."""
    return bool(connection.execute(_VERSION).scalar() == HEAD)


_VERSION: Final = text("SELECT version_num FROM alembic_version")


def current(engine: Engine) -> str | None:
    """Tell which migration the database is at; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
