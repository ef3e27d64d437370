"""Mailings of which nobody knows what became of some, and events that tell later."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import insert, select, update

from newsletter import mailing
from newsletter.mailing import Accounts
from newsletter.providers import Capabilities, Outcome, State
from newsletter.providers.lookup import Sought, Wait
from newsletter.register import events
from newsletter.store import Store, schema
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import Answer, MemoryProvider


class KnowingProvider(MemoryProvider):
    """Loses answers, and can be asked; `knows` says of whom it tells what."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Memory, asked", batch_size=500, own_unsubscribe="yes", sends=False, lookup="for ever"
    )

    def __init__(self, *, size: int = 500) -> None:
        super().__init__(size=size)
        self.asked: list[tuple[str, list[Sought], datetime, datetime]] = []
        self.knows: Callable[[Sought], State | None] = self.truth
        self.meanwhile: Callable[[], None] = lambda: None
        """Happens while it is asked, before it answers."""

    def truth(self, mail: Sought) -> State | None:
        """Tell what is so."""
        taken = any(mail.key == known.key for known in self.taken)
        return State.ACCEPTED if taken else State.RETRY

    def look_up(
        self, mailing: str, sought: Sequence[Sought], *, since: datetime, until: datetime,
        wait: Wait,
    ) -> Iterator[list[Outcome]]:  # fmt: skip
        """Answer one by one."""
        del wait
        self.asked.append((mailing, list(sought), since, until))
        self.meanwhile()
        for mail in sought:
            if (state := self.knows(mail)) is not None:
                yield [Outcome(mail.key, state, "" if state is State.ACCEPTED else "not there")]


def lost(
    room: Mailroom, count: int = 4, *, size: int = 2, provider: MemoryProvider | None = None
) -> MemoryProvider:
    """Mail to so many people an hour ago, in one call whose answer was lost though all was taken.

    Then cut the batch into pieces of `size`, as several lost calls would have left them.
    """
    room.add(*(f"p{number}@example.com" for number in range(count)))
    provider = provider or KnowingProvider()
    provider.then(Answer.LOST)
    room.dispatch(room.planned(), provider)
    room.clock.turn(timedelta(hours=1))
    cut(room.store, size)
    return provider


def cut(store: Store, size: int) -> None:
    """Cut every unknown batch into pieces, but those of which somebody is settled."""
    table = schema.batches
    settled = schema.results.c.delivery_id.between(table.c.first, table.c.last)
    with store.begin() as connection:
        unknown = select(table).where(
            table.c.state == "unknown", ~select(schema.results).where(settled).exists()
        )
        for batch in connection.execute(unknown).all():
            whole = batch._asdict()
            del whole["id"]
            pieces = [
                whole | {"first": first, "last": min(first + size - 1, batch.last)}
                for first in range(batch.first, batch.last + 1, size)
            ]
            this = update(table).where(table.c.id == batch.id)
            connection.execute(this.values(last=pieces[0]["last"]))
            if pieces[1:]:
                connection.execute(insert(table), pieces[1:])


def tell(room: Mailroom, kind: Any, *deliveries: int, name: str = "") -> None:  # noqa: ANN401 - a kind of event
    """Let the provider tell something of deliveries."""
    for delivery in deliveries:
        event = events.Event(
            kind=kind, source="memory", source_id=f"{kind}-{delivery}{name}",
            happened_at=room.clock.now(), delivery_id=delivery,
        )  # fmt: skip
        events.take(room.store, event, settings=room.settings, keys=KEYS, now=room.clock.now())


def results(store: Store) -> dict[int, tuple[str, str, str]]:
    """Give state, reason and who settled it, by delivery."""
    table = schema.results.c
    with store.read() as connection:
        rows = connection.execute(
            select(table.delivery_id, table.state, table.reason, table.settled_by)
        )
        return {number: (state, reason, by) for number, state, reason, by in rows}


def accounts(room: Mailroom, number: int = 1) -> Accounts:
    return mailing.accounts(room.store, number)


def audit_lines(store: Store, *acts: str) -> list[tuple[str, str, dict[str, Any]]]:
    table = schema.audit.c
    with store.read() as connection:
        rows = connection.execute(
            select(table.act, table.actor, table.detail).order_by(table.id)
        ).all()
    return [(act, actor, detail) for act, actor, detail in rows if not acts or act in acts]


def states(store: Store) -> Collection[str]:
    with store.read() as connection:
        return list(
            connection.scalars(select(schema.batches.c.state).order_by(schema.batches.c.first))
        )
