"""Bringing a database's tables up to this version of the tool; only forward.

Each migration is a small Alembic file in versions/. `HEAD` names the newest, so that a database
that is up to date is recognised without loading Alembic.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Engine, inspect, text

from newsletter.errors import StoreError

HEAD: Final = "0001"


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing, in one transaction.

    Raises StoreError when the database was made by a newer version of the tool.
    """
    if current(engine) == HEAD:
        return
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
    with engine.connect() as connection:
        connection.info["newsletter_write"] = True
        with connection.begin():
            config.attributes["connection"] = connection
            with EnvironmentContext(
                config,
                script,
                fn=lambda revision, _context: script._upgrade_revs("head", revision),  # noqa: SLF001 - what alembic.command.upgrade does itself
            ):
                script.run_env()


def current(engine: Engine) -> str | None:
    """Tell which migration the database is at; None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
