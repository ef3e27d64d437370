"""An unsubscribe storm: 5 % of the subscribers leave while a mailing runs.

Two senders, each a process of its own, share the mailing; a real server answers real one-click
POSTs; the vendor's calls set the beat, so that people leave from its first call to its last.
Nobody whose request was answered may be in a batch that is claimed afterwards. Longer:

    STORM_PEOPLE=100000 pytest tests/integration/test_storm.py -n 0 -s
"""

import http.client
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from newsletter import mailing, reporting
from newsletter.mailing.envelope import Envelope
from newsletter.register.tokens import Tokens
from newsletter.store import Store, schema
from newsletter.store.bulk import insert
from newsletter.testing import KEYS, NOW, make_settings, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.readers import make_workspace
from newsletter.testing.servers import Fault, VendorServer
from newsletter.testing.vendors import DOMAIN, KEY, VENDORS
from newsletter.web.serving import running
from tests.integration.test_crash import Zygote

PEOPLE: Final = int(os.environ.get("STORM_PEOPLE", "1000"))
BATCH: Final = 40 if PEOPLE < 10_000 else 100
SENDERS: Final = 2
CLIENTS: Final = 8
"""Connections that the leaving come by."""
FORM: Final = (b"List-Unsubscribe=One-Click", {"Content-Type": "application/x-www-form-urlencoded"})


@dataclass
class Storm:
    """Who is to leave, in turn; each call that reaches the vendor lets some more of them go."""

    leavers: list[int]
    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    answered: dict[int, datetime] = field(default_factory=dict)
    """Subscriber → when the answer was here."""

    def beat(self) -> Iterator[Fault | None]:
        """Let the first go at the first call, and the last well before the last one.

        A call lasts until those of the call before are answered, however slow the machine is.
        """
        share = max(1, -(-len(self.leavers) * BATCH * 11 // (PEOPLE * 10)))
        for due in range(0, sys.maxsize, share):
            self.turns.release(share)
            end = time.monotonic() + 30
            while len(self.answered) < min(due, len(self.leavers)) and time.monotonic() < end:
                time.sleep(0.001)
            yield None

    def leave(self, base: str, waiting: Iterator[int]) -> None:
        """Be one client: post for one after the other."""
        tokens = Tokens(KEYS)
        with closing(http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)) as line:
            for person in waiting:
                self.turns.acquire()
                link = f"/u/{tokens.unsubscribe(person, 'uutiskirje', 'kevatkirje')}"
                line.request("POST", link, *FORM)
                answer = line.getresponse()
                answer.read()
                assert answer.status == 200
                self.answered[person] = datetime.now(UTC)


def fill(store: Store) -> list[int]:
    """Put everybody on the list, and give their numbers."""
    with store.begin() as connection:
        insert(
            connection,
            schema.subscribers,
            ("address", "address_key", "language", "fields", "source", "created_at", "changed_at"),
            [
                (name, name, "fi", {}, "a test", NOW, NOW)
                for name in (f"p{number}@example.com" for number in range(PEOPLE))
            ],
        )
        people = list(connection.scalars(select(schema.subscribers.c.id)))
        insert(
            connection,
            schema.subscriptions,
            ("subscriber_id", "list_id", "state", "changed_at"),
            [(person, "uutiskirje", "active", NOW) for person in people],
        )
    return people


def job(url: str, folder: Path, vendor: VendorServer) -> dict[str, Any]:
    return {
        "issue": "kevatkirje",
        "provider": "mailgun",
        "settings": {"base_url": vendor.url, "timeout": 60, "domain": DOMAIN},
        "environment": {"NEWSLETTER_MAILGUN_KEY": KEY},
        "outbox": str(folder / "outbox"),
        "database": url,
        "runs": str(folder / "runs"),
        "batch_size": BATCH,
    }


@pytest.fixture(
    params=[
        pytest.param("sqlite", marks=pytest.mark.sqlite(reason="the other one is beside it")),
        pytest.param("postgresql", marks=[pytest.mark.postgresql, pytest.mark.thorough]),
    ]
)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        with stores.fresh_url(tmp_path) as found:
            yield found
    else:
        with stores.postgresql().fresh() as found:
            yield found


@pytest.mark.slow
def test_whoever_was_answered_is_in_no_batch_claimed_afterwards(url: str, tmp_path: Path) -> None:
    zygotes = [Zygote() for _ in range(SENDERS)]
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(url))
        people = fill(store)
        storm = Storm(Random(5).sample(people, PEOPLE // 20))
        vendor = stack.enter_context(VendorServer(VENDORS["mailgun"](), faults=storm.beat()))
        number = Mailroom(store).planned(
            batch_size=BATCH, provider_name="mailgun", now=datetime.now(UTC)
        )
        base = stack.enter_context(running(make_workspace(tmp_path), store))
        clients = stack.enter_context(ThreadPoolExecutor(CLIENTS))
        waiting = Locked(iter(storm.leavers))
        left = [clients.submit(storm.leave, base, waiting) for _ in range(CLIENTS)]
        begun = datetime.now(UTC)
        for zygote in zygotes:
            zygote.start(job(url, tmp_path, vendor))
        statuses = [zygote.end() for zygote in zygotes]
        took = datetime.now(UTC) - begun
        storm.turns.release(PEOPLE)  # whatever came, no client waits for ever
        for client in left:
            client.result()
        errors = "".join(zygote.close() for zygote in zygotes)
        assert statuses == [0] * SENDERS, errors

        told = judge(store, number, storm, vendor)
    print(f"{took.total_seconds():.1f} s, {told}")  # noqa: T201 - shown with -s, or on failure


class Locked:
    """An iterator that several threads take from."""

    def __init__(self, items: Iterator[int]) -> None:
        self._items = items
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._items)


def judge(store: Store, number: int, storm: Storm, vendor: VendorServer) -> str:
    """Hold the vendor's own record against the ledger, and against who was answered when."""
    accounts = mailing.accounts(store, number)
    assert accounts.finished
    assert accounts.accepted + accounts.excluded == accounts.audience == PEOPLE
    assert len(storm.answered) == len(storm.leavers) == PEOPLE // 20

    with store.read() as connection:
        row = connection.execute(select(schema.mailings)).one()
        envelope = Envelope.load(row.envelope)
        claimed: dict[int, datetime] = {}
        for batch in connection.execute(select(schema.batches)):
            if batch.handed_at is not None:
                claimed |= dict.fromkeys(range(batch.first, batch.last + 1), batch.handed_at)
        table = schema.deliveries.c
        deliveries = {
            envelope.recipient_key(item.id): item
            for item in connection.execute(select(table.id, table.subscriber_id))
        }
    taken = Counter(mail.key for mail in vendor.taken)
    assert max(taken.values()) == 1
    assert taken.total() == accounts.accepted
    mailed = {deliveries[key].subscriber_id: claimed[deliveries[key].id] for key in taken}
    late = [
        person for person, at in storm.answered.items() if person in mailed and at < mailed[person]
    ]
    assert not late, "in a batch that was claimed after the answer"
    before = sum(person in mailed for person in storm.answered)
    assert accounts.excluded == len(storm.answered) - before
    assert before, "nobody left after having been mailed: that was no storm"
    assert accounts.excluded > len(storm.answered) // 10, "all left too late to be excluded"

    report = reporting.of_mailing(store, number, settings=make_settings(), now=datetime.now(UTC))
    assert report.leaving.longest is None
    return (
        f"{PEOPLE} people, {len(storm.answered)} left: {accounts.excluded} excluded, "
        f"{before} had been claimed before, longest gap none, "
        f"{report.leaving.crossed} crossed within {report.leaving.longest_crossing}"
    )
