"""Runs that die, and providers of other kinds, for the tests of a run."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

import pytest

from newsletter.providers import Batch, Capabilities, Outcome, State
from newsletter.store import schema
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import (
    IdempotentMemoryProvider,
    MemoryProvider,
)


class Killed(BaseException):
    """The process died here."""


class PerRecipientProvider(MemoryProvider):
    """Knows by each recipient's key what it took, as the outbox does."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        title="Memory, per recipient",
        batch_size=500,
        own_unsubscribe="yes",
        idempotency=timedelta(days=1),
        idempotency_per_recipient=True,
    )

    def _accept(self, batch: Batch, recipient: object) -> Outcome:
        known = {mail.key for mail in self.taken}
        key = recipient.key  # type: ignore[attr-defined] # narrowed by the caller
        if key in known:
            return Outcome(key, State.ACCEPTED)
        return super()._accept(batch, recipient)  # type: ignore[arg-type] # the same recipient


def people(count: int) -> list[str]:
    return [f"p{number}@example.com" for number in range(count)]


def killed_before(_: Batch) -> None:
    raise Killed


def batch_state(room: Mailroom) -> list[str]:
    with room.store.read() as connection:
        query = schema.batches.select().order_by(schema.batches.c.first)
        return [row.state for row in connection.execute(query)]


def keys_of(provider: MemoryProvider) -> list[str]:
    return [batch.key for batch in provider.batches]


class CuttingProvider(IdempotentMemoryProvider):
    """Hands every batch over in two calls of its own."""

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        yield []
        middle = len(batch.recipients) // 2
        yield from super().send(batch.only(batch.recipients[:middle], "a"))
        yield from super().send(batch.only(batch.recipients[middle:], "b"))


def kill(room: Mailroom, number: int, provider: MemoryProvider, after_calls: int = 0) -> None:
    """Let a run die within a call, before the provider took anything."""

    def act(_: Batch) -> None:
        if len(provider.batches) > after_calls:
            raise Killed

    provider.during(act)
    with pytest.raises(Killed):
        room.dispatch(number, provider)
    provider.during(lambda _: None)
