"""A register and an account at Creamailer, side by side, with a clock that no test waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from newsletter import register
from newsletter.creamailer import SECRET, TOKEN, Plan, Report, SpentError, Sync, Terms
from newsletter.creamailer import Account as Ours
from newsletter.register import Entry
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store.schema import subscribers, subscriptions
from newsletter.testing import KEYS, NOW, make_settings
from newsletter.testing import creamailer as server
from newsletter.testing.creamailer import Account, InProcess

A, B = "uutiskirje", "tiedotteet"
NUMBERS = {A: "1234", B: "5678"}
KEYS_OF_TESTS = {TOKEN: server.TOKEN, SECRET: server.SECRET}
TERMS = Terms("consent", "Creamailer, 2 March 2026")


def settings_for(url: str = server.BASE, **creamailer: Any) -> Settings:  # noqa: ANN401 - any setting
    return make_settings(
        lists=[{"id": A, "name": "Uutiskirje"}, {"id": B, "name": "Tiedotteet"}],
        creamailer={"url": url, "lists": NUMBERS, "fields": {"municipality": "kunta"}} | creamailer,
    )


@dataclass
class World:
    """Both sides."""

    store: Store
    now: datetime = NOW
    per_hour: int = 100
    account: Account = field(init=False)
    settings: Settings = field(init=False)
    slept: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = settings_for(calls_per_hour=self.per_hour)
        self.account = Account(clock=lambda: self.now, per_hour=self.per_hour)
        for number in NUMBERS.values():
            self.account.open_list(number)

    def clock(self) -> datetime:
        return self.now

    def wait_until(self, until: datetime) -> None:
        self.now = max(self.now, until) + timedelta(seconds=1)

    def sync(self, *, terms: Terms | None = None, waits: bool = True) -> Sync:
        return Sync(
            self.store,
            Ours.of(self.settings, KEYS_OF_TESTS),
            settings=self.settings,
            keys=KEYS,
            by="hilja",
            clock=self.clock,
            sleep=self.slept.append,
            pause=self.wait_until if waits else None,
            terms=terms,
            tell=self.told.append,
            transport=InProcess(self.account),
        )

    def plan(self, *, terms: Terms | None = None) -> Plan:
        """Read the account anew and compare."""
        sync = self.sync(terms=terms)
        sync.read(anew=True)
        return sync.plan()

    def run(self, *, terms: Terms | None = None) -> Report:
        """Do a whole sync, waiting for the next hour where it must."""
        sync = self.sync(terms=terms)
        sync.read()
        return sync.carry_out()

    def run_in_portions(self, *, terms: Terms | None = None) -> int:
        """Call the command again whenever the hour's calls are used up; count how often."""
        for portion in range(1, 1000):
            sync = self.sync(terms=terms, waits=False)
            try:
                sync.read()
                sync.carry_out()
            except SpentError as spent:
                self.now = spent.until
            else:
                return portion
        raise AssertionError("no end")

    def add(self, address: str, *lists: str, **values: str) -> int:
        added = register.add(
            self.store,
            Entry(
                address,
                values.pop("language", "fi"),
                values.pop("first_name", ""),
                values.pop("last_name", ""),
                fields=values,
            ),
            lists=lists or (A,),
            basis="consent",
            source="paper form",
            method="staff",
            by="hilja",
            now=self.now,
            keys=KEYS,
        )
        return added.subscriber_id

    def leave(self, address: str, list_id: str = A) -> None:
        register.leave(
            self.store,
            subscriber_id=self.id_of(address),
            list_id=list_id,
            method="page",
            source="kevatkirje",
            by="subscriber",
            now=self.now,
        )

    def suppress(self, address: str, reason: str = "complaint") -> None:
        register.suppress(self.store, address, reason=reason, now=self.now, keys=KEYS)

    def id_of(self, address: str) -> int:
        with self.store.read() as connection:
            query = select(subscribers.c.id).where(subscribers.c.address_key == address.casefold())
            return int(connection.execute(query).scalar_one())

    def states(self, list_id: str = A) -> dict[str, str]:
        """Give every subscription's state by folded address."""
        query = (
            select(subscribers.c.address_key, subscriptions.c.state)
            .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
            .where(subscriptions.c.list_id == list_id)
        )
        with self.store.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def suppressed(self, addresses: Sequence[str]) -> Mapping[str, str]:
        with self.store.read() as connection:
            return register.suppressions.among(connection, addresses, keys=KEYS, now=self.now)
