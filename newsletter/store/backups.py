"""Copies of a SQLite database: made while others write, complete, and checked before they count.

PostgreSQL has its own tools for this (pg_dump, base backups); the error says so.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

from newsletter.errors import InputError, StoreError
from newsletter.store import home
from newsletter.store.carrying import Carried, carry
from newsletter.store.migrations import HEAD

_PAGES: Final = 2048
"""Pages of one step: 8 MB; between steps writers get their turn."""

_PREFIX: Final = "sqlite:///"

Progress = Callable[[int, int], None]
"""Called with the pages that are copied, and all there are."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that has been read back and found whole."""

    file: Path
    size: int
    """Octets."""
    version: str
    """The newest migration in it."""
    subscribers: int


@dataclass(frozen=True, slots=True)
class Restored:
    """Where the former database is now, if there was one, and what the copy has from it."""

    aside: Path | None
    carried: Carried


def file_of(url: str) -> Path:
    """Give the file of a SQLite URL; raises InputError for another database."""
    if not url.startswith(_PREFIX):
        raise InputError(
            "only SQLite databases are copied by this command",
            hint="use pg_dump --format=custom for PostgreSQL, and pg_restore to bring it back",
        )
    return Path(url.removeprefix(_PREFIX))


def make(url: str, target: Path, *, progress: Progress | None = None) -> Backup:
    """Copy the database into a new file, for its owner's eyes only, and check the copy.

    The copy is one consistent moment of the database, also while others write. Raises InputError
    when the target is there already or cannot be written, StoreError when the database is faulty.
    """
    source = file_of(url)
    if not source.is_file():
        raise InputError(f"there is no database at {source}", hint="nothing was copied")
    if target.exists():
        raise InputError(f"{target} is there already", hint="name a new file; nothing was copied")
    with _beside(target) as temporary:
        _copy(source, temporary, progress)
        found = inspect(temporary)
        _place(temporary, target)
    return Backup(target, target.stat().st_size, found.version, found.subscribers)


def refuse_used(url: str) -> None:
    """Raise StoreError while another process has the database open."""
    _fold(file_of(url))


def inspect(file: Path) -> Backup:
    """Read a copy; raises StoreError when it is not whole, or no database of this tool."""
    if not file.is_file():
        raise InputError(f"there is no file {file}", hint="name the copy to be looked at")
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as opened:
            faults = [row[0] for row in opened.execute("PRAGMA integrity_check(5)")]
            if faults != ["ok"]:
                raise StoreError(f"{file} is damaged: {'; '.join(faults)}", hint=_TRY_ANOTHER)
            (version,) = opened.execute("SELECT version_num FROM alembic_version").fetchone()
            (people,) = opened.execute("SELECT count(*) FROM subscribers").fetchone()
    except (sqlite3.DatabaseError, TypeError) as error:
        raise StoreError(
            f"{file} is no database of this tool: {error}", hint=_TRY_ANOTHER
        ) from error
    return Backup(file, file.stat().st_size, version, people)


def restore(url: str, copy: Path, *, now: datetime) -> Restored:
    """Put a copy in the place of the database, and set that one aside.

    What was open when the copy was made (batches, replies) becomes unknown: nobody knows what was
    mailed since then, and a mail must not go out twice. Who left since then stays away where the
    former database can be read. Mails leave from here afterwards, wherever the copy was made.
    Raises InputError or StoreError, the latter also while something else uses the database; then
    nothing has changed.
    """
    target = file_of(url)
    found = inspect(copy)
    if found.version > HEAD:
        raise StoreError(
            f"{copy} was made by a newer version of the tool", hint="update the tool first"
        )
    with _beside(target) as temporary:
        _copy(copy, temporary, None)
        whole = _fold(target)
        _close(temporary)
        carried = carry(target if whole else None, temporary)
        _adopt(temporary, target, now)
        aside = _set_aside(target, now)
        temporary.replace(target)
        _keep_name(target)
    return Restored(aside, carried)


_PATIENCE: Final = 2
"""Seconds to wait for a command that is just ending."""

_TRY_ANOTHER: Final = "nothing was changed; try another copy"

_RESTORED: Final = "restored from a copy: what was mailed after it was made is not known"


def _copy(source: Path, target: Path, progress: Progress | None) -> None:
    def told(_status: int, remaining: int, total: int) -> None:
        if progress:
            progress(total - remaining, total)

    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as read,
            closing(sqlite3.connect(target)) as written,
        ):
            read.backup(written, pages=_PAGES, progress=told)
            # One file that stands for itself, without a log beside it.
            written.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"the database cannot be copied: {error}",
            hint="check the free space and the permissions of both folders; nothing was changed",
        ) from error


def _close(file: Path) -> None:
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute(
            "UPDATE batches SET state = 'unknown', reason = ?, owner = '', lease_until = NULL "
            "WHERE state IN ('planned', 'handing_over')",
            (_RESTORED,),
        )
        if opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'replies'").fetchone():
            opened.execute(
                "UPDATE replies SET state = 'unknown', reason = ?, lease_until = NULL, "
                "not_before = NULL WHERE state IN ('waiting', 'handing_over')",
                (_RESTORED,),
            )


def _adopt(file: Path, target: Path, now: datetime) -> None:
    """Let the database be at home where it is about to be put; nothing for one that has no home."""
    place = home.place_of(target, inode=file.stat().st_ino)
    with closing(sqlite3.connect(file)) as opened, opened:
        if opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'installation'").fetchone():
            opened.execute(
                "UPDATE installation SET place = ?, adopted_by = 'restore', adopted_at = ?",
                (place, f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"),
            )


def _fold(target: Path) -> bool:
    """Fold the former database's log into its file; False where there is none, or it is damaged.

    This takes what nobody gets while another process has the database open: one that went on
    writing into the file set aside would lose whatever it was told.
    """
    if not target.exists():
        return False
    try:
        with closing(sqlite3.connect(target, timeout=_PATIENCE)) as opened:
            opened.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if "locked" not in str(error):
            return False
        raise StoreError(
            "something else is using the database",
            hint="stop newsletter serve and every sending, then try again; nothing was changed",
        ) from error
    return True


def _set_aside(target: Path, now: datetime) -> Path | None:
    """Give the former database a second name, so that there is one at every moment."""
    if not target.exists():
        return None
    aside = _free(target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%S}"))
    for ending in ("-wal", "-shm"):
        part = target.with_name(target.name + ending)
        if part.exists():  # of a damaged one: the copy must not find a log that is not its own
            part.rename(aside.with_name(aside.name + ending))
    os.link(target, aside)
    return aside


def _free(file: Path) -> Path:
    """Find a name that nothing has: two restores in one second are two files."""
    names = (file.with_name(f"{file.name}-{number}") for number in count(2))
    return file if not file.exists() else next(name for name in names if not name.exists())


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a private file in the target's folder, gone afterwards unless it was put in place."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise InputError(
            f"{target.parent} cannot be written: {error.strerror}", hint="name another folder"
        ) from error
    try:
        yield temporary
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            temporary.with_name(temporary.name + ending).unlink(missing_ok=True)


def _place(temporary: Path, target: Path) -> None:
    """Give a finished file its name, unless somebody else took it meanwhile."""
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise InputError(f"{target} is there already", hint="name a new file") from error
    _keep_name(target)


def _keep_name(file: Path) -> None:
    descriptor = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
