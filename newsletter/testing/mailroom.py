"""A register, a ledger and a clock on one table, for tests of mailing and of what builds on it.

room = Mailroom(store)
room.add("aino@example.com", first_name="Aino")
accounts = room.send(MemoryProvider())
"""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from newsletter import mailing, register
from newsletter.mailing import Accounts, Forecast, Step, Stop
from newsletter.providers import Provider
from newsletter.store import Store
from newsletter.testing import KEYS, NOW, make_editions, make_settings

LISTS: Final = ("uutiskirje",)


class HandClock:
    """A clock that moves only when somebody waits, or turns it."""

    def __init__(self, start: datetime = NOW) -> None:
        self._now = start
        self.waits: Final[list[float]] = []
        """How long somebody waited each time, in seconds."""

    def now(self) -> datetime:
        """Tell the time."""
        return self._now

    def wait(self, seconds: float, stop: Stop) -> None:
        """Let the time pass at once."""
        self.waits.append(seconds)
        if not stop.is_set():
            self.turn(timedelta(seconds=seconds))

    def turn(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


class NamedOwner:
    """A run that is alive as long as its name is among the living."""

    def __init__(self, name: str, living: set[str]) -> None:
        self._name: Final = name
        self._living: Final = living
        living.add(name)

    @property
    def name(self) -> str:
        """The name that stands on its batches."""
        return self._name

    def is_alive(self, other: str) -> bool:
        """Tell whether the run of that name is alive."""
        return other in self._living

    def die(self) -> None:
        """End as kill -9 ends a process."""
        self._living.discard(self._name)


class Mailroom:
    """Everything that a mailing needs, with sensible defaults."""

    def __init__(self, store: Store, **settings: Any) -> None:  # noqa: ANN401 - any setting
        self.store: Final = store
        self.settings: Final = make_settings(**settings)
        self.clock: Final = HandClock()
        self.living: Final[set[str]] = set()
        self.steps: Final[list[Step]] = []
        """What the runs told of themselves."""
        self.people: Final[dict[str, int]] = {}
        """Address → number in the register."""
        self._runs = 0

    def add(
        self,
        *addresses: str,
        lists: Sequence[str] = LISTS,
        language: str = "fi",
        first_name: str = "",
        **fields: str,
    ) -> None:
        """Put people into the register and on lists."""
        for address in addresses:
            added = register.add(
                self.store,
                register.Entry(address, language, first_name=first_name, fields=fields),
                lists=lists,
                basis="consent",
                source="a test",
                method="staff",
                by="test",
                now=self.clock.now(),
                keys=KEYS,
            )
            self.people[address] = added.subscriber_id

    def leave(self, address: str, list_id: str = LISTS[0]) -> None:
        """Let somebody leave a list by the link in a mail."""
        register.leave(
            self.store,
            subscriber_id=self.people[address],
            list_id=list_id,
            method="one_click",
            source="a test",
            by="subscriber",
            now=self.clock.now(),
        )

    def expect(self, **changes: Any) -> Forecast:  # noqa: ANN401 - any argument of expect
        """Ask whom a mailing would go to."""
        given: dict[str, Any] = {"editions": make_editions(), "lists": LISTS, "condition": {}}
        given |= {"keys": KEYS, "now": self.clock.now()}
        return mailing.expect(self.store, **(given | changes))

    def plan(self, **changes: Any) -> int | None:  # noqa: ANN401 - any argument of plan
        """Plan a mailing."""
        given: dict[str, Any] = {
            "editions": make_editions(),
            "lists": LISTS,
            "condition": {},
            "provider_name": "memory",
            "batch_size": 500,
            "settings": self.settings,
            "by": "test",
            "now": self.clock.now(),
            "keys": KEYS,
        }
        return mailing.plan(self.store, **(given | changes))

    def planned(self, **changes: Any) -> int:  # noqa: ANN401 - any argument of plan
        """Plan a mailing that must have somebody in it."""
        number = self.plan(**changes)
        if number is None:
            raise AssertionError("nobody is left to be mailed")
        return number

    def owner(self) -> NamedOwner:
        """Start one more run."""
        self._runs += 1
        return NamedOwner(f"run-{self._runs}", self.living)

    def dispatch(
        self,
        mailing_id: int,
        provider: Provider,
        *,
        owner: NamedOwner | None = None,
        stop: Stop | None = None,
    ) -> Accounts:
        """Hand a mailing over; the run's owner dies at the end, as a command's does."""
        owner = owner or self.owner()
        try:
            return mailing.dispatch(
                self.store,
                mailing_id,
                provider,
                keys=KEYS,
                clock=self.clock,
                owner=owner,
                stop=stop or threading.Event(),
                progress=self.steps.append,
            )
        finally:
            owner.die()

    def send(self, provider: Provider, **changes: Any) -> Accounts:  # noqa: ANN401
        """Plan and hand over."""
        return self.dispatch(self.planned(**changes), provider)

    def told(self, kind: type[Step]) -> list[Step]:
        """Give what was told of one kind."""
        return [step for step in self.steps if isinstance(step, kind)]
