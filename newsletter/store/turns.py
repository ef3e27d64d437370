"""Whose turn it is to write: on PostgreSQL a lock that every writing transaction takes first.

SQLite lets one transaction write at a time, and the register relies on it: what is read is still
true when something is written for it. PostgreSQL lets all write, so there the register has one
writer by this lock: limits are counted right, a link is used once, nobody is erased while somebody
writes of them. What the ledger does all the time (claiming, recording) shares the lock: many do it
at once, but nobody leaves, and nobody is erased, in the middle of it. So whoever was told that they
have left is seen by every claim that ends later.

The lock is of the transaction, and goes with it. A process that stops in the middle of one, or
whose machine is gone, is cut off by the server after half a minute, so that nobody waits for it.
"""

from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, text


class Turn(StrEnum):
    """What others may do meanwhile."""

    ALONE = "alone"
    """Nobody else has a turn."""
    SHARED = "shared"
    """Others who share may write: whoever does so locks the rows that it decides by."""
    NONE = "none"
    """It takes no turn at all: for what takes long, and is of new rows only."""


_KEY: Final = 0x6E6C
"""Tells our locks from those of others in the same database."""

_REGISTER: Final = 1
_PLANNING: Final = 2

_IDLE: Final = "30s"
"""How long a transaction that holds others up may do nothing."""

_LOCKS: Final = {
    Turn.ALONE: f"pg_advisory_xact_lock({_KEY}, {_REGISTER})",
    Turn.SHARED: f"pg_advisory_xact_lock_shared({_KEY}, {_REGISTER})",
}
_TAKE: Final = {
    turn: text(f"SELECT {lock}, set_config('idle_in_transaction_session_timeout', '{_IDLE}', true)")
    for turn, lock in _LOCKS.items()
}
_PLAN: Final = text(f"SELECT pg_advisory_xact_lock({_KEY}, {_PLANNING})")


def take(connection: Connection, turn: Turn = Turn.ALONE) -> None:
    """Wait for a turn, which lasts until the transaction ends; on SQLite a writer has it anyway."""
    if connection.dialect.name == "postgresql" and turn is not Turn.NONE:
        connection.execute(_TAKE[turn])


def plan_alone(connection: Connection) -> None:
    """Let nobody else plan until the transaction ends; whoever plans takes no other turn first."""
    if connection.dialect.name == "postgresql":
        connection.execute(_PLAN)
