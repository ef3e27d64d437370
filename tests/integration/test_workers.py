"""Real workers on PostgreSQL: they share a mailing, one is killed, one is stopped, jobs are lost.

What the vendor's own record says is compared with the ledger.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from newsletter import mailing, register, workspace
from newsletter.cli.queueing import QueueWorker
from newsletter.cli.working import Worker
from newsletter.mailing import queue
from newsletter.mailing.envelope import Envelope
from newsletter.store import Store
from newsletter.store.schema import batches, deliveries, mailings, results
from newsletter.testing import make_edition, make_editions, stores
from newsletter.testing.servers import Fault, VendorServer
from newsletter.testing.vendors import DOMAIN, KEY, VENDORS

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]
PATIENCE = 60
"""Seconds after which a test that hangs fails."""


class Place:
    """A workspace on PostgreSQL, a vendor beside it, and workers as processes."""

    def __init__(self, root: Path, url: str, store: Store, vendor: VendorServer) -> None:
        self.root, self.url, self.store, self.vendor = root, url, store, vendor
        self.processes: list[subprocess.Popen[bytes]] = []
        self.workspace = workspace.load(root)

    def start(self) -> "subprocess.Popen[bytes]":
        log = (self.root / f"worker-{len(self.processes)}.log").open("wb")
        command = [sys.executable, "-m", "newsletter", "worker", "--concurrency", "2"]
        made = subprocess.Popen(command, cwd=self.root, env=os.environ, stderr=log, stdout=log)
        log.close()
        self.processes.append(made)
        return made

    def said(self, number: int) -> str:
        return (self.root / f"worker-{number}.log").read_text()

    def plan(self, issue: str) -> int:
        number = mailing.plan(
            self.store,
            make_editions(make_edition(issue=issue)),
            lists=("uutiskirje",),
            condition={},
            provider_name="mailgun",
            batch_size=2,
            settings=self.workspace.settings,
            by="test",
            now=datetime.now(UTC),
            keys=self.workspace.keys(),
        )
        assert number is not None
        return number

    def lose_the_queue(self) -> None:
        with self.store.begin() as connection:
            connection.execute(text("TRUNCATE newsletter_queue.procrastinate_jobs CASCADE"))

    def healed(self, number: int) -> bool:
        """Do what a worker does each minute; tell whether that was enough."""
        stop = threading.Event()
        with closing(QueueWorker(self.workspace, self.store, stop=stop, concurrency=1)) as one:
            one.sweep(0)
        time.sleep(0.2)
        return self.finished(number)

    def states(self, number: int) -> dict[int, str]:
        """Give the state of each batch."""
        query = select(batches.c.id, batches.c.state).where(batches.c.mailing_id == number)
        with self.store.read() as connection:
            return {row.id: row.state for row in connection.execute(query)}

    def finished(self, number: int) -> bool:
        return mailing.accounts(self.store, number).finished

    def judge(self, number: int) -> None:
        """Compare the ledger with the vendor's record."""
        taken = Counter(mail.key for mail in self.vendor.taken)
        assert max(taken.values()) == 1
        query = (
            select(deliveries.c.id, results.c.state)
            .outerjoin(results, results.c.delivery_id == deliveries.c.id)
            .where(deliveries.c.mailing_id == number)
        )
        with self.store.read() as connection:
            sealed = select(mailings.c.envelope).where(mailings.c.id == number)
            seal = Envelope.load(connection.execute(sealed).scalar_one())
            for delivery, state in connection.execute(query):
                if state == "accepted":
                    assert taken[seal.recipient_key(delivery)] == 1
                else:
                    assert state is None


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    root = tmp_path / "kirje"
    workspace.create(root)
    faults: Iterator[Fault | None] = iter(lambda: Fault(hold=0.1), None)
    with (
        VendorServer(VENDORS["mailgun"](), faults=faults) as vendor,
        stores.postgresql().fresh() as url,
        Store.open(url) as store,
    ):
        settings = (root / "newsletter.toml").read_text()
        settings = settings.replace('provider = "outbox"', 'provider = "mailgun"')
        settings += f'\n[providers.mailgun]\ndomain = "{DOMAIN}"\nbase_url = "{vendor.url}"\n'
        (root / "newsletter.toml").write_text(settings)
        monkeypatch.setenv("NEWSLETTER_DATABASE_URL", url)
        monkeypatch.setenv("NEWSLETTER_MAILGUN_KEY", KEY)
        made = Place(root, url, store, vendor)
        add(made, 60)
        yield made
        for process in made.processes:
            process.kill()
            process.wait()


def add(place: Place, people: int) -> None:
    for number in range(people):
        register.add(
            place.store,
            register.Entry(f"p{number}@example.com", "fi"),
            lists=("uutiskirje",),
            basis="consent",
            source="a test",
            method="staff",
            by="test",
            now=datetime.now(UTC),
            keys=place.workspace.keys(),
        )


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def test_a_worker_that_is_killed_or_stopped_and_a_queue_that_is_lost_lose_and_double_nothing(
    place: Place,
) -> None:
    first, second = place.start(), place.start()
    until(lambda: queue.workers(place.store) == 2)

    one = place.plan("yksi")
    until(lambda: all("mailing 1: yksi" in place.said(number) for number in (0, 1)))
    first.send_signal(signal.SIGKILL)
    first.wait()
    in_flight = {key for key, state in place.states(one).items() if state == "handing_over"}
    place.lose_the_queue()
    until(lambda: place.healed(one))

    unknown = {key for key, state in place.states(one).items() if state == "unknown"}
    assert unknown <= in_flight
    place.judge(one)

    two = place.plan("kaksi")
    until(lambda: "accepted" in place.said(1) or "done" in place.states(two).values())
    second.send_signal(signal.SIGTERM)
    assert second.wait(PATIENCE) == 0
    states = Counter(place.states(two).values())
    assert set(states) <= {"done", "planned"}
    assert states["planned"]
    assert place.said(1).endswith("stopped\n")

    once(place)
    assert mailing.accounts(place.store, two).accepted == 60
    place.judge(two)


def once(place: Place) -> None:
    """Do what `newsletter worker --once` does."""
    clock, stop = mailing.SystemClock(), threading.Event()
    with closing(Worker(place.workspace, place.store, clock=clock, stop=stop, threads=2)) as worker:
        worker.once()
