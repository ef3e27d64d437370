"""Calls to a provider that takes 50 ms, by four threads against one: wall time, not CPU."""

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, Measure, compare
from newsletter.mailing import FileOwner, SystemClock, Work
from newsletter.mailing.engines import local
from newsletter.providers import Batch, Outcome, Recipient
from newsletter.store import Store
from newsletter.testing import KEYS
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider

_CALLS = 40
_MAILS = 20
_SECONDS = 0.05


class _Slow(MemoryProvider):
    def _call(self, batch: Batch, recipients: tuple[Recipient, ...]) -> list[Outcome]:
        time.sleep(_SECONDS)
        return super()._call(batch, recipients)


def figures() -> Iterator[Figure]:
    yield compare(
        f"{_CALLS} calls of {_SECONDS * 1000:.0f} ms, SQLite: one thread : four",
        _measure(1),
        _measure(4),
        rounds=3,
        unit="ms wall",
        remark="4 is all that four can bring",
    )


def _measure(threads: int) -> Measure:
    def measure() -> float:
        with (
            tempfile.TemporaryDirectory() as folder,
            Store.for_file(Path(folder) / "bench.sqlite3") as store,
        ):
            room, provider, runs = Mailroom(store), _Slow(), Path(folder) / "runs"
            room.add(*(f"p{number}@example.com" for number in range(_CALLS * _MAILS)))
            work = Work.of(
                store, room.planned(batch_size=_MAILS), provider, keys=KEYS,
                clock=SystemClock(), stop=threading.Event(),
            )  # fmt: skip
            begin = time.perf_counter()
            done = local.send(work, lambda: FileOwner(runs), threads=threads)
            spent = time.perf_counter() - begin
            assert done.accepted == len(set(provider.addresses)) == _CALLS * _MAILS
            return spent

    return measure
