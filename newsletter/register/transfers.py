"""People whom another service knew and who are unknown on a list here: taken over as they stood.

Who was active there is put on the list; who left is remembered as having left, and as nothing else:
without that, a later import of an old file would bring back who left elsewhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from newsletter.register.entries import Entry, compare
from newsletter.register.people import new_row
from newsletter.register.subscriptions import Proof, State
from newsletter.store.schema import consents, subscribers, subscriptions

_SLICE = 1000


def take_over(
    connection: Connection,
    list_id: str,
    people: Mapping[str, Entry],
    state: State,
    proof: Proof,
) -> int:
    """Put people, by folded address, on a list as active or left; count for whom it was new.

    Whoever is or was on the list stays as they are. Of somebody known who becomes active, what is
    empty is filled. The caller has seen to it that none of them is suppressed.
    """
    keys = list(people)
    return sum(
        _take_over(
            connection, list_id, {key: people[key] for key in keys[start : start + _SLICE]}, state,
            proof,
        )
        for start in range(0, len(keys), _SLICE)
    )  # fmt: skip


def _take_over(
    connection: Connection, list_id: str, people: Mapping[str, Entry], state: State, proof: Proof
) -> int:
    known = _known(connection, list(people))
    strangers = [
        new_row(entry, entry.address, proof.source, proof.now)
        for key, entry in people.items()
        if key not in known
    ]
    if strangers:
        connection.execute(insert(subscribers), strangers)
    if state is State.ACTIVE:
        _fill(connection, known, people, proof)
    everybody = _known(connection, list(people))
    there = _on(connection, list_id, [row["id"] for row in everybody.values()])
    new = [row for row in everybody.values() if row["id"] not in there]
    if new:
        _join(connection, list_id, new, state, proof)
    return len(new)


def _known(connection: Connection, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    names = ("id", "address", "address_key", "language", "first_name", "last_name", "fields")
    query = select(*(subscribers.c[name] for name in names)).where(
        subscribers.c.address_key.in_(keys)
    )
    return {row.address_key: row._asdict() for row in connection.execute(query)}


def _on(connection: Connection, list_id: str, ids: Sequence[int]) -> set[int]:
    query = select(subscriptions.c.subscriber_id).where(
        subscriptions.c.list_id == list_id, subscriptions.c.subscriber_id.in_(ids)
    )
    return set(connection.scalars(query))


def _fill(
    connection: Connection,
    known: Mapping[str, Mapping[str, Any]],
    people: Mapping[str, Entry],
    proof: Proof,
) -> None:
    changed = [
        {
            "subscriber": row["id"],
            **{name: row[name] for name in ("first_name", "last_name", "fields")},
            **changes,
            "changed_at": proof.now,
        }
        for key, row in known.items()
        if (changes := compare(row, people[key])[0])
    ]
    if changed:
        connection.execute(
            update(subscribers).where(subscribers.c.id == bindparam("subscriber")), changed
        )


def _join(
    connection: Connection,
    list_id: str,
    rows: Sequence[Mapping[str, Any]],
    state: State,
    proof: Proof,
) -> None:
    """Write the subscriptions and their proof: given, or withdrawn by who had left already."""
    joined = {"list_id": list_id, "state": state, "changed_at": proof.now}
    connection.execute(
        insert(subscriptions), [{**joined, "subscriber_id": row["id"]} for row in rows]
    )
    told = {
        "list_id": list_id,
        "act": "given" if state is State.ACTIVE else "withdrawn",
        "basis": proof.basis,
        "method": proof.method,
        "source": proof.source,
        "recorded_by": proof.by,
        "recorded_at": proof.now,
    }
    connection.execute(
        insert(consents),
        [
            {
                **told,
                "subscriber_id": row["id"],
                "address": row["address"],
                "language": row["language"],
            }
            for row in rows
        ],
    )
