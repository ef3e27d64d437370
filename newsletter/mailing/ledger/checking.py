"""Is everything in the database as it must be: the database, the register, the accounts."""

from datetime import datetime

from sqlalchemy import select

from newsletter.errors import StoreError
from newsletter.mailing.ledger.books import accounts
from newsletter.register import checking as register_checking
from newsletter.store import Store, checking
from newsletter.store.checking import Fault
from newsletter.store.schema import mailings


def check(store: Store, *, now: datetime) -> list[Fault]:
    """Look for faults of every kind; an empty list means that all is well."""
    with store.read() as connection:
        faults = checking.check(connection)
        if any(fault.subject == "tables" for fault in faults):
            return faults  # the rest could not be read
        faults += register_checking.check(connection, now=now)
        numbers = connection.scalars(select(mailings.c.id).order_by(mailings.c.id)).all()
    return [*faults, *(fault for number in numbers for fault in _accounts(store, number))]


def _accounts(store: Store, number: int) -> list[Fault]:
    try:
        accounts(store, number)
    except StoreError as error:
        return [Fault("mailings", error.message, error.hint)]
    return []
