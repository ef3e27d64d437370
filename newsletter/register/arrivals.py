"""What becomes of the people of an import: decided for many at once, written in bulk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, bindparam, insert, literal, select, update

from newsletter.register import suppressions
from newsletter.register.entries import Entry, compare
from newsletter.register.people import new_row
from newsletter.register.subscriptions import Proof, State
from newsletter.store.schema import consents, subscribers, subscriptions

_GONE = {State.LEFT, State.CLEANED}


@dataclass(slots=True)
class Arrival:
    """What becomes of one entry."""

    outcome: str = "already"
    """added, updated, already; or why they are kept out: left, cleaned, suppressed."""
    new: list[str] = field(default_factory=list)
    """The lists that they are new on."""
    gone: dict[str, str] = field(default_factory=dict)
    """The lists that they are kept out of, and why."""
    changes: dict[str, Any] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)

    def remarks(self) -> list[tuple[str, str]]:
        """Say, with hints, what a person should know of this row; no address is repeated."""
        said = [
            (f"kept out of {name}: {_WHY[state]}", _HINT[state])
            for name, state in self.gone.items()
        ]
        if self.outcome == "suppressed":
            said.append((f"kept out: {_WHY['suppressed']}", _HINT["suppressed"]))
        if self.differing:
            names = ", ".join(self.differing)
            said.append(
                (f"differs from the register, which was kept: {names}", "change it there if needed")
            )
        return said


_WHY = {
    "left": "this person has left",
    "cleaned": "this address can no longer be mailed",
    "suppressed": "this address must not be mailed",
}
_HINT = {
    "left": "only they themselves can come back; take the row out of the file",
    "cleaned": "take the row out of the file",
    "suppressed": "take the row out of the file",
}


class Writer:
    """Decides on entries and writes what is new, on one connection."""

    def __init__(
        self,
        connection: Connection,
        lists: Sequence[str],
        proof: Proof,
        keys: Sequence[str],
        *,
        dry_run: bool,
    ) -> None:
        self._connection = connection
        self._lists = lists
        self._proof = proof
        self._keys = keys
        self._dry_run = dry_run

    def take(self, entries: Mapping[str, Entry]) -> dict[str, Arrival]:
        """Decide what becomes of these entries, by folded address, and write it."""
        suppressed = suppressions.among(
            self._connection, entries, keys=self._keys, now=self._proof.now
        )
        rows = self._rows(list(entries))
        states = self._states([row["id"] for row in rows.values()])
        arrivals = {
            key: Arrival(outcome="suppressed")
            if key in suppressed
            else self._decide(entry, rows.get(key), states)
            for key, entry in entries.items()
        }
        if not self._dry_run:
            self._write(entries, rows, arrivals)
        return arrivals

    def _decide(
        self, entry: Entry, row: Mapping[str, Any] | None, states: Mapping[tuple[int, str], str]
    ) -> Arrival:
        if row is None:
            return Arrival("added", new=list(self._lists))
        here = {name: states.get((row["id"], name)) for name in self._lists}
        arrival = Arrival(
            new=[name for name, state in here.items() if state is None],
            gone={name: state for name, state in here.items() if state and state in _GONE},
        )
        if len(arrival.gone) == len(here):
            arrival.outcome = next(iter(arrival.gone.values()))
            return arrival
        arrival.changes, arrival.differing = compare(row, entry)
        if arrival.new:
            arrival.outcome = "added"
        elif arrival.changes:
            arrival.outcome = "updated"
        elif arrival.gone:
            arrival.outcome = next(iter(arrival.gone.values()))
        return arrival

    def _rows(self, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        names = ("id", "address_key", "language", "first_name", "last_name", "fields")
        query = select(*(subscribers.c[name] for name in names)).where(
            subscribers.c.address_key.in_(keys)
        )
        return {row.address_key: row._asdict() for row in self._connection.execute(query)}

    def _states(self, ids: Sequence[int]) -> dict[tuple[int, str], str]:
        query = select(
            subscriptions.c.subscriber_id, subscriptions.c.list_id, subscriptions.c.state
        ).where(subscriptions.c.subscriber_id.in_(ids), subscriptions.c.list_id.in_(self._lists))
        return {(row[0], row[1]): row[2] for row in self._connection.execute(query)}

    def _write(
        self,
        entries: Mapping[str, Entry],
        rows: Mapping[str, Mapping[str, Any]],
        arrivals: Mapping[str, Arrival],
    ) -> None:
        proof = self._proof
        strangers = [
            new_row(entries[key], entries[key].address, proof.source, proof.now)
            for key, arrival in arrivals.items()
            if arrival.new and key not in rows
        ]
        if strangers:
            self._connection.execute(insert(subscribers), strangers)
        self._fill(rows, arrivals)
        for name in self._lists:
            if joining := [key for key, arrival in arrivals.items() if name in arrival.new]:
                self._join(joining, name)

    def _fill(self, rows: Mapping[str, Mapping[str, Any]], arrivals: Mapping[str, Arrival]) -> None:
        changed = [
            {
                "subscriber": rows[key]["id"],
                **{name: rows[key][name] for name in ("first_name", "last_name", "fields")},
                **arrival.changes,
                "changed_at": self._proof.now,
            }
            for key, arrival in arrivals.items()
            if arrival.changes
        ]
        if changed:
            self._connection.execute(
                update(subscribers).where(subscribers.c.id == bindparam("subscriber")), changed
            )

    def _join(self, keys: Sequence[str], list_id: str) -> None:
        """Put subscribers on a list, each with the proof of it, in two statements."""
        proof = self._proof
        joined = {
            "list_id": list_id,
            "state": State.ACTIVE,
            "changed_at": proof.now,
        }
        given = {
            "list_id": list_id,
            "act": "given",
            "basis": proof.basis,
            "method": proof.method,
            "source": proof.source,
            "recorded_by": proof.by,
            "recorded_at": proof.now,
        }
        self._insert_for(keys, subscriptions, {"subscriber_id": subscribers.c.id}, joined)
        own = {
            "subscriber_id": subscribers.c.id,
            "language": subscribers.c.language,
            "address": subscribers.c.address,
        }
        self._insert_for(keys, consents, own, given)

    def _insert_for(
        self,
        keys: Sequence[str],
        table: Table,
        own: Mapping[str, ColumnElement[Any]],
        same: Mapping[str, Any],
    ) -> None:
        """Insert a row for each of these subscribers: their own columns, and the same for all."""
        values = (literal(value, table.c[name].type) for name, value in same.items())
        query = (
            select(*own.values(), *values)
            .where(subscribers.c.address_key.in_(keys))
            .order_by(subscribers.c.id)
        )
        self._connection.execute(insert(table).from_select([*own, *same], query))
