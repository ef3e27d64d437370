"""`newsletter send` where workers hand over."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from newsletter import workspace
from newsletter.cli import following
from newsletter.cli.working import Worker
from newsletter.mailing import Stop, SystemClock, queue
from newsletter.store import Store
from newsletter.testing import stores
from newsletter.testing.mailroom import HandClock
from tests.unit.cli.conftest import Newsletter
from tests.unit.cli.test_sequences import ISSUE, TERMS, write

pytestmark = pytest.mark.postgresql


class Elsewhere(HandClock):
    """While `send` waits, a worker elsewhere hands over."""

    def wait(self, seconds: float, stop: Stop) -> None:
        super().wait(seconds, stop)
        if len(self.waits) == 3:
            with (
                Store.open(workspace.find().database_url) as store,
                closing(
                    Worker(
                        workspace.find(), store, clock=SystemClock(),
                        stop=threading.Event(), threads=1,
                    )
                ) as worker,
            ):  # fmt: skip
                worker.once()


@pytest.fixture
def store(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with stores.postgresql().fresh() as url, Store.open(url) as made:
        monkeypatch.setenv("NEWSLETTER_DATABASE_URL", url)
        write(root, "issues/kirje.fi.yaml", ISSUE)
        yield made


def test_it_shows_what_workers_do_and_warns_while_none_is_alive(
    newsletter: Newsletter, store: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = root / "newsletter.toml"
    file.write_text(file.read_text() + '\n[sending]\nengine = "procrastinate"\n')
    monkeypatch.setattr("newsletter.mailing.SystemClock", Elsewhere)
    newsletter("subscribers", "add", "aino@example.com", *TERMS)

    sent = newsletter("send", "kirje", "--yes")

    assert sent.exit_code == 0, sent.stderr
    assert "1 accepted" in sent.stdout
    assert sent.stderr.count("no worker is alive; it goes out as soon as one is") == 1


def test_auto_leaves_it_to_workers_when_one_is_alive(store: Store) -> None:
    assert not following.left_to_workers(store, "auto")
    queue.install(store)
    assert not following.left_to_workers(store, "auto")

    with store.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO newsletter_queue.procrastinate_workers DEFAULT VALUES"
        )

    assert following.left_to_workers(store, "auto")
    assert not following.left_to_workers(store, "local")
