"""A mailroom whose account has limits, and events as providers tell them."""

import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from newsletter import mailing
from newsletter.mailing import Accounts
from newsletter.mailing.handing.work import Work
from newsletter.providers import Provider
from newsletter.settings import Settings
from newsletter.store import Store, schema
from newsletter.testing import KEYS, make_settings
from newsletter.testing.mailroom import Mailroom


def paced(**pace: Any) -> Settings:  # noqa: ANN401 - any pace
    """Set the account's limits."""
    warm_up = pace.pop("warm_up", [])
    return make_settings(providers={"memory": {"pace": pace, "warm_up": warm_up}})


def braked(**rules: Any) -> Settings:  # noqa: ANN401 - any rule
    return make_settings(sending={"brakes": rules})


def work(room: Mailroom, number: int, provider: Provider, settings: Settings | None = None) -> Work:
    return Work.of(
        room.store, number, provider, keys=KEYS, clock=room.clock, stop=threading.Event(),
        progress=room.steps.append, settings=settings,
    )  # fmt: skip


def run(room: Mailroom, number: int, provider: Provider, settings: Settings) -> Accounts:
    """Hand over under these settings, as one run."""
    owner = room.owner()
    try:
        return mailing.dispatch(
            room.store, number, provider, keys=KEYS, clock=room.clock, owner=owner,
            stop=threading.Event(), progress=room.steps.append, settings=settings,
        )  # fmt: skip
    finally:
        owner.die()


def tell(
    room: Mailroom, addresses: Iterable[str], kind: str, *, bounce: str = "", mailing_id: int = 1
) -> None:
    """Let the provider tell something of people of a mailing."""
    with room.store.begin() as connection:
        numbers = {
            row.address: row
            for row in connection.execute(
                select(schema.deliveries).where(schema.deliveries.c.mailing_id == mailing_id)
            )
        }
        known = connection.execute(select(schema.events.c.id)).all()
        rows = [
            {
                "subscriber_id": numbers[address].subscriber_id,
                "delivery_id": numbers[address].id,
                "kind": kind,
                "bounce": bounce,
                "source": "memory",
                "source_id": f"{kind}-{address}-{len(known)}",
                "happened_at": room.clock.now(),
                "recorded_at": room.clock.now(),
            }
            for address in addresses
        ]
        if rows:
            connection.execute(insert(schema.events), rows)


def account_row(store: Store, account: str = "memory") -> Any:  # noqa: ANN401 - a row
    query = select(schema.accounts).where(schema.accounts.c.account == account)
    with store.read() as connection:
        return connection.execute(query).one_or_none()


def mailing_row(store: Store, number: int = 1) -> Any:  # noqa: ANN401 - a row
    query = select(schema.mailings).where(schema.mailings.c.id == number)
    with store.read() as connection:
        return connection.execute(query).one()


def acts(store: Store) -> list[tuple[str, str]]:
    """Give what the audit log has of mailings: who did what."""
    query = select(schema.audit.c.actor, schema.audit.c.act).where(
        schema.audit.c.act.like("mailing%")
    )
    with store.read() as connection:
        return [(row.actor, row.act) for row in connection.execute(query)]


MINUTE = timedelta(minutes=1)
