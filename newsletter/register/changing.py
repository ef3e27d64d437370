"""Correcting what is known of somebody (GDPR art. 16); a new address needs its owner's word.

That is `requests.ask_change`: the address changes when the link in a mail to it is pressed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select, update

from newsletter.errors import InputError
from newsletter.register import audit, whose
from newsletter.register.entries import Entry, Rules
from newsletter.register.whose import Who
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import subscribers

_OWN: Final = ("first_name", "last_name", "language", "kind")
_NEVER_EMPTY: Final = ("language", "kind")


def change(
    store: Store, who: Who, values: Mapping[str, str], *, settings: Settings, by: str, now: datetime
) -> tuple[str, ...]:
    """Set names, language, kind or fields of somebody, at once; name those that it changed.

    An empty value takes away what was there. Raises InputError for an unknown person, name or
    value, and for an address; then nothing was changed.
    """
    with store.begin() as connection:
        return change_in(connection, who, values, settings=settings, by=by, now=now)


def change_in(
    connection: Connection,
    who: Who,
    values: Mapping[str, str],
    *,
    settings: Settings,
    by: str,
    now: datetime,
) -> tuple[str, ...]:
    """Do what `change` does, in the caller's transaction."""
    person = whose.known(connection, who)
    entry = _checked(values, person.address, settings)
    row = connection.execute(
        select(subscribers).where(subscribers.c.id == person.subscriber_id).with_for_update()
    ).one()
    new = _changes(row._asdict(), values, entry)
    if new:
        changed = {name: value for name, value in new.items() if name in _OWN}
        own = {name: value for name, value in new.items() if name not in _OWN}
        fields = {name: value for name, value in {**row.fields, **own}.items() if value}
        connection.execute(
            update(subscribers)
            .where(subscribers.c.id == row.id)
            .values(**changed, fields=fields, changed_at=now)
        )
        audit.note(connection, "changed", by=by, now=now, subscriber_id=row.id, fields=sorted(new))
    return tuple(sorted(new))


def _checked(values: Mapping[str, str], address: str, settings: Settings) -> Entry:
    """Check the values by the rules of the register; those that are not named stay out of it."""
    if "address" in values:
        raise InputError(
            "an address is not changed like that", hint="its owner must confirm it: --address"
        )
    for name in _NEVER_EMPTY:
        if not values.get(name, "x").strip():
            raise InputError(f"{name} cannot be empty", hint=f"leave {name} out to keep it")
    return Rules(settings).read({"address": address, **values})


def _changes(row: Mapping[str, Any], values: Mapping[str, str], entry: Entry) -> dict[str, str]:
    """Give the named values that differ from the row's."""
    had = {name: row[name] for name in _OWN} | row["fields"]
    wanted = {
        name: getattr(entry, name) if name in _OWN else entry.fields.get(name, "")
        for name in values
    }
    return {name: value for name, value in wanted.items() if value != had.get(name, "")}
