"""A worker that does what is due, on both databases; here with the local engine."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter import mailing, workspace
from newsletter.cli.duties import night_before
from newsletter.cli.working import Worker, alone
from newsletter.errors import StoreError
from newsletter.mailing import Stop
from newsletter.mailing.engines import crew
from newsletter.store import Store
from newsletter.testing import make_edition, make_editions, stores
from newsletter.testing.mailroom import HandClock
from tests.unit.cli.conftest import Newsletter
from tests.unit.cli.test_sequences import ISSUE, SEQUENCE, TERMS, write


@pytest.fixture
def url(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with stores.fresh_url(tmp_path) as made:
        monkeypatch.setenv("NEWSLETTER_DATABASE_URL", made)
        monkeypatch.setenv("NEWSLETTER_KEYS", "k" * 43)
        yield made


class RoundClock(HandClock):
    """Waits until the hands are idle before time passes, and stops the worker at a time."""

    def __init__(self, length: timedelta, stop: threading.Event) -> None:
        super().__init__(datetime.now(UTC))
        self._end, self._event = self.now() + length, stop
        self.worker: Worker | None = None

    def wait(self, seconds: float, stop: Stop) -> None:
        assert seconds > 0  # never a busy loop
        assert self.worker is not None
        assert self.worker._hands.finish(20)
        super().wait(seconds, stop)
        if self.now() >= self._end:
            self._event.set()


def run(store: Store, *, minutes: float) -> RoundClock:
    stop = threading.Event()
    clock = RoundClock(timedelta(minutes=minutes), stop)
    with closing(
        Worker(workspace.find(), store, clock=clock, stop=stop, threads=2)
    ) as clock.worker:
        clock.worker.run()
    return clock


def plan(store: Store, issue: str, times: mailing.Schedule | None = None) -> int:
    here = workspace.find()
    number = mailing.plan(
        store, make_editions(make_edition(issue=issue)), lists=("uutiskirje",), condition={},
        provider_name="outbox", batch_size=1, settings=here.settings, by="test",
        now=datetime.now(UTC), keys=here.keys(), times=times,
    )  # fmt: skip
    assert number is not None
    return number


def test_what_is_open_goes_out_and_what_is_scheduled_when_its_time_has_come(
    newsletter: Newsletter, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("aino", "eino"):
        newsletter("subscribers", "add", f"{name}@example.com", *TERMS)
    with Store.open(url) as store:
        at_once = plan(store, "heti")
        at = datetime.now(UTC) + timedelta(minutes=3, seconds=20)
        later = plan(store, "myohemmin", mailing.Schedule(at, at + timedelta(minutes=1)))

        run(store, minutes=2)
        early = mailing.accounts(store, later).accepted
        run(store, minutes=5)

        assert mailing.accounts(store, at_once).accepted == 2
        assert (early, mailing.accounts(store, later).accepted) == (0, 2)
    said = capsys.readouterr().err
    assert said.count(f"mailing {at_once}: heti, 2 to hand over") == 1
    assert said.count(f"mailing {at_once}: finished: 2 accepted") == 1
    assert said.count("retention: ") == 1


def test_new_subscribers_get_their_sequence_and_their_replies(
    newsletter: Newsletter, root: Path, url: str
) -> None:
    (root / "sequences").mkdir()
    write(root, "sequences/tervetulo.yaml", SEQUENCE)
    for name in ("tervetuloa", "vinkit"):
        write(root, f"issues/{name}.fi.yaml", ISSUE)
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    with Store.open(url) as store:
        run(store, minutes=1)
        assert [item.accounts.accepted for item in mailing.mailings(store)] == [1]


def test_once_does_what_is_due_and_ends(newsletter: Newsletter, url: str) -> None:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    with Store.open(url) as store:
        number = plan(store, "heti")
    done = newsletter("worker", "--once")

    assert done.exit_code == 0, done.stderr
    assert f"mailing {number}: finished: 1 accepted" in done.stderr
    assert done.stderr.endswith("done: nothing else is due now\n")
    assert "retention" not in newsletter("worker", "--once").stderr


@pytest.mark.sqlite(reason="on the other database workers share")
def test_a_second_worker_is_refused(newsletter: Newsletter, root: Path) -> None:
    with alone(root / ".newsletter" / "worker.lock"):
        second = newsletter("worker", "--once")

    assert second.exit_code == 2
    assert "a worker is running in this workspace already" in second.stderr
    assert newsletter("worker", "--once").exit_code == 0


@pytest.mark.slow
@pytest.mark.sqlite(reason="the other database has it")
def test_an_engine_that_cannot_be_is_refused(newsletter: Newsletter, root: Path) -> None:
    file = root / "newsletter.toml"
    file.write_text(file.read_text() + '\n[sending]\nengine = "procrastinate"\n')

    for words in (("worker", "--once"), ("send", "esittely", "--yes")):
        newsletter("subscribers", "add", "aino@example.com", *TERMS)
        refused = newsletter(*words)
        assert refused.exit_code == 2
        assert "the engine procrastinate needs PostgreSQL" in refused.stderr


def test_a_database_that_is_away_is_waited_for(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    due, tries = crew.due, iter(range(99))

    def away(store: Store, now: datetime) -> list[int]:
        if next(tries) < 3:
            raise StoreError("the database refused: connection refused")
        return due(store, now)

    monkeypatch.setattr(crew, "due", away)
    with Store.open(url) as store:
        run(store, minutes=2)

    said = capsys.readouterr().err
    assert said.count("database: the database refused") == 1
    assert said.count("database: it is back") == 1


def test_a_night_begins_at_three() -> None:
    zone = "Europe/Helsinki"
    assert night_before(datetime(2026, 7, 2, 0, 1, tzinfo=UTC), zone).hour == 0
    assert night_before(datetime(2026, 7, 1, 23, 59, tzinfo=UTC), zone).day == 1
