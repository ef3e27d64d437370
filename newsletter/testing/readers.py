"""People in a register, their links, and a look at every row: for tests of pages and mailings."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from newsletter import register
from newsletter.issue.edition import Edition
from newsletter.register.entries import Entry
from newsletter.register.tokens import Tokens
from newsletter.store import Store
from newsletter.store.schema import (
    batches,
    editions,
    mailings,
    metadata,
    replies,
    requests,
    subscriptions,
)
from newsletter.testing import KEYS, NOW, make_settings
from newsletter.workspace import Workspace


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


def make_workspace(root: Path, **changes: Any) -> Workspace:  # noqa: ANN401 - any setting
    """Make a workspace in an empty folder, its key ring being the one for tests."""
    workspace = Workspace(root.resolve(), make_settings(**changes))
    (workspace.state / "keys").write_text("\n".join(KEYS), encoding="utf-8")
    return workspace


def subscribe(
    store: Store,
    address: str,
    *,
    language: str = "fi",
    list_id: str = "uutiskirje",
    now: datetime = NOW,
) -> int:
    """Put somebody on a list and give their number."""
    added = register.add(
        store,
        Entry(address=address, language=language),
        lists=[list_id],
        basis="consent",
        source="a test",
        method="staff",
        by="tests",
        now=now,
        keys=KEYS,
    )
    return added.subscriber_id


def token(subscriber_id: int, list_id: str = "uutiskirje", issue: str = "kevatkirje") -> str:
    """Make the token of somebody's link in an issue."""
    return Tokens(KEYS).unsubscribe(subscriber_id, list_id, issue)


def request_token(store: Store) -> str:
    """Make the token of the request that was made last, as the link in its mail carries it."""
    with store.read() as connection:
        row = connection.execute(select(requests).order_by(requests.c.id.desc()).limit(1)).one()
    made = Tokens(KEYS).request_with(row.nonce, row.token_hash)
    assert made is not None
    return made


def replies_to(store: Store, address: str) -> list[str]:
    """Name the kinds of mail that were queued for an address, in their order."""
    query = select(replies.c.kind).where(replies.c.address == address).order_by(replies.c.id)
    with store.read() as connection:
        return list(connection.scalars(query))


def state_of(store: Store, subscriber_id: int, list_id: str = "uutiskirje") -> str | None:
    """Read the state of a subscription."""
    query = select(subscriptions.c.state).where(
        subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.list_id == list_id
    )
    with store.read() as connection:
        return connection.scalar(query)


def rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Read every row of every table: equal before and after means that nothing was changed."""
    with store.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def publish(store: Store, edition: Edition, *, now: datetime = NOW) -> None:
    """Store an edition with a mailing that has sent it."""
    with store.begin() as connection:
        connection.execute(
            insert(editions).values(
                digest=edition.digest,
                issue=edition.issue,
                language=edition.language,
                variant=edition.variant,
                content=edition.dump(),
                created_at=now,
            )
        )
        made = connection.execute(
            insert(mailings)
            .values(
                issue=edition.issue,
                lists=["uutiskirje"],
                condition={},
                provider="outbox",
                envelope={},
                audience=1,
                planned_by="tests",
                planned_at=now,
            )
            .returning(mailings.c.id)
        )
        connection.execute(
            insert(batches).values(
                mailing_id=made.scalar_one(),
                edition=edition.digest,
                first=1,
                last=1,
                state="done",
            )
        )
