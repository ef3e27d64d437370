"""What a database that makes way for an older copy hands on to it.

Whoever left, paused or was suppressed after the copy was made must not be mailed again because of
it, and the number of a subscriber who came after it must not be given to somebody else: it stands
in the links of mails that are out there, with which one leaves or reads one's data.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_GAP: Final = 1_000_000
"""Numbers that are left out where nobody knows how many were given: more than came meanwhile."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What was handed on; nothing where the former database is gone, damaged or of another version.

    The rest of what happened since is only in the former database.
    """

    complete: bool = False
    """Whether all that follows could be read."""
    subscriptions: int = 0
    """People's subscriptions that ended or rest since then, and do so here now, with the proof."""
    suppressions: int = 0
    gone: tuple[int, ...] = ()
    """Subscribers who are in the copy and were no longer in the register: erased, most likely."""
    issues: tuple[str, ...] = ()
    """Issues whose mailings the copy knows nothing of: they would be sent once more."""


def carry(former: Path | None, into: Path) -> Carried:
    """Hand on to a copy, before it takes the place of the former database, what must not be lost.

    Raises sqlite3.DatabaseError when the copy cannot be written.
    """
    carried, numbers = Carried(), 0
    with closing(sqlite3.connect(into.resolve().as_uri(), uri=True)) as opened:
        if former is not None:
            try:
                carried, numbers = _carry(opened, former)
            except sqlite3.DatabaseError:
                opened.rollback()  # damaged: perhaps that is why it makes way
        with opened:
            _leave_out_numbers(opened, numbers)
    return carried


def _carry(opened: sqlite3.Connection, former: Path) -> tuple[Carried, int]:
    opened.execute("ATTACH ? AS former", (f"{former.resolve().as_uri()}?mode=ro",))
    versions = {
        opened.execute(f"SELECT version_num FROM {schema}.alembic_version").fetchone()  # noqa: S608
        for schema in ("main", "former")
    }
    if len(versions) > 1:
        return Carried(), 0
    with opened:
        sealed = opened.execute(_SEAL).rowcount
        if opened.execute(_AKIN).fetchone() is None:
            return Carried(suppressions=sealed), 0
        numbers = _highest_number(opened, "former")
        ended = _carry_ends(opened)
        gone = opened.execute(_GONE, (numbers,)).fetchall()
        issues = opened.execute(_ISSUES).fetchall()
    carried = Carried(
        complete=True,
        subscriptions=ended,
        suppressions=sealed,
        gone=tuple(row[0] for row in gone),
        issues=tuple(row[0] for row in issues),
    )
    return carried, numbers


_SEAL: Final = """
    INSERT INTO main.suppressions SELECT * FROM former.suppressions WHERE true
    ON CONFLICT (address_hash) DO UPDATE SET
        reason = excluded.reason, source = excluded.source,
        created_at = excluded.created_at, expires_at = excluded.expires_at
    WHERE expires_at IS NOT NULL
    AND (excluded.expires_at IS NULL OR excluded.expires_at > expires_at)
"""
"""Of two the one that lasts longer."""

_SAME: Final = "f.id = m.id AND f.created_at = m.created_at"
"""The same person in both: another register would have other people under the same numbers."""

_AKIN: Final = f"""
    SELECT 1 FROM former.subscribers f JOIN main.subscribers m ON {_SAME} LIMIT 1
"""  # noqa: S608 - our own words

_ENDED: Final = f"""
    SELECT f.subscriber_id, f.list_id, f.state, f.changed_at, f.paused_until, f.pause_reason
    FROM former.subscriptions f JOIN main.subscriptions m USING (subscriber_id, list_id)
    WHERE f.state IN ('left', 'cleaned', 'paused')
    AND (f.state, coalesce(f.paused_until, '')) IS NOT (m.state, coalesce(m.paused_until, ''))
    AND EXISTS (
        SELECT 1 FROM former.consents c
        WHERE c.subscriber_id = f.subscriber_id AND c.list_id = f.list_id AND c.id NOT IN (
            SELECT id FROM main.consents
            WHERE subscriber_id = f.subscriber_id AND list_id = f.list_id
        )
    )
    AND EXISTS (
        SELECT 1 FROM former.subscribers f JOIN main.subscribers m ON {_SAME}
        WHERE m.id = subscriber_id
    )
"""  # noqa: S608 - our own words

_GONE: Final = """
    SELECT id FROM main.subscribers
    WHERE id <= ? AND id NOT IN (SELECT id FROM former.subscribers) ORDER BY id
"""

_ISSUES: Final = """
    SELECT DISTINCT issue FROM former.mailings
    WHERE issue NOT IN (SELECT issue FROM main.mailings) ORDER BY issue
"""


def _carry_ends(opened: sqlite3.Connection) -> int:
    """End what ended since the copy was made, with all the proof that led there."""
    names = [
        row[1]
        for row in opened.execute("PRAGMA main.table_info(consents)")
        if row[1] != "id"  # given anew: the copy's own may have gone on from there
    ]
    columns = ", ".join(f'"{name}"' for name in names)
    ended = opened.execute(_ENDED).fetchall()
    for number, list_id, *state in ended:
        opened.execute(
            f"INSERT INTO main.consents ({columns}) SELECT {columns} FROM former.consents "  # noqa: S608
            "WHERE subscriber_id = ?1 AND list_id = ?2 AND id NOT IN (SELECT id FROM main.consents "
            "WHERE subscriber_id = ?1 AND list_id = ?2) ORDER BY id",
            (number, list_id),
        )
        opened.execute(
            "UPDATE main.subscriptions SET state = ?, changed_at = ?, paused_until = ?, "
            "pause_reason = ? WHERE subscriber_id = ? AND list_id = ?",
            (*state, number, list_id),
        )
    return len(ended)


def _highest_number(opened: sqlite3.Connection, schema: str) -> int:
    """Give the highest number that a subscriber ever had."""
    row = opened.execute(
        f"SELECT seq FROM {schema}.sqlite_sequence WHERE name = 'subscribers'"  # noqa: S608
    ).fetchone()
    return int(row[0]) if row else 0


def _leave_out_numbers(opened: sqlite3.Connection, highest: int) -> None:
    """Go on after the highest number that was given, or far beyond where that is not known."""
    own = _highest_number(opened, "main")
    number = max(own, highest or own + _GAP)
    opened.execute("DELETE FROM sqlite_sequence WHERE name = 'subscribers'")
    opened.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('subscribers', ?)", (number,))
