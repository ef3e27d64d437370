"""Confirming by the link in a mail: what was asked for takes effect, once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, select, update

from newsletter.register import audit, people, replies, suppressions
from newsletter.register.entries import Entry
from newsletter.register.pending import Kind, Pending, pending_of, row_of, still_stands
from newsletter.register.subscriptions import (
    Act,
    Proof,
    State,
    join,
    move,
    subscriber_with,
)
from newsletter.register.tokens import Tokens
from newsletter.settings import Settings
from newsletter.store.schema import requests, subscribers


@dataclass(frozen=True, slots=True)
class _Confirming:
    connection: Connection
    row: Row[Any]
    settings: Settings
    keys: Sequence[str]
    now: datetime


def confirm(
    connection: Connection,
    token: str,
    *,
    settings: Settings,
    tokens: Tokens,
    keys: Sequence[str],
    now: datetime,
) -> Pending | None:
    """Do what a mailed link asks for, once; give the request as it is afterwards.

    None for a token that is not ours, or whose subscriber is gone. `used_at` tells that it is done,
    also when it was done before: then nothing changes. Without it the link has expired, or, while
    it is still open, what it asks is refused: a new address that is suppressed or somebody else's
    by now, or lists that are no more. Kinds export and erase are only marked as used: the caller
    does the rest in the same transaction, when `used_at` is its own `now`.
    """
    row = row_of(connection, token, lock=True)
    if row is None or tokens.request_with(row.nonce, row.token_hash) is None:
        return None
    if not still_stands(connection, row):
        return None
    pending = pending_of(row)
    if not pending.is_open(now):
        return pending
    here = _Confirming(connection, row, settings, keys, now)
    if (subscriber_id := _EFFECTS[pending.kind](here)) is None:
        return pending
    _mark_used(here, requests.c.id == row.id, subscriber_id=subscriber_id)
    return replace(pending, subscriber_id=subscriber_id, used_at=now)


def _subscribe(here: _Confirming) -> int | None:
    """Put the person in, or bring them back, with the full proof; None when no list is left."""
    known = {item.id for item in here.settings.lists}
    if not (lists := [name for name in here.row.lists if name in known]):
        return None
    proof = Proof(
        method="double_opt_in",
        source=here.row.form or here.row.method,
        by="subscriber",
        now=here.now,
        basis="consent",
        wording=here.row.wording,
        notice=here.row.notice,
        form="" if here.row.method == "staff" else here.row.form,
        asked_at=here.row.asked_at,
    )
    entry = _entry(here)
    subscriber_id, _, _ = people.enter(here.connection, entry, entry.address, proof)
    if suppressions.lift(here.connection, here.row.address_key, keys=here.keys):
        audit.note(
            here.connection,
            "suppression lifted",
            by="subscriber",
            now=here.now,
            subscriber_id=subscriber_id,
        )
    joined = [name for name in lists if _put_on(here.connection, subscriber_id, name, proof)]
    if joined and here.settings.subscribe.welcome:
        _reply(here, "welcome", subscriber_id, joined)
    return subscriber_id


def _put_on(connection: Connection, subscriber_id: int, list_id: str, proof: Proof) -> bool:
    """Put somebody on a list, from wherever they stand; False when they are on it."""
    return join(connection, subscriber_id, list_id, State.ACTIVE, proof) or move(
        connection, subscriber_id, list_id, Act.CONFIRM, proof
    )


def _entry(here: _Confirming) -> Entry:
    """Read what was filled in, less the fields that the settings no longer have."""
    filled = dict(here.row._mapping["values"])  # noqa: SLF001 - `values` is also a method of rows
    first, last = filled.pop("first_name", ""), filled.pop("last_name", "")
    fields = {name: value for name, value in filled.items() if name in here.settings.fields}
    return Entry(here.row.address, here.row.language, first, last, fields=fields)


def _change_address(here: _Confirming) -> int | None:
    """Take the new address over, and tell the old one; None when it cannot be had."""
    row, subscriber_id = here.row, int(here.row.subscriber_id)
    owner = subscriber_with(here.connection, row.address_key)
    taken = owner not in {None, subscriber_id}
    if taken or _is_barred(here, row.address_key):
        return None
    before = here.connection.execute(
        select(subscribers.c.address_key).where(subscribers.c.id == subscriber_id)
    ).scalar_one()
    _reply(here, "changed", subscriber_id, [])  # to the old address, before it is gone
    here.connection.execute(
        update(subscribers)
        .where(subscribers.c.id == subscriber_id)
        .values(address=row.address, address_key=row.address_key, changed_at=here.now)
    )
    _retire(here, before, row.address_key)
    audit.note(
        here.connection,
        "address changed",
        by="subscriber",
        now=here.now,
        subscriber_id=subscriber_id,
        method=row.method,
    )
    others = (
        requests.c.kind == "address",
        requests.c.subscriber_id == subscriber_id,
        requests.c.used_at.is_(None),
        requests.c.id != row.id,
    )
    _mark_used(here, *others, subscriber_id=subscriber_id)
    return subscriber_id


def _is_barred(here: _Confirming, address_key: str) -> bool:
    found = suppressions.among(here.connection, [address_key], keys=here.keys, now=here.now)
    return found.get(address_key) not in {None, suppressions.MOVED}


def _retire(here: _Confirming, before: str, present: str) -> None:
    """Keep an old list from bringing the former address back, as if it were somebody else."""
    if before == present:
        return
    suppressions.lift(here.connection, present, keys=here.keys)  # one that they had earlier
    suppressions.suppress_key(
        here.connection,
        before,
        reason=suppressions.MOVED,
        source="subscriber",
        now=here.now,
        keys=here.keys,
    )


def _only_mark(here: _Confirming) -> int | None:
    return int(here.row.subscriber_id)


_EFFECTS: Final[Mapping[Kind, Callable[[_Confirming], int | None]]] = {
    "subscribe": _subscribe,
    "address": _change_address,
    "export": _only_mark,
    "erase": _only_mark,
}


def _mark_used(here: _Confirming, *which: ColumnElement[bool], subscriber_id: int) -> None:
    here.connection.execute(
        update(requests).where(*which).values(used_at=here.now, subscriber_id=subscriber_id)
    )


def _reply(here: _Confirming, kind: replies.Kind, subscriber_id: int, lists: Sequence[str]) -> None:
    """Queue a mail to the subscriber's address of this moment, in their language."""
    person = here.connection.execute(
        select(subscribers.c.address, subscribers.c.language).where(
            subscribers.c.id == subscriber_id
        )
    ).one()
    replies.queue(
        here.connection,
        kind,
        address=person.address,
        language=person.language,
        lists=lists,
        now=here.now,
        request_id=here.row.id,
        subscriber_id=subscriber_id,
    )
