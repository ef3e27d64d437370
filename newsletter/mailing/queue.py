"""The engine `procrastinate`: a queue in PostgreSQL, which workers on many machines share.

A job says no more than "take a step of mailing N"; what is to be done stands in the ledger alone.
So a job that is lost, doubled or stalled loses and doubles nothing: a sweep puts jobs of whatever
is open back. The queue's tables stand in a schema of their own, which may be dropped at any time.

Each mailing has up to `PLACES` jobs, told apart by a queueing lock; so many calls are made at once,
on all machines together. Procrastinate's other locks are not used: they are slow, and one job that
waits would hold up all others (procrastinate #1599).
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from typing import Any, Final

from sqlalchemy import Connection, func, select, text

from newsletter.errors import InputError
from newsletter.store import Store, Turn
from newsletter.store.schema import batches

SCHEMA: Final = "newsletter_queue"
QUEUE: Final = "newsletter"
STEP: Final = "newsletter.step"
PLACES: Final = 16
"""Jobs of one mailing at the same time, at most."""
ALIVE: Final = 60
"""Seconds after its last sign of life that a worker is taken for dead."""

_KEY: Final = 0x6E6F
"""Tells this lock from others in the same database."""
_MADE: Final = text(
    "SELECT to_regclass(:jobs) IS NOT NULL, obj_description(to_regnamespace(:name), 'pg_namespace')"
)
_LOCKS: Final = text(f"""
    SELECT queueing_lock FROM {SCHEMA}.procrastinate_jobs
    WHERE status = 'todo' AND starts_with(queueing_lock, :mailing)
""")  # noqa: S608 - our own name
_WORKERS: Final = text(
    f"SELECT count(*) FROM {SCHEMA}.procrastinate_workers"  # noqa: S608 - our own name
    " WHERE last_heartbeat > now() - make_interval(secs => :alive)"
)


def is_installed() -> bool:
    """Tell whether the package is there; it comes with the extra `postgresql`."""
    return find_spec("procrastinate") is not None


def demand(store: Store) -> None:
    """Raise InputError where this engine cannot be used."""
    if store.dialect != "postgresql":
        raise InputError(
            "the engine procrastinate needs PostgreSQL",
            hint='set engine = "auto" in [sending] of newsletter.toml',
        )
    if not is_installed():
        raise InputError(
            "the engine procrastinate is not installed",
            hint="pip install 'newsletter-desk[postgresql]'",
        )


def install(store: Store) -> None:
    """Make the queue's tables; those of another version of Procrastinate are made anew."""
    with store.begin(Turn.NONE) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_KEY)))
        if _stands(connection):
            return
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
        connection.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{_version()}'")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {SCHEMA}")
        _driver(connection).execute(_tables().encode())


def enqueue(
    connection: Connection,
    mailing_id: int,
    *,
    at: datetime | None = None,
    places: Iterable[int] | None = None,
) -> None:
    """Put jobs of a mailing into the queue, in the caller's transaction, not before `at`.

    As many as it has batches, or those of certain places; one that waits already is not doubled.
    Does nothing where no worker has ever made the queue: the sweep of the first one finds all.
    """
    if not _has_tables(connection):
        return
    wanted = range(_batches(connection, mailing_id)) if places is None else places
    waiting = _waiting(connection, mailing_id)
    _defer(connection, mailing_id, [n for n in wanted if _name(mailing_id, n) not in waiting], at)


def heal(connection: Connection, mailing_id: int) -> bool:
    """Put jobs of a mailing into the queue if none waits there; tell whether none did.

    One that is under way does not count: its worker may be dead. To have too many costs nothing.
    """
    if not _has_tables(connection) or _waiting(connection, mailing_id):
        return False
    enqueue(connection, mailing_id)
    return True


def workers(store: Store) -> int:
    """Count the workers of this queue that are alive, on all machines."""
    if store.dialect != "postgresql":
        return 0
    with store.read() as connection:
        made, _ = connection.execute(_MADE, _NAMES).one()
        return int(connection.scalar(_WORKERS, {"alive": ALIVE}) or 0) if made else 0


_NAMES: Final = {"jobs": f"{SCHEMA}.procrastinate_jobs", "name": SCHEMA}


def _has_tables(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql" and is_installed() and _stands(connection)


def _stands(connection: Connection) -> bool:
    made, version = connection.execute(_MADE, _NAMES).one()
    return bool(made) and version == _version()


def _batches(connection: Connection, mailing_id: int) -> int:
    query = select(batches.c.id).where(batches.c.mailing_id == mailing_id).limit(PLACES)
    return len(connection.execute(query).all())


def _name(mailing_id: int, place: int) -> str:
    return f"mailing {mailing_id}/{place}"


def _waiting(connection: Connection, mailing_id: int) -> set[str]:
    return set(connection.scalars(_LOCKS, {"mailing": f"mailing {mailing_id}/"}))


def _defer(connection: Connection, mailing_id: int, places: list[int], at: datetime | None) -> None:
    """Insert jobs; another process may have put one there at this very moment."""
    from procrastinate import exceptions  # noqa: PLC0415 - only where it is installed
    from procrastinate.jobs import Job  # noqa: PLC0415

    if not places:
        return
    jobs = [
        Job(
            queue=QUEUE,
            lock=None,
            queueing_lock=_name(mailing_id, place),
            task_name=STEP,
            task_kwargs={"mailing": mailing_id, "place": place, "waited": at is not None},
            scheduled_at=at,
        )
        for place in places
    ]
    path = connection.scalar(text("SELECT current_setting('search_path')"))
    _search(connection, f"{SCHEMA}, {path}")
    for job in jobs:
        savepoint = connection.begin_nested()
        try:
            _manager().batch_defer_jobs([job], connection=_driver(connection))
        except exceptions.AlreadyEnqueued:
            savepoint.rollback()
        else:
            savepoint.commit()
    _search(connection, str(path))


def _search(connection: Connection, path: str) -> None:
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})


def _driver(connection: Connection) -> Any:  # noqa: ANN401 - psycopg's own connection
    return connection.connection.driver_connection


@cache
def _manager() -> Any:  # noqa: ANN401 - Procrastinate's own manager
    """Make what writes jobs on connections that it is given; it opens none."""
    from procrastinate import SyncPsycopgConnector  # noqa: PLC0415
    from procrastinate.manager import JobManager  # noqa: PLC0415

    return JobManager(SyncPsycopgConnector())


@cache
def _tables() -> str:
    from procrastinate.schema import SchemaManager  # noqa: PLC0415

    return SchemaManager.get_schema()


@cache
def _version() -> str:
    return hashlib.sha256(_tables().encode()).hexdigest()[:32]
