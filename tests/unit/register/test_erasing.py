import contextlib
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from newsletter import mailing, register
from newsletter.errors import InputError
from newsletter.mailing import Accounts
from newsletter.providers import Batch, State
from newsletter.register import audit, erasing, suppressions
from newsletter.register.erasing import Erased
from newsletter.settings import Settings
from newsletter.store import Store
from newsletter.store import schema as s
from newsletter.testing import KEYS, NOW, make_settings, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import (
    Answer,
    IdempotentMemoryProvider,
    MemoryProvider,
)
from newsletter.testing.readers import rows
from tests.examples import some
from tests.unit.mailing.runs import Killed, PerRecipientProvider, kill, killed_before
from tests.unit.register import filled
from tests.unit.register.filled import AINO, KEY, NEW, fill

WITH_CREAMAILER = make_settings(creamailer={"lists": {"uutiskirje": "1"}})
OLD = "aino.old@example.com"


def erase(
    store: Store, who: str | int = AINO, *, given: Settings | None = None, dry_run: bool = False
) -> Erased:
    return erasing.erase(
        store,
        who,
        settings=given or make_settings(),
        by="hilja",
        now=NOW,
        keys=KEYS,
        dry_run=dry_run,
    )


def dump(file: Path) -> str:
    """Read every table and index, and every byte of the files, used or not."""
    with sqlite3.connect(file) as connection:
        text = "\n".join(connection.iterdump())
    connection.close()
    parts = [file, file.with_name(file.name + "-wal")]
    raw = "".join(part.read_bytes().decode("latin-1") for part in parts if part.exists())
    return (text + raw).lower()


@pytest.mark.sqlite(reason="is about its files")
def test_nothing_of_somebody_erased_is_left_in_the_file(store: Store, tmp_path: Path) -> None:
    fill(store)
    assert KEY in dump(tmp_path / "register.sqlite3")

    erase(store)

    left = dump(tmp_path / "register.sqlite3")
    for trace in (KEY, NEW, OLD, "marker", "first name", "last name", "delivery value"):
        assert trace not in left


@pytest.mark.sqlite(reason="is about its files")
def test_nothing_is_left_in_a_file_that_others_have_open(store: Store, tmp_path: Path) -> None:
    fill(store)
    with Store.for_file(tmp_path / "register.sqlite3") as server:
        rows(server)

        erase(store)

        assert KEY not in dump(tmp_path / "register.sqlite3")


def told(store: Store) -> str:
    """Give all that a PostgreSQL database says."""
    with store.read() as connection:
        return "".join(
            str(row).lower()
            for table in s.metadata.sorted_tables
            for row in connection.execute(select(table))
        )


def test_what_stays_is_a_keyed_hash_and_a_line_in_the_audit_log(store: Store) -> None:
    fill(store)

    erased = erase(store)

    assert erased.subscriber_id == filled.PERSON
    assert not erased.passing_on
    left = rows(store)
    assert [(row[1], row[2], row[4]) for row in left["suppressions"]] == [
        ("erased", "staff", None)
    ] * 2
    assert {row[0] for row in left["suppressions"]} == {
        suppressions.fingerprint(key, KEYS[0]) for key in (KEY, OLD)
    }
    assert [(row[2], row[3], row[4], row[5]) for row in left["audit"]] == [
        ("tool", "audit act", filled.PERSON, {"audit detail": 1}),
        ("hilja", "erased", filled.PERSON, {"reason": "erased"}),
    ]
    for table in ("subscribers", "subscriptions", "consents", "events", "requests", "replies"):
        assert left[table] == [], table


def test_the_ledger_keeps_its_rows_without_the_person(store: Store) -> None:
    fill(store)
    with store.begin() as connection:
        filled.insert_other(connection)
    before = rows(store)

    erase(store)

    left = rows(store)
    assert [row[:6] + row[6:] for row in left["deliveries"] if row[3] == filled.PERSON] == [
        (4711, 1, "kevatkirje", filled.PERSON, 3, "delivery list", "", {}),
        (4713, 2, "syyskirje", filled.PERSON, 0, "delivery list", "", {}),
    ]
    assert left["results"][0] == (4711, "refused", "", "", 0, filled.at(21), "")
    assert left["results"][1] == before["results"][1]
    reasons = [row[-1] for row in left["batches"]]
    assert reasons == ["", "batch reason: not …, not …"]
    for table in ("subscribers", "subscriptions", "consents"):
        theirs = [row for row in before[table] if filled.OTHER in row]
        assert left[table] == theirs
        assert theirs


def test_the_counts_say_what_was_erased_and_a_dry_run_says_the_same(store: Store) -> None:
    fill(store)
    before = rows(store)

    planned = erase(store, dry_run=True)

    assert rows(store) == before
    assert erase(store) == planned
    assert planned.rows == {
        "subscriptions": 1, "consents": 1, "results": 1, "deliveries": 2, "events": 1,
        "told": 1, "requests": 2, "replies": 1, "sync_rows": 1, "subscribers": 1,
    }  # fmt: skip


def test_erasing_somebody_again_changes_nothing(store: Store) -> None:
    fill(store)
    erase(store)
    before = rows(store)

    again = erase(store)

    assert (again.subscriber_id, set(again.rows.values()), again.passing_on) == (None, {0}, False)
    assert rows(store) == before


def test_an_address_that_only_asked_to_subscribe_is_erased(store: Store) -> None:
    fill(store)

    erased = erase(store, NEW.upper())

    assert erased.subscriber_id is None
    assert erased.rows["requests"] == 1
    with store.read() as connection:
        assert suppressions.among(connection, [NEW], keys=KEYS, now=NOW) == {NEW: "erased"}
        asked = connection.scalars(select(s.requests.c.address)).all()
        assert asked == [AINO]


def test_an_address_that_nobody_knows_is_told(store: Store) -> None:
    before = rows(store)

    with pytest.raises(InputError, match="nobody in the register"):
        erase(store)
    with pytest.raises(InputError, match="no subscriber 99"):
        erase(store, 99)

    assert rows(store) == before


def test_a_suppression_that_runs_out_becomes_one_that_does_not(store: Store) -> None:
    register.suppress(store, AINO, reason="asked", now=NOW, keys=KEYS, expires_at=filled.at(1))
    room = Mailroom(store)
    with store.begin() as connection:
        suppressions.lift(connection, KEY, keys=KEYS)
    room.add(AINO)
    register.suppress(store, AINO, reason="asked", now=NOW, keys=KEYS, expires_at=filled.at(1))

    erase(store)

    with store.read() as connection:
        later = filled.at(1000)
        assert suppressions.among(connection, [KEY], keys=KEYS, now=later) == {KEY: "erased"}


def test_an_earlier_address_that_is_somebody_elses_by_now_stays_theirs(store: Store) -> None:
    fill(store)
    room = Mailroom(store)
    room.add(OLD)

    erase(store)

    with store.read() as connection:
        assert suppressions.among(connection, [OLD], keys=KEYS, now=NOW) == {}
        assert connection.scalars(select(s.subscribers.c.address)).all() == [OLD]


def test_who_was_erased_is_not_put_back_but_can_come_back_by_themselves(store: Store) -> None:
    room = Mailroom(store)
    room.add(AINO)
    erase(store)

    with pytest.raises(InputError, match="suppressed"):
        room.add(AINO)

    with store.begin() as connection:
        assert suppressions.lift(connection, KEY, keys=KEYS)
    room.add(AINO)
    with store.read() as connection:
        numbers = connection.scalars(select(s.deliveries.c.subscriber_id)).all()
    assert room.people[AINO] not in numbers


def test_a_fault_half_way_erases_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)
    before = rows(store)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk went away")

    monkeypatch.setattr(audit, "note_each", broken)
    with pytest.raises(RuntimeError):
        erase(store)

    assert rows(store) == before


# Services beside us ---------------------------------------------------------------------------


def test_an_address_waits_until_creamailer_has_been_told(store: Store, tmp_path: Path) -> None:
    room = Mailroom(store)
    room.add(AINO)

    erased = erase(store, given=WITH_CREAMAILER)

    assert erased.passing_on
    with store.begin() as connection:
        (waiting,) = erasing.pending_elsewhere(connection)
        assert (waiting.address, waiting.reason, waiting.erased_at) == (AINO, "erased", NOW)
        assert erasing.passed_on(connection, [waiting.address_key]) == 1
        assert erasing.pending_elsewhere(connection) == ()
    store.fold_log()
    if store.dialect == "sqlite":
        assert KEY not in dump(tmp_path / "register.sqlite3")


def test_erasing_twice_keeps_an_address_waiting_once(store: Store) -> None:
    room = Mailroom(store)
    for _ in range(2):
        with store.begin() as connection:
            suppressions.lift(connection, KEY, keys=KEYS)
        room.add(AINO)
        erase(store, given=WITH_CREAMAILER)

    with store.read() as connection:
        assert len(erasing.pending_elsewhere(connection)) == 1


def test_whoever_has_come_back_is_not_told_of(store: Store) -> None:
    room = Mailroom(store)
    room.add(AINO)
    erase(store, given=WITH_CREAMAILER)
    with store.begin() as connection:
        suppressions.lift(connection, KEY, keys=KEYS)

    room.add(AINO)

    with store.read() as connection:
        assert erasing.pending_elsewhere(connection) == ()


# Mailings under way ---------------------------------------------------------------------------


def test_a_planned_delivery_of_somebody_erased_is_excluded_as_removed(store: Store) -> None:
    room = Mailroom(store)
    room.add(AINO, "eero@example.com")
    number = room.planned(batch_size=1)
    provider = MemoryProvider()

    erase(store)

    assert mailing.accounts(store, number).planned == 2
    assert room.dispatch(number, provider) == Accounts(2, 1, 0, 0, 1, 0, 0)
    assert provider.addresses == ["eero@example.com"]
    assert [(item.address, item.reason) for item in mailing.people(store, number, "excluded")] == [
        ("", "removed")
    ]


def test_whoever_is_erased_during_a_call_leaves_nothing_in_its_answer(store: Store) -> None:
    room = Mailroom(store)
    room.add(AINO, "eero@example.com")
    provider = MemoryProvider()
    provider.answer(AINO, State.REFUSED, f"550 no {AINO} here")

    def meanwhile(_: Batch) -> None:
        erase(store)

    provider.during(meanwhile)

    accounts = room.dispatch(room.planned(), provider)

    assert accounts == Accounts(2, 0, 1, 0, 1, 0, 0)
    with store.read() as connection:
        told = connection.execute(select(s.results.c.reason, s.results.c.provider_id)).all()
    assert sorted(tuple(row) for row in told) == [("", ""), ("", "memory-1")]


@pytest.mark.parametrize(
    ("make", "after"),
    [
        (MemoryProvider, Accounts(3, 0, 0, 3, 0, 0, 0)),
        # One key for the batch: without her the bytes are others, so that nobody is asked again.
        (IdempotentMemoryProvider, Accounts(3, 0, 0, 3, 0, 0, 0)),
        # One key each: the others are handed over again, she stays in doubt.
        (PerRecipientProvider, Accounts(3, 0, 0, 1, 2, 0, 0)),
    ],
)
def test_a_batch_in_doubt_is_never_repeated_with_somebody_erased(
    store: Store, make: type[MemoryProvider], after: Accounts
) -> None:
    room = Mailroom(store)
    room.add(AINO, "eero@example.com", "siiri@example.com")
    provider = make()
    number = room.planned()
    kill(room, number, provider)

    erase(store)
    calls = len(provider.batches)

    assert room.dispatch(number, provider) == after
    assert "" not in provider.addresses
    for batch in provider.batches[calls:]:
        assert {to.address for to in batch.recipients} == {"eero@example.com", "siiri@example.com"}
    assert mailing.mailings(store)[0].accounts == after


def test_a_batch_in_doubt_is_repeated_as_it_was_when_her_answer_is_known(store: Store) -> None:
    room = Mailroom(store)
    room.add(AINO, "eero@example.com")
    provider = PerRecipientProvider(size=1)
    provider.then(Answer.TAKEN, Answer.LOST)
    number = room.planned()
    room.dispatch(number, provider)

    erase(store)

    assert room.dispatch(number, provider).accepted == 2


def test_the_history_of_an_issue_is_still_told(store: Store) -> None:
    room = Mailroom(store)
    room.add(AINO, "eero@example.com")
    number = room.planned()
    room.dispatch(number, MemoryProvider())

    erase(store)

    assert mailing.accounts(store, number) == Accounts(2, 0, 0, 0, 2, 0, 0)
    assert room.plan() is None  # eero has it, and nobody else is there


def _run_and_die(room: Mailroom, number: int, provider: MemoryProvider) -> None:
    provider.during(killed_before)
    with contextlib.suppress(Killed):
        room.dispatch(number, provider)
    provider.during(lambda _: None)


STEPS = st.sampled_from(["plan", "send", "lose", "kill", "erase aino", "erase eero", "leave"])


@pytest.mark.slow
@settings(max_examples=some(20))
@given(steps=st.lists(STEPS, min_size=2, max_size=7), one_key=st.booleans())
def test_accounts_balance_and_nobody_erased_is_mailed(steps: Sequence[str], one_key: bool) -> None:
    with TemporaryDirectory() as folder, ExitStack() as opened:
        store = opened.enter_context(stores.fresh(Path(folder)))
        room = Mailroom(store)
        people = {"aino": AINO, "eero": "eero@example.com", "siiri": "siiri@example.com"}
        room.add(*people.values())
        provider = IdempotentMemoryProvider() if one_key else PerRecipientProvider()
        number = room.planned(batch_size=2)
        gone: set[str] = set()
        for step in steps:
            before = len(provider.taken)
            if step == "plan":
                room.plan()
            elif step == "lose":
                provider.then(Answer.LOST, Answer.NOT_TAKEN)
            elif step == "send":
                room.dispatch(number, provider)
            elif step == "kill":
                _run_and_die(room, number, provider)
            elif step == "leave":
                room.leave("siiri@example.com")
                gone.add("siiri@example.com")
            else:
                erase(store, people[step.split()[1]])
                gone.add(people[step.split()[1]])
            assert not gone & {mail.address for mail in provider.taken[before:]}
            for summary in mailing.mailings(store):
                assert summary.accounts.balance() == 0
        assert max(provider.addresses.count(address) for address in people.values()) <= 1
        left = told(store) if store.dialect == "postgresql" else ""
        opened.close()
        left = left or dump(Path(folder) / "register.sqlite3")
    for address in gone - {"siiri@example.com"}:
        assert address.lower() not in left
