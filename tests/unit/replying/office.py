"""A workspace, its register and a postman, for tests of the mails of the service."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from newsletter.providers import Provider
from newsletter.register import replies as queued
from newsletter.register import requests, suppressions
from newsletter.register.tokens import Tokens
from newsletter.replying import Delivered, Postman
from newsletter.store import Store
from newsletter.store.schema import replies
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import make_workspace, subscribe

AINO = "aino@example.com"
LISTS = [
    {
        "id": "uutiskirje",
        "name": {"fi": "Uutiskirje", "sv": "Nyhetsbrev", "en": "Newsletter"},
        "description": {"fi": "Kerran kuussa", "sv": "En gång i månaden", "en": "Once a month"},
    },
    {"id": "tapahtumat", "name": {"fi": "Tapahtumat", "sv": "Evenemang", "en": "Events"}},
]


class Elapsed:
    """Seconds since some moment, as a test turns them."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Office:
    """Everything that a postman needs, with sensible defaults."""

    def __init__(self, store: Store, root: Path, **settings: Any) -> None:  # noqa: ANN401
        self.store = store
        self.workspace = make_workspace(root, **({"lists": LISTS} | settings))
        self.tokens = Tokens(KEYS)
        self.now = NOW
        self.elapsed = Elapsed()

    def turn(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)

    def apply(
        self, address: str = AINO, *, lists: Sequence[str] = ("uutiskirje",), language: str = "fi",
        form: str = "https://kirje.example.fi/subscribe", method: str = "page",
    ) -> str:  # fmt: skip
        """Send the form in; give the kind of mail that answers it."""
        application = requests.Application(
            address=address,
            language=language,
            lists=tuple(lists),
            values={},
            wording="w",
            notice="n",
            form=form,
            method=method,
        )
        with self.store.begin() as connection:
            return requests.ask(
                connection,
                application,
                settings=self.workspace.settings,
                tokens=self.tokens,
                now=self.now,
                keys=KEYS,
            )

    def press(self, link: str) -> None:
        """Confirm by the link of a mail."""
        with self.store.begin() as connection:
            requests.confirm(
                connection,
                link.rpartition("/")[2],
                settings=self.workspace.settings,
                tokens=self.tokens,
                keys=KEYS,
                now=self.now,
            )

    def subscribe(self, address: str = AINO, **choices: Any) -> int:  # noqa: ANN401
        """Put somebody on a list; give their number."""
        return subscribe(self.store, address, now=self.now, **choices)

    def queue(self, kind: queued.Kind, address: str = AINO, **choices: Any) -> None:  # noqa: ANN401
        """Queue a reply."""
        values: dict[str, Any] = {"language": "fi", "lists": ["uutiskirje"], "now": self.now}
        with self.store.begin() as connection:
            queued.queue(connection, kind, address=address, **(values | choices))

    def ask_link(self, subscriber_id: int, kind: Any) -> None:  # noqa: ANN401 - export or erase
        """Ask for a fresh link to somebody's data."""
        with self.store.begin() as connection:
            requests.ask_link(
                connection,
                subscriber_id,
                kind,
                settings=self.workspace.settings,
                tokens=self.tokens,
                now=self.now,
            )

    def ask_change(self, subscriber_id: int, address: str) -> None:
        """Ask for somebody's mail to go to another address."""
        with self.store.begin() as connection:
            requests.ask_change(
                connection,
                subscriber_id,
                address,
                settings=self.workspace.settings,
                tokens=self.tokens,
                now=self.now,
                keys=KEYS,
                method="page",
            )

    def suppress(self, address: str = AINO, reason: str = "complaint") -> None:
        """Never mail this address again."""
        suppressions.suppress(self.store, address, reason=reason, now=self.now, keys=KEYS)

    def postman(self, provider: Provider) -> Postman:
        """Hire one more postman."""
        return Postman(self.workspace, self.store, provider, elapsed=self.elapsed)

    def deliver(self, provider: Provider) -> Delivered:
        """Deliver what waits, by a fresh postman."""
        return self.postman(provider).deliver(self.now)

    def row(self, number: int | None = None) -> Row[Any]:
        """Give a reply; without a number, the only or latest one."""
        query = select(replies).order_by(replies.c.id.desc()).limit(1)
        if number is not None:
            query = select(replies).where(replies.c.id == number)
        with self.store.read() as connection:
            return connection.execute(query).one()

    def state(self, number: int | None = None) -> str:
        """Say where a reply is."""
        return str(self.row(number).state)
