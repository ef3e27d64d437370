"""Promise 2: `kill -9` at any instant loses nobody and mails nobody twice.

Senders, now one and now two at once, are killed again and again at random moments and started
anew, while people leave; and so are workers, who take their work from the queue in PostgreSQL.
What the vendor's own record says is compared with the ledger at the end. Longer:

    CRASH_KILLS=1000 pytest tests/integration/test_crash.py -n 0
    CRASH_KILLS=1000 pytest tests/integration/test_crash.py -n 0 --database=postgresql
"""

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from newsletter import mailing, register, workspace
from newsletter.mailing.envelope import Envelope
from newsletter.store import Store, schema
from newsletter.testing import stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.servers import Fault, VendorServer
from newsletter.testing.vendors import DOMAIN, KEY, VENDORS

KILLS: Final = int(os.environ.get("CRASH_KILLS", "60")) // 3
SEED: Final = int(os.environ.get("CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
WORKERS_SHARE: Final = 4
"""Workers die a quarter as often: a life of theirs takes so many times as long."""
PEOPLE: Final = 120


@dataclass
class Delivery:
    """What the ledger says of one person at the end."""

    issue: str
    address: str
    key: str
    state: str
    batch: tuple[int, int]
    handed_at: datetime | None


@dataclass
class Scene:
    """One provider, one audience, and everything that happened."""

    name: str
    engine: str
    """local: processes that send; workers: processes that take jobs from a queue."""
    folder: Path
    dice: random.Random
    store: Store
    server: VendorServer | None
    people: dict[str, int]
    left_at: dict[str, datetime] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)
    in_flight: set[int] = field(default_factory=set)
    """Deliveries that were being handed over when a process was killed."""
    url: str = ""
    """Of the database."""
    longest_life: float = 0.1
    """Seconds; follows the machine: longer while lives end before they bring anything."""
    results: int = 0

    @property
    def log(self) -> Path:
        """What workers say."""
        return self.folder / "workers.log"

    def make_workspace(self) -> None:
        """Workers read their settings there."""
        workspace.create(self.folder)
        file = self.folder / workspace.SETTINGS_FILE
        lines = [f"{name} = {json.dumps(value)}" for name, value in self.settings().items()]
        table = "\n".join([f"[providers.{self.name}]", *lines])
        file.write_text(f"{file.read_text()}\n{table}\n" if lines else file.read_text())
        self.log.touch()

    def settings(self) -> dict[str, Any]:
        """Give the provider's."""
        settings: dict[str, Any] = {}
        if self.server is not None:
            settings = {"base_url": self.server.url, "timeout": 20}
        if self.name == "mailgun":
            settings["domain"] = DOMAIN
        return settings

    def job(self, issue: str) -> dict[str, Any]:
        return {
            "issue": issue,
            "provider": self.name,
            "workspace": str(self.folder) if self.engine == "workers" else "",
            "log": str(self.log),
            "settings": self.settings(),
            "environment": {f"NEWSLETTER_{self.name.upper()}_KEY": KEY},
            "outbox": str(self.folder / "outbox"),
            "database": self.url,
            "runs": str(self.folder / "runs"),
            "batch_size": 20 if self.name == "outbox" else 4,
        }

    def somebody_leaves(self) -> None:
        staying = [address for address in self.people if address not in self.left_at]
        if len(staying) <= PEOPLE * 2 // 3:
            return
        address = self.dice.choice(staying)
        register.leave(
            self.store,
            subscriber_id=self.people[address],
            list_id="uutiskirje",
            method="one_click",
            source="the crash test",
            by="subscriber",
            now=datetime.now(UTC),
        )
        self.left_at[address] = datetime.now(UTC)

    def adapt(self, status: int) -> None:
        with self.store.read() as connection:
            results = len(connection.scalars(select(schema.results.c.delivery_id)).all())
        if status == 0:
            self.longest_life *= 0.6
        elif results == self.results:
            self.longest_life = min(self.longest_life * 1.5, 5)
        self.results = results

    @property
    def kills(self) -> int:
        """Count the kills, but of those that fell into planning only some."""
        return self.hits.total() - max(0, self.hits["planning"] - self.wanted // 4)

    @property
    def wanted(self) -> int:
        """Give how many kills are enough."""
        return KILLS // WORKERS_SHARE if self.engine == "workers" else KILLS

    @property
    def is_enough(self) -> bool:
        """Tell whether there were enough kills, and enough of them beside a call."""
        return self.kills >= self.wanted and self.hits["handing over"] > self.wanted // 10

    def after_kill(self, issue: str) -> None:
        """Look into the ledger where the process died; the accounts balance even now."""
        summaries = mailing.mailings(self.store, issue=issue)
        if not summaries:
            self.hits["planning"] += 1
            return
        with self.store.read() as connection:
            query = (
                select(schema.deliveries.c.id)
                .join(
                    schema.batches,
                    schema.deliveries.c.id.between(schema.batches.c.first, schema.batches.c.last),
                )
                .outerjoin(schema.results, schema.results.c.delivery_id == schema.deliveries.c.id)
                .where(
                    schema.batches.c.state == "handing_over",
                    schema.results.c.delivery_id.is_(None),
                )
            )
            handing_over = set(connection.scalars(query))
        self.in_flight |= handing_over
        self.hits["handing over" if handing_over else "between"] += 1

    def finished(self, issue: str) -> bool:
        summaries = mailing.mailings(self.store, issue=issue)
        return bool(summaries) and all(item.accounts.finished for item in summaries)

    def ledger(self) -> dict[int, Delivery]:
        with self.store.read() as connection:
            seals = {
                row.id: Envelope.load(row.envelope)
                for row in connection.execute(select(schema.mailings))
            }
            batches = connection.execute(select(schema.batches)).all()
            states = {
                row.delivery_id: row.state for row in connection.execute(select(schema.results))
            }
            found: dict[int, Delivery] = {}
            for row in connection.execute(select(schema.deliveries)):
                batch = next(item for item in batches if item.first <= row.id <= item.last)
                found[row.id] = Delivery(
                    issue=row.issue,
                    address=row.address,
                    key=seals[row.mailing_id].recipient_key(row.id),
                    state=states.get(row.id, batch.state),
                    batch=(batch.first, batch.last),
                    handed_at=batch.handed_at,
                )
        return found

    def record(self) -> list[tuple[str, str]]:
        """Give (key, address) of every mail that was taken, from the vendor's side."""
        if self.server is not None:
            return [(mail.key, mail.address) for mail in self.server.taken]
        files = (self.folder / "outbox").glob("*/*.eml")
        names = [file.name.removesuffix(".eml").partition("--") for file in files]
        return [(key, address.replace("-at-", "@")) for address, _, key in names]


class Zygote:
    """Starts senders; each of a pair has its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("crash_child.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, job: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def end(self) -> int:
        return int(self._line())

    def close(self) -> str:
        _, errors = self._process.communicate(timeout=30)
        return errors

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def slow_answers(seed: int) -> Iterator[Fault | None]:
    """Take everything, and let the answer come late enough for a kill to fall before it."""
    dice = random.Random(seed)
    return (Fault(hold=dice.uniform(0, 0.012)) for _ in itertools.count())


PROVIDERS: Final = ("mailgun", "resend", "outbox")
WORKERS: Final = [
    pytest.param((name, "workers"), marks=pytest.mark.postgresql, id=f"{name}-workers")
    for name in PROVIDERS
]


@pytest.fixture(params=[*((name, "local") for name in PROVIDERS), *WORKERS], ids="-".join)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    name, engine = request.param
    with contextlib.ExitStack() as stack:
        is_queue = engine == "workers"
        database = stores.postgresql().fresh() if is_queue else stores.fresh_url(tmp_path)
        url = stack.enter_context(database)
        store = stack.enter_context(Store.open(url))
        room = Mailroom(store)
        room.add(*(f"p{number}@example.com" for number in range(PEOPLE)))
        server = None
        if name in VENDORS:
            server = VendorServer(VENDORS[name](), faults=slow_answers(SEED))
            stack.enter_context(server)
        dice = random.Random(SEED)
        made = Scene(name, engine, tmp_path, dice, store, server, room.people, url=url)
        if is_queue:
            made.make_workspace()
        yield made


def run_and_kill(scene: Scene, zygotes: Sequence[Zygote]) -> None:
    """Kill the wanted number of times, over as many issues as that takes; then let all finish."""
    for number in itertools.count(1):
        issue = f"issue-{number}"
        while not scene.finished(issue):
            chosen = zygotes[: scene.dice.randint(1, len(zygotes))]
            pids = [zygote.start(scene.job(issue)) for zygote in chosen]
            if not scene.is_enough:
                time.sleep(scene.dice.uniform(0, scene.longest_life))
                if scene.dice.random() < 0.4:
                    scene.somebody_leaves()
                kill(pids)
            statuses = {zygote.end() for zygote in chosen}
            assert statuses <= {0, -signal.SIGKILL}, [zygote.close() for zygote in zygotes]
            if -signal.SIGKILL in statuses:
                scene.after_kill(issue)
            scene.adapt(min(statuses))
        if scene.is_enough:
            return


def kill(pids: Sequence[int]) -> None:
    """End all at the same instant: stopped first, so that none takes over what another held."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


@pytest.mark.slow
def test_killed_at_random_nobody_is_lost_and_nobody_is_mailed_twice(scene: Scene) -> None:
    zygotes = [Zygote(), Zygote()]
    try:
        run_and_kill(scene, zygotes)
    finally:
        errors = "".join(zygote.close() for zygote in zygotes)

    told = f"seed {SEED}, kills {dict(scene.hits)}, {len(scene.left_at)} left"
    print(told)  # noqa: T201 - shown when the test fails, or with -s
    assert not errors, told
    if scene.engine == "workers":
        assert "fault" not in scene.log.read_text(), f"{scene.log.read_text()} ({told})"
    assert scene.hits.total() >= scene.wanted, told
    assert scene.hits["handing over"] > scene.wanted // 10, told
    judge(scene, told)


def judge(scene: Scene, told: str) -> None:
    ledger, record = scene.ledger(), scene.record()
    for summary in mailing.mailings(scene.store):
        assert summary.accounts.balance() == 0, told
        assert summary.accounts.finished, told

    by_key = {item.key: item for item in ledger.values()}
    taken = Counter(key for key, _ in record)
    twice = [key for key, count in taken.items() if count > 1]
    assert not twice, f"mailed twice: {twice} ({told})"
    people = Counter((by_key[key].issue, by_key[key].address) for key in taken)
    assert max(people.values()) == 1, f"an issue twice to a person ({told})"
    assert all(by_key[key].address == address for key, address in record), told

    leavers_batches = {item.batch for item in ledger.values() if item.address in scene.left_at}
    for number, item in ledger.items():
        assert item.state in {"accepted", "excluded", "unknown"}, f"{item} ({told})"
        if item.state == "accepted":
            assert taken[item.key] == 1, f"accepted, but not in the record: {item} ({told})"
        elif item.state == "excluded":
            assert not taken[item.key], f"excluded, but mailed: {item} ({told})"
            assert item.address in scene.left_at, told
        else:
            assert number in scene.in_flight, f"unknown for no reason: {item} ({told})"
            if scene.name == "resend":
                assert item.batch in leavers_batches, f"could have been repeated: {item} ({told})"
            if scene.name == "outbox":
                assert item.address in scene.left_at, f"could have been repeated: {item} ({told})"
        left_at = scene.left_at.get(item.address)
        if left_at and item.handed_at and item.handed_at > left_at:
            assert not taken[item.key], f"mailed after leaving: {item} ({told})"

    issues = {item.issue for item in ledger.values()}
    planned = {(item.issue, item.address) for item in ledger.values()}
    stayed = set(scene.people) - set(scene.left_at)
    assert all((issue, address) in planned for issue in issues for address in stayed), told
