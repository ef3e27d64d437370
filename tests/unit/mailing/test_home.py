"""A copy of a database must not mail what the original mails."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter import mailing
from newsletter.errors import InputError
from newsletter.store import Store, backups, schema
from newsletter.testing import NOW
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from tests.unit.mailing.held import rested
from tests.unit.mailing.runs import people

pytestmark = pytest.mark.sqlite(reason="files are copied")


@pytest.fixture
def copy(room: Mailroom, tmp_path: Path) -> Path:
    """Copy a database in which a mailing is planned."""
    room.add(*people(2))
    room.planned()
    made = backups.make(f"sqlite:///{tmp_path / 'register.sqlite3'}", tmp_path / "copy.sqlite3")
    return made.file


def test_a_copy_does_not_hand_over_what_was_planned(room: Mailroom, copy: Path) -> None:
    with Store.for_file(copy) as store:
        other = Mailroom(store)
        held = other.dispatch(1, provider := MemoryProvider())

    assert held.planned == 2
    assert provider.batches == []
    assert rested(other.steps).reason.endswith("newsletter db adopt")
    assert room.dispatch(1, provider).accepted == 2


def test_a_copy_plans_nothing(copy: Path) -> None:
    with Store.for_file(copy) as store:
        other = Mailroom(store)
        other.add("uusi@example.com")
        with pytest.raises(InputError, match="is a copy"):
            other.plan()


def test_a_copy_that_was_adopted_mails_and_the_audit_log_says_by_whom(copy: Path) -> None:
    with Store.for_file(copy) as store:
        mailing.adopt(store, by="maija", now=NOW)

        assert Mailroom(store).dispatch(1, MemoryProvider()).accepted == 2
        with store.read() as connection:
            line = connection.execute(select(schema.audit).order_by(schema.audit.c.id.desc()))
            last = line.first()
    assert last is not None
    assert (last.actor, last.act) == ("maija", "database adopted")


def test_a_restored_copy_is_at_home_and_the_one_set_aside_is_not(
    room: Mailroom, copy: Path, tmp_path: Path
) -> None:
    file = tmp_path / "register.sqlite3"
    room.store.close()

    aside = backups.restore(f"sqlite:///{file}", copy, now=NOW).aside

    with Store.for_file(file) as store:
        other = Mailroom(store)
        other.add("uusi@example.com")
        assert other.send(MemoryProvider()).accepted == 1
    assert aside is not None
    with Store.for_file(aside) as store, pytest.raises(InputError, match="is a copy"):
        Mailroom(store).plan()


def test_a_copy_restored_elsewhere_is_at_home_there(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "register.sqlite3"

    backups.restore(f"sqlite:///{target}", copy, now=NOW)

    with Store.for_file(target) as store:
        other = Mailroom(store)
        other.add("uusi@example.com")
        assert other.send(MemoryProvider()).accepted == 1


def test_a_database_that_never_mailed_may_be_copied(room: Mailroom, tmp_path: Path) -> None:
    room.add(*people(2))
    room.store.fold_log()
    shutil.copy(tmp_path / "register.sqlite3", tmp_path / "copy.sqlite3")

    with Store.for_file(tmp_path / "copy.sqlite3") as store:
        assert Mailroom(store).send(MemoryProvider()).accepted == 2
