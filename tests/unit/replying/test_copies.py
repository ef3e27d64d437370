"""A copy of the database must not answer people whom the original answers, too."""

from pathlib import Path

import pytest

from newsletter import mailing
from newsletter.store import Store, backups, home
from newsletter.testing import NOW
from newsletter.testing.providers import MemoryProvider
from tests.unit.replying.office import Office


@pytest.mark.sqlite(reason="a file is copied")
def test_a_copy_delivers_no_replies_until_it_is_adopted(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.apply("eino@example.com")
    assert office.deliver(MemoryProvider()).sent == 1
    office.apply()
    copy = backups.make(f"sqlite:///{tmp_path / 'register.sqlite3'}", tmp_path / "copy.sqlite3")

    with Store.for_file(copy.file) as other:
        elsewhere = Office(other, tmp_path)
        kept = elsewhere.deliver(provider := MemoryProvider())
        mailing.adopt(other, by="maija", now=NOW)
        sent = elsewhere.deliver(provider)

    assert (kept.sent, kept.waiting) == (0, 1)
    assert kept.trouble is not None
    assert "is a copy" in kept.trouble.message
    assert "newsletter db adopt" in kept.trouble.hint
    assert sent.sent == 1


def test_a_database_that_is_moved_while_a_postman_works_keeps_the_rest(
    store: Store, tmp_path: Path
) -> None:
    office = Office(store, tmp_path)
    for name in ("aino", "eino", "maija"):
        office.apply(f"{name}@example.com")
    provider = MemoryProvider()
    provider.during(lambda _: moved(store))

    done = office.deliver(provider)

    assert (done.sent, done.waiting) == (1, 2)
    assert done.trouble is not None
    assert "was moved elsewhere" in done.trouble.message


def moved(store: Store) -> None:
    with store.begin() as connection:
        home.leave(connection, by="maija", now=NOW)
