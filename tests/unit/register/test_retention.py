from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, insert, select, update

from newsletter import mailing, register
from newsletter.register import erasing, retention, suppressions
from newsletter.register.retention import Swept, months_before
from newsletter.register.subscriptions import Proof, State, join
from newsletter.store import Store
from newsletter.store import schema as s
from newsletter.testing import KEYS, NOW, make_settings, stores
from newsletter.testing.mailroom import Mailroom
from newsletter.testing.providers import MemoryProvider
from newsletter.testing.readers import rows
from tests.examples import some
from tests.unit.register.conftest import Adds, Counts

SETTINGS = make_settings(
    lists=[{"id": name, "name": name} for name in ("uutiskirje", "tapahtumat")]
)
WITH_CREAMAILER = make_settings(creamailer={"lists": {"uutiskirje": "1"}})
DAY = timedelta(days=1)
YEAR = timedelta(days=366)


def sweep(store: Store, *, now: datetime = NOW, dry_run: bool = False, given: Any = None) -> Swept:  # noqa: ANN401 - settings
    return retention.run(
        store, settings=given or SETTINGS, keys=KEYS, by="cron", now=now, dry_run=dry_run
    )


def due(swept: Swept) -> dict[str, int]:
    return {title: number for title, number in swept.rows.items() if number}


def put(store: Store, table: Table, **values: Any) -> int:  # noqa: ANN401 - column values
    with store.begin() as connection:
        key = connection.execute(insert(table).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0]) if isinstance(key[0], int) else 0


def request(store: Store, address: str, *, expires_at: datetime, **values: Any) -> int:  # noqa: ANN401 - same
    given = {
        "kind": "subscribe", "nonce": address, "token_hash": f"{address}{expires_at}",
        "address": address, "address_key": address, "language": "fi", "lists": ["uutiskirje"],
        "values": {}, "method": "page", "asked_at": NOW - YEAR,
    }  # fmt: skip
    return put(store, s.requests, expires_at=expires_at, **(given | values))


def pend(store: Store, address: str, *, since: datetime, list_id: str = "uutiskirje") -> int:
    """Put somebody in as staff does who asks for their word first."""
    with store.begin() as connection:
        proof = Proof(method="staff", source="fair", by="hilja", now=since, basis="consent")
        subscriber_id, *_ = register.people.enter(
            connection, register.Entry(address, "fi"), address, proof
        )
        join(connection, subscriber_id, list_id, State.PENDING, proof)
    return subscriber_id


def leave(store: Store, subscriber_id: int, *, at: datetime, list_id: str = "uutiskirje") -> None:
    register.leave(
        store, subscriber_id=subscriber_id, list_id=list_id, method="page", source="",
        by="subscriber", now=at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "months", "then"),
    [
        ("2026-03-31", 1, "2026-02-28"),
        ("2026-03-02", 12, "2025-03-02"),
        ("2024-02-29", 12, "2023-02-28"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-12-31", 240, "2006-12-31"),
    ],
)
def test_months_go_back_by_the_calendar(now: str, months: int, then: str) -> None:
    assert months_before(datetime.fromisoformat(now), months) == datetime.fromisoformat(then)


def test_an_expired_link_can_be_renewed_for_some_days_and_then_goes(
    store: Store, count_rows: Counts
) -> None:
    request(store, "a@example.com", expires_at=NOW - 30 * DAY)
    request(store, "b@example.com", expires_at=NOW, used_at=NOW - DAY)
    request(store, "c@example.com", expires_at=NOW - 30 * DAY + timedelta(seconds=1))
    request(store, "d@example.com", expires_at=NOW + timedelta(seconds=1))

    assert due(sweep(store)) == {"links that have expired": 2}
    assert count_rows(s.requests) == 2
    at_once = make_settings(retention={"expired_days": 0})
    assert due(sweep(store, given=at_once)) == {"links that have expired": 1}


def test_whoever_never_confirmed_goes_without_a_trace(store: Store) -> None:
    number = pend(store, "aino@example.com", since=NOW - 7 * DAY)
    request(store, "aino@example.com", expires_at=NOW, subscriber_id=number)
    put(
        store, s.told, source="x", source_id="1", subscriber_id=number, kind="other", name="sent",
        raw="aino@example.com", happened_at=NOW, taken_at=NOW,
    )  # fmt: skip

    assert due(sweep(store)) == {
        "subscriptions that nobody confirmed": 1,
        "people who never confirmed": 1,
    }
    left = rows(store)
    assert left["subscribers"] == left["subscriptions"] == left["suppressions"] == []
    assert left["told"] == []


def test_a_subscription_waits_as_long_as_its_link_works(store: Store, count_rows: Counts) -> None:
    pend(store, "aino@example.com", since=NOW - 30 * DAY)
    request(store, "aino@example.com", expires_at=NOW + DAY)
    pend(store, "eero@example.com", since=NOW - 6 * DAY)

    assert due(sweep(store)) == {}
    assert count_rows(s.subscribers) == 2


def test_whoever_is_on_another_list_loses_only_what_waited(store: Store, add: Adds) -> None:
    number = add("aino@example.com", lists=("tapahtumat",), now=NOW - YEAR)
    with store.begin() as connection:
        proof = Proof(method="staff", source="", by="hilja", now=NOW - YEAR)
        join(connection, number, "uutiskirje", State.PENDING, proof)

    assert due(sweep(store)) == {"subscriptions that nobody confirmed": 1}
    assert [row[1:3] for row in rows(store)["subscriptions"]] == [("tapahtumat", "active")]


@pytest.mark.parametrize(
    ("table", "title", "old", "values"),
    [
        (s.attempts, "counts of forms sent in", DAY, {"network": "n"}),
        (
            s.replies, "mails of the service", 90 * DAY,
            {"kind": "confirm", "address": "a@example.com", "address_key": "a@example.com",
             "language": "fi", "lists": []},
        ),
        (
            s.events, "what providers told", timedelta(days=365),
            {"subscriber_id": 1, "kind": "delivered", "source": "x", "happened_at": NOW},
        ),
        (
            s.told, "their own words for it", 30 * DAY,
            {"source": "x", "kind": "other", "name": "sent", "raw": "{}", "happened_at": NOW},
        ),
        (
            s.audit, "lines of the audit log", timedelta(days=5 * 365 + 1),
            {"actor": "hilja", "act": "looked up", "detail": {}},
        ),
        (s.sync_calls, "counts of calls of a sync", DAY, {"account": "a"}),
    ],
)  # fmt: skip
def test_what_is_older_than_set_goes_to_the_second(
    store: Store, table: Table, title: str, old: timedelta, values: dict[str, Any]
) -> None:
    column = {"attempts": "made_at", "replies": "queued_at", "events": "recorded_at",
              "told": "taken_at", "audit": "at", "sync_calls": "called_at"}[table.name]  # fmt: skip
    for seconds in (0, 1):
        own = {"source_id": str(seconds)} if table in (s.events, s.told) else {}
        moment = NOW - old + timedelta(seconds=seconds)
        put(store, table, **values, **own, **{column: moment})

    assert due(sweep(store)) == {title: 1}
    assert due(sweep(store)) == {}


def test_a_suppression_goes_when_it_has_run_out(store: Store) -> None:
    for address, ends in (("a@example.com", NOW), ("b@example.com", NOW + DAY)):
        register.suppress(store, address, reason="asked", now=NOW - DAY, keys=KEYS, expires_at=ends)
    register.suppress(store, "c@example.com", reason="complained", now=NOW - 9 * YEAR, keys=KEYS)

    assert due(sweep(store)) == {"suppressions that ran out": 1}


def test_whoever_left_everything_long_ago_is_erased_and_stays_away(store: Store, add: Adds) -> None:
    add("aino@example.com", now=NOW - 3 * YEAR)
    register.remove(store, "aino@example.com", by="hilja", now=NOW - 2 * YEAR)

    assert due(sweep(store)) == {"people who left all lists": 1}
    left = rows(store)
    assert left["subscribers"] == left["consents"] == []
    with store.read() as connection:
        assert suppressions.among(connection, ["aino@example.com"], keys=KEYS, now=NOW) == {
            "aino@example.com": "left"
        }


def test_why_an_address_is_suppressed_is_kept_when_its_owner_is_erased(
    store: Store, add: Adds
) -> None:
    add("aino@example.com", now=NOW - 3 * YEAR)
    register.suppress(store, "aino@example.com", reason="complained", now=NOW - 2 * YEAR, keys=KEYS)

    assert due(sweep(store)) == {"people who left all lists": 1}
    assert [row[1] for row in rows(store)["suppressions"]] == ["complained"]


def test_a_suppression_that_would_run_out_does_not_when_its_owner_is_erased(
    store: Store, add: Adds
) -> None:
    add("aino@example.com", now=NOW - 4 * YEAR)
    register.suppress(
        store, "aino@example.com", reason="asked", now=NOW - 3 * YEAR, keys=KEYS,
        expires_at=NOW + DAY,
    )  # fmt: skip

    assert due(sweep(store)) == {"people who left all lists": 1}
    assert [(row[1], row[4]) for row in rows(store)["suppressions"]] == [("left", None)]


def test_whoever_once_agreed_is_no_stranger(store: Store, add: Adds) -> None:
    add("aino@example.com", now=NOW - 4 * YEAR)
    with store.begin() as connection:
        connection.execute(delete(s.subscriptions))

    assert due(sweep(store, dry_run=True)) == due(sweep(store)) == {}


def test_whoever_is_on_a_list_left_lately_or_is_asking_stays(store: Store, add: Adds) -> None:
    on = add("on@example.com", lists=("uutiskirje", "tapahtumat"), now=NOW - 4 * YEAR)
    leave(store, on, at=NOW - 3 * YEAR)
    lately = add("lately@example.com", lists=("uutiskirje", "tapahtumat"), now=NOW - 4 * YEAR)
    leave(store, lately, at=NOW - 3 * YEAR)
    leave(store, lately, at=NOW - YEAR, list_id="tapahtumat")
    asking = add("asking@example.com", now=NOW - 4 * YEAR)
    leave(store, asking, at=NOW - 3 * YEAR)
    request(store, "asking@example.com", expires_at=NOW + DAY)

    assert due(sweep(store)) == {}


def test_a_subscription_that_waits_keeps_nobody_who_has_left(store: Store, add: Adds) -> None:
    number = add("aino@example.com", now=NOW - 4 * YEAR)
    leave(store, number, at=NOW - 3 * YEAR)
    with store.begin() as connection:
        proof = Proof(method="staff", source="", by="hilja", now=NOW - YEAR)
        join(connection, number, "tapahtumat", State.PENDING, proof)
    expected = {"subscriptions that nobody confirmed": 1, "people who left all lists": 1}

    assert due(sweep(store, dry_run=True)) == expected
    assert due(sweep(store)) == expected


def test_a_sync_given_up_goes_and_one_under_way_stays(store: Store) -> None:
    for account, days in (("old", 8), ("new", 6)):
        put(
            store, s.sync_marks, account=account, name="pull", value={},
            changed_at=NOW - days * DAY,
        )  # fmt: skip
    put(store, s.sync_marks, account="old", name="rest", value={}, changed_at=NOW - YEAR)
    for account in ("old", "new", "without a mark"):
        put(
            store, s.sync_rows, account=account, list_id="uutiskirje", address_key="a@example.com",
            address="a@example.com", status="active", values={},
        )  # fmt: skip
    expected = {"syncs given up": 1, "what a sync given up had read": 2}

    assert due(sweep(store, dry_run=True, given=WITH_CREAMAILER)) == expected
    assert due(sweep(store, given=WITH_CREAMAILER)) == expected
    assert [row[0] for row in rows(store)["sync_rows"]] == ["new"]


def test_without_creamailer_nothing_of_it_stays(store: Store) -> None:
    put(store, s.sync_marks, account="a", name="pull", value={}, changed_at=NOW)
    put(
        store, s.farewells, service="creamailer", address_key="a@example.com",
        address="a@example.com", reason="erased", erased_at=NOW,
    )  # fmt: skip

    assert due(sweep(store)) == {
        "syncs given up": 1, "erased addresses that no service is told of": 1,
    }  # fmt: skip


def test_an_address_that_waits_too_long_to_be_passed_on_is_told_of(store: Store, add: Adds) -> None:
    add("aino@example.com")
    erasing.erase(
        store, "aino@example.com", settings=WITH_CREAMAILER, by="hilja", now=NOW, keys=KEYS
    )

    soon = sweep(store, now=NOW + 20 * DAY, given=WITH_CREAMAILER)
    late = sweep(store, now=NOW + 40 * DAY, given=WITH_CREAMAILER, dry_run=True)

    assert (soon.waiting_elsewhere, late.waiting_elsewhere) == (0, 1)
    assert len(rows(store)["farewells"]) == 1


def test_a_run_leaves_one_line_with_what_it_deleted(store: Store) -> None:
    request(store, "a@example.com", expires_at=NOW)

    swept = sweep(store)

    with store.read() as connection:
        line = connection.execute(select(s.audit)).one()
    assert (line.actor, line.act, line.subscriber_id) == ("cron", "retention", None)
    assert line.detail == {"deleted": dict(swept.rows)}


def test_a_dry_run_changes_nothing(store: Store) -> None:
    request(store, "a@example.com", expires_at=NOW - 30 * DAY)
    before = rows(store)

    assert sweep(store, dry_run=True).rows["links that have expired"] == 1
    assert rows(store) == before


def test_many_rows_go_in_slices_between_which_others_may_write(
    store: Store, add: Adds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PEOPLE", 2)
    numbers = [add(f"p{number}@example.com", now=NOW - 4 * YEAR) for number in range(5)]
    for number in numbers:
        leave(store, number, at=NOW - 3 * YEAR)
    back = numbers[3]
    wiped: list[int] = []
    wipe = erasing.wipe

    def meanwhile(connection: Any, people: Any, *words: Any, **more: Any) -> None:  # noqa: ANN401 - as it is
        wiped.append(len(people))
        wipe(connection, people, *words, **more)

    take = retention._Due._take

    def between(self: Any, rule: Any, found: Any) -> int:  # noqa: ANN401 - as it is
        if (back,) in found:  # they have come back after they were chosen
            with store.begin() as connection:
                connection.execute(
                    update(s.subscriptions)
                    .where(s.subscriptions.c.subscriber_id == back)
                    .values(state="active")
                )
        return take(self, rule, found)

    monkeypatch.setattr(erasing, "wipe", meanwhile)
    monkeypatch.setattr(retention._Due, "_take", between)

    assert due(sweep(store)) == {"people who left all lists": 4}
    assert wiped == [2, 1, 1]
    assert [row[0] for row in rows(store)["subscribers"]] == [back]


def test_mailings_balance_after_their_readers_are_gone(store: Store) -> None:
    room = Mailroom(store)
    room.add("aino@example.com", "eero@example.com")
    number = room.planned()
    room.dispatch(number, MemoryProvider())
    register.remove(store, "aino@example.com", by="hilja", now=NOW)

    sweep(store, now=NOW + 3 * YEAR)

    accounts = mailing.accounts(store, number)
    assert (accounts.accepted, accounts.balance()) == (2, 0)


AGES = st.integers(0, 1500).map(timedelta)
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["active", "left", "cleaned", "paused", "pending", ""]),
        st.sampled_from(["active", "left", "cleaned", "pending", ""]),
        AGES, AGES, st.booleans(), st.booleans(),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=some(30))
@given(people=PEOPLE, old=st.lists(AGES, max_size=5))
def test_a_dry_run_counts_what_a_run_deletes_and_a_second_run_finds_nothing(
    people: list[tuple[str, str, timedelta, timedelta, bool, bool]],
    old: list[timedelta],
) -> None:
    with stores.fresh() as store:
        for number, person in enumerate(people, 1):
            _put_person(store, number, *person)
        for number, age in enumerate(old):
            moment = NOW - age
            put(store, s.attempts, network="n", made_at=moment)
            put(store, s.audit, at=moment, actor="a", act="b", detail={}, subscriber_id=1)
            put(
                store, s.events, subscriber_id=1, kind="delivered", source="x",
                source_id=str(number), happened_at=moment, recorded_at=moment,
            )  # fmt: skip
            request(store, f"r{number}@example.com", expires_at=moment + 700 * DAY)

        planned = sweep(store, dry_run=True)
        done = sweep(store)
        again = sweep(store)

        assert done.rows == planned.rows
        assert due(again) == {}
        _check_who_is_left(store)


def _put_person(  # noqa: PLR0917 - as Hypothesis gives it
    store: Store,
    number: int,
    first: str,
    second: str,
    created: timedelta,
    changed: timedelta,
    agreed: bool,
    asking: bool,
) -> None:
    address = f"p{number}@example.com"
    put(
        store, s.subscribers, id=number, address=address, address_key=address, language="fi",
        fields={}, source="s", created_at=NOW - created, changed_at=NOW - created,
    )  # fmt: skip
    for list_id, state in (("uutiskirje", first), ("tapahtumat", second)):
        if state:
            put(
                store, s.subscriptions, subscriber_id=number, list_id=list_id, state=state,
                changed_at=NOW - changed,
            )  # fmt: skip
    if agreed:
        put(
            store, s.consents, subscriber_id=number, list_id="uutiskirje", act="given",
            basis="consent", method="page", source="", language="fi", recorded_by="subscriber",
            recorded_at=NOW - created,
        )  # fmt: skip
    if asking:
        request(store, address, expires_at=NOW + changed - 300 * DAY)


def _check_who_is_left(store: Store) -> None:
    """Nobody on a list was taken, and nobody without any word of theirs is kept for long."""
    left = rows(store)
    numbers = {row[0] for row in left["subscribers"]}
    assert {row[0] for row in left["subscriptions"]} <= numbers
    assert {row[1] for row in left["consents"]} <= numbers
    asking = {row[6] for row in left["requests"]}
    for row in left["subscribers"]:
        states = {item[2] for item in left["subscriptions"] if item[0] == row[0]}
        words = [item for item in left["consents"] if item[1] == row[0]]
        young = row[9] > NOW - 7 * DAY
        assert states or words or young or row[2] in asking
