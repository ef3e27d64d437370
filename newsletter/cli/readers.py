"""Subscribers as readers of an issue: what somebody would get."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from newsletter.desk.personas import Persona
from newsletter.errors import InputError
from newsletter.register import addresses, suppressions
from newsletter.store import Store
from newsletter.store.schema import subscribers
from newsletter.workspace import Workspace


def subscriber(opened: Workspace, address: str) -> Persona:
    """Find a subscriber by address; raises InputError when there is none."""
    opened.keys()  # made before the register is, so that one without the other means a loss
    key = addresses.key(addresses.normalise(address))
    with Store.open(opened.database_url) as store, store.read() as connection:
        query = select(subscribers).where(subscribers.c.address_key == key)
        row = connection.execute(query).one_or_none()
    if row is None:
        raise InputError(
            f"nobody in the register has the address {address}",
            hint="leave --as out to see it as an invented reader does",
        )
    own = {"first_name": row.first_name, "last_name": row.last_name, **row.fields}
    fields = {name: value for name, value in own.items() if value} | {"language": row.language}
    return Persona(f"{row.language}: {row.address}", row.language, fields)


def refuse_suppressed(opened: Workspace, receivers: Sequence[str], now: datetime) -> None:
    """Raise InputError for an address that must not be mailed at all, not even a test."""
    keys = opened.keys()
    folded = {addresses.key(address): address for address in receivers}
    with Store.open(opened.database_url) as store, store.read() as connection:
        found = suppressions.among(connection, folded, keys=keys, now=now)
    for key, reason in found.items():
        raise InputError(
            f"{folded[key]} is suppressed ({reason}): nothing is mailed there",
            hint=f"newsletter subscribers show {folded[key]} says why; name another address",
        )
