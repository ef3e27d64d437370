"""Forms sent in and links pressed, as the pages do it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, event, insert, select

from newsletter.register import replies as queue
from newsletter.register import requests, suppressions
from newsletter.register.requests import Application, Pending
from newsletter.register.tokens import Tokens
from newsletter.settings import Settings
from newsletter.store import Store, schema
from newsletter.testing import KEYS, NOW, make_settings

SETTINGS: Final = make_settings(
    lists=[{"id": "uutiskirje", "name": "Uutiskirje"}, {"id": "tiedote", "name": "Tiedote"}]
)
TOKENS: Final = Tokens(KEYS)
AINO: Final = "aino@example.com"
APPLICATION: Final = Application(
    address=AINO,
    language="sv",
    lists=("uutiskirje",),
    values={},
    wording="w1",
    notice="n1",
    form="https://kirje.example.fi/subscribe",
    method="page",
)


def ask(
    store: Store,
    *,
    settings: Settings = SETTINGS,
    tokens: Tokens = TOKENS,
    keys: Sequence[str] = KEYS,
    now: datetime = NOW,
    **changes: Any,  # noqa: ANN401 - any part of the form
) -> str:
    """Send a form in; give the kind of mail."""
    with store.begin() as connection:
        application = replace(APPLICATION, **changes)
        return requests.ask(
            connection, application, settings=settings, tokens=tokens, now=now, keys=keys
        )


def confirm(
    store: Store,
    token: str,
    *,
    settings: Settings = SETTINGS,
    tokens: Tokens = TOKENS,
    keys: Sequence[str] = KEYS,
    now: datetime = NOW,
) -> Pending | None:
    """Press the button behind a link."""
    with store.begin() as connection:
        return requests.confirm(
            connection, token, settings=settings, tokens=tokens, keys=keys, now=now
        )


def ask_change(store: Store, subscriber_id: int, address: str, *, now: datetime = NOW) -> None:
    with store.begin() as connection:
        requests.ask_change(
            connection,
            subscriber_id,
            address,
            settings=SETTINGS,
            tokens=TOKENS,
            now=now,
            keys=KEYS,
            method="page",
        )


def ask_link(
    store: Store, subscriber_id: int, kind: Literal["export", "erase"], *, now: datetime = NOW
) -> None:
    with store.begin() as connection:
        requests.ask_link(
            connection, subscriber_id, kind, settings=SETTINGS, tokens=TOKENS, now=now
        )


def renew(store: Store, token: str, *, now: datetime) -> bool:
    with store.begin() as connection:
        return requests.renew(connection, token, settings=SETTINGS, tokens=TOKENS, now=now)


def mails(store: Store) -> list[Mapping[str, Any]]:
    """Give the mails that wait, the first one first."""
    with store.read() as connection:
        query = select(schema.replies).order_by(schema.replies.c.id)
        return [dict(row._mapping) for row in connection.execute(query)]


def person(store: Store, address_key: str = AINO) -> Row[Any] | None:
    """Read a subscriber's row."""
    with store.read() as connection:
        query = select(schema.subscribers).where(schema.subscribers.c.address_key == address_key)
        return connection.execute(query).one_or_none()


def is_suppressed(store: Store, address_key: str = AINO) -> bool:
    with store.read() as connection:
        return bool(suppressions.among(connection, [address_key], keys=KEYS, now=NOW))


def token(store: Store, number: int = -1, *, tokens: Tokens = TOKENS) -> str:
    """Make the token of a request, of the last one if not said otherwise, as the mail has it."""
    with store.read() as connection:
        query = select(schema.requests).order_by(schema.requests.c.id)
        row = connection.execute(query).all()[number]
    made = tokens.request_with(row.nonce, row.token_hash)
    assert made
    return made


def queued(store: Store, count: int, *, at: datetime, kind: queue.Kind = "confirm") -> None:
    """Put mails to strangers into the queue."""
    row: dict[str, Any] = {"kind": kind, "language": "fi", "lists": [], "queued_at": at}
    with store.begin() as connection:
        connection.execute(
            insert(schema.replies),
            [
                {**row, "address": f"{n}@example.org", "address_key": f"{n}@example.org"}
                for n in range(count)
            ],
        )


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """Collect the statements that are run meanwhile."""
    found: list[str] = []

    def note(*arguments: object) -> None:
        found.append(str(arguments[2]))

    event.listen(store._engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(store._engine, "before_cursor_execute", note)
