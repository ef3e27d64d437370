"""A million people: one mailing on SQLite and on PostgreSQL, by one, two and four processes.

The provider takes everything at once, or answers after 50 ms; so what is measured is planning,
claiming, screening and recording. Each process is looked at from outside: its CPU, its peak.

    python -m bench.scale                    all of it, about a quarter of an hour
    SCALE_PEOPLE=100000 python -m bench.scale
"""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import select

from bench import children
from bench.children import Run
from bench.figures import Figure
from newsletter import mailing
from newsletter.mailing import SystemClock, Work, make_owner
from newsletter.providers import Batch, Outcome, State
from newsletter.store import Store
from newsletter.store.bulk import insert
from newsletter.store.schema import subscribers, subscriptions
from newsletter.testing import KEYS, NOW, make_editions, make_settings, stores
from newsletter.testing.providers import MemoryProvider

PEOPLE: Final = int(os.environ.get("SCALE_PEOPLE", "1000000"))
BATCH: Final = 500
CALLS: Final = 200
"""Of 50 ms each, where it is asked how much faster more workers are."""
_SLICE: Final = 50_000


class Sink(MemoryProvider):
    """Takes everything, remembers nothing."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def send(self, batch: Batch) -> Iterator[list[Outcome]]:
        """Take a batch after a while."""
        time.sleep(self._seconds)
        yield [
            Outcome(recipient.key, State.ACCEPTED, provider_id="x")
            for recipient in batch.recipients
        ]


@dataclass(frozen=True, slots=True)
class Sent:
    """One mailing, planned and handed over."""

    planning: Run
    workers: list[Run]
    seconds: float
    """Wall time of handing over."""

    @property
    def peak(self) -> float:
        """The largest process, in megabytes."""
        return max(run.megabytes for run in (self.planning, *self.workers))

    @property
    def cpu(self) -> float:
        """CPU of all who handed over."""
        return sum(run.seconds for run in self.workers)


def figures() -> Iterator[Figure]:
    for database in ("sqlite", "postgresql"):
        few = send(database, PEOPLE // 10, workers=1)
        many = {count: send(database, PEOPLE, workers=count) for count in (1, 2, 4)}
        yield Figure(
            f"{database}: peak of a process, {PEOPLE:,} : {PEOPLE // 10:,} people",
            many[1].peak, few.peak, many[1].peak / few.peak, "MB",
            remark=f"planning {many[1].planning.megabytes:.0f}, "
            f"sending {many[1].workers[0].megabytes:.0f}",
        )  # fmt: skip
        yield _per_person(database, "plan", many[1].planning.seconds, few.planning.seconds)
        yield _per_person(database, "claim, screen, record", many[1].cpu, few.cpu)
        for count in (2, 4):
            one, other = many[1].seconds, many[count].seconds
            yield Figure(
                f"{database}: {PEOPLE:,} people, 1 : {count} workers, no wait",
                one, other, one / other, "s wall",
                remark=f"{PEOPLE / other:,.0f} people a second",
            )  # fmt: skip
    yield from _waiting()


def _per_person(database: str, what: str, many: float, few: float) -> Figure:
    ours, base = many / PEOPLE * 1e6, few / (PEOPLE // 10) * 1e6
    name = f"{database}: {what}, {PEOPLE:,} : {PEOPLE // 10:,} people"
    return Figure(name, ours, base, ours / base, "us CPU/mail")


def _waiting() -> Iterator[Figure]:
    one = send("postgresql", CALLS * 50, workers=1, batch=50, pause=0.05)
    for count in (2, 4):
        other = send("postgresql", CALLS * 50, workers=count, batch=50, pause=0.05)
        yield Figure(
            f"postgresql: {CALLS} calls of 50 ms, 1 : {count} workers",
            one.seconds, other.seconds, one.seconds / other.seconds, "s wall",
            remark=f"{count} is all that {count} can bring",
        )  # fmt: skip


def send(
    database: str, people: int, *, workers: int, batch: int = BATCH, pause: float = 0.0
) -> Sent:
    """Fill a database, plan one mailing, hand it over by so many processes; see that all got it."""
    with _database(database) as url:
        with Store.open(url) as store:
            fill(store, people)
        planning = _child("plan", url, str(batch))
        with ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(workers))
            door = stack.enter_context(TemporaryDirectory())
            words = ("work", url, str(pause), door, str(workers))
            runs = list(pool.map(lambda _: _child(*words), range(workers)))
        said = [json.loads(run.said) for run in runs]
        with Store.open(url) as store:
            done = mailing.accounts(store, 1)
        assert done.accepted == done.audience == people, done
        spent = max(one["end"] for one in said) - min(one["begin"] for one in said)
        return Sent(planning, runs, spent)


@contextmanager
def _database(name: str) -> Iterator[str]:
    if name == "postgresql":
        with stores.postgresql().fresh() as url:
            yield url
        return
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite3"
        Store.for_file(Path(folder) / "bench.sqlite3").close()
        yield url


def fill(store: Store, people: int) -> None:
    """Put people into the register and on one list."""
    columns = ("address", "address_key", "language", "fields", "source", "created_at", "changed_at")
    for start in range(0, people, _SLICE):
        names = [f"p{number}@example.com" for number in range(start, min(start + _SLICE, people))]
        with store.begin() as connection:
            insert(
                connection, subscribers, columns,
                [(name, name, "fi", {}, "a test", NOW, NOW) for name in names],
            )  # fmt: skip
            highest = select(subscribers.c.id).order_by(subscribers.c.id.desc()).limit(len(names))
            insert(
                connection, subscriptions,
                ("subscriber_id", "list_id", "state", "changed_at"),
                [(number, "uutiskirje", "active", NOW) for number in connection.scalars(highest)],
            )  # fmt: skip


def _child(*words: str) -> Run:
    run = children.run([sys.executable, "-m", "bench.scale", *words])
    return replace(run, seconds=json.loads(run.said)["cpu"])


def plan(url: str, batch: int) -> None:
    with Store.open(url) as store:
        number = mailing.plan(
            store, make_editions(), lists=("uutiskirje",), condition={}, provider_name="memory",
            batch_size=batch, settings=make_settings(), by="bench", now=datetime.now(UTC),
            keys=KEYS,
        )  # fmt: skip
        assert number == 1


def work(url: str, pause: float, door: Path, workers: int) -> dict[str, float]:
    """Hand over together with the others; tells when it began and ended."""
    clock, stop = SystemClock(), threading.Event()
    with TemporaryDirectory() as runs, Store.open(url) as store:
        work = Work.of(store, 1, Sink(pause), keys=KEYS, clock=clock, stop=stop)
        with make_owner(store, Path(runs)) as owner:
            _wait_for_all(door, workers)
            begin = time.monotonic()
            mailing.Run(work, owner).work()
            return {"begin": begin, "end": time.monotonic()}


def _wait_for_all(door: Path, workers: int) -> None:
    """Begin when the last is there: Python takes a second to start, and longer beside others."""
    (door / str(os.getpid())).touch()
    while len(list(door.iterdir())) < workers:
        time.sleep(0.005)


def main() -> None:
    cpu = time.process_time()
    times: dict[str, float] = {}
    match sys.argv[1:]:
        case ["plan", url, batch]:
            plan(url, int(batch))
        case ["work", url, pause, door, workers]:
            times = work(url, float(pause), Path(door), int(workers))
        case _:
            try:
                for figure in figures():
                    print(figure.line(), flush=True)
            finally:
                stores.close()
            return
    print(json.dumps({**times, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
