from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, event

from newsletter import register
from newsletter.errors import InputError
from newsletter.register import Added, Entry
from newsletter.register.entries import EntryError
from newsletter.store import Store
from newsletter.store.schema import consents, subscribers
from newsletter.testing import KEYS, NOW, make_settings

Adds = Callable[..., int]
Counts = Callable[[Table], int]

TERMS: dict[str, Any] = {
    "lists": ["uutiskirje"],
    "basis": "consent",
    "source": "phone call",
    "method": "staff",
    "by": "hilja",
    "now": NOW,
    "keys": KEYS,
}
AINO = Entry(
    address="Aino@Example.com",
    language="fi",
    first_name="Aino",
    fields={"municipality": "Sysmä"},
)


def test_somebody_new_is_added_with_proof(store: Store) -> None:
    added = register.add(store, AINO, **TERMS)

    assert added == Added(added.subscriber_id, True, {"uutiskirje": "added"}, ())
    record = register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW)
    assert record.subscriber is not None
    assert record.subscriber.address == "Aino@example.com"
    assert record.subscriber.fields == {"municipality": "Sysmä"}
    assert (record.subscriber.source, record.subscriber.created_at) == ("phone call", NOW)
    assert [(s.list_id, s.state) for s in record.subscriptions] == [("uutiskirje", "active")]
    (consent,) = record.consents
    assert (consent.act, consent.basis, consent.method) == ("given", "consent", "staff")
    assert (consent.source, consent.recorded_by) == ("phone call", "hilja")


def test_adding_somebody_twice_changes_nothing(store: Store, count_rows: Counts) -> None:
    first = register.add(store, AINO, **TERMS)

    again = register.add(store, Entry("AINO@example.com", "fi"), **TERMS)

    assert again == Added(first.subscriber_id, False, {"uutiskirje": "active"}, ())
    assert (count_rows(subscribers), count_rows(consents)) == (1, 1)


def test_only_what_is_empty_is_filled_and_what_differs_is_told(store: Store) -> None:
    register.add(store, AINO, **TERMS)

    added = register.add(
        store,
        Entry("aino@example.com", "sv", "Anna", "Lehto", fields={"municipality": "Joutsa"}),
        **TERMS | {"now": NOW + timedelta(days=1)},
    )

    assert added.differing == ("first_name", "municipality", "language")
    subscriber = register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW).subscriber
    assert subscriber is not None
    assert (subscriber.first_name, subscriber.last_name) == ("Aino", "Lehto")
    assert (subscriber.language, subscriber.fields) == ("fi", {"municipality": "Sysmä"})
    assert subscriber.changed_at == NOW + timedelta(days=1)


def test_somebody_who_left_stays_away_unless_they_ask_again(
    store: Store, act: Mapping[str, Any]
) -> None:
    aino = register.add(store, AINO, **TERMS).subscriber_id
    register.leave(store, subscriber_id=aino, list_id="uutiskirje", now=NOW, **act)

    kept_out = register.add(store, AINO, **TERMS)
    back = register.add(store, AINO, **TERMS, again=True)

    assert kept_out.lists == {"uutiskirje": "left"}
    assert kept_out.sentence() == "has left uutiskirje and was not put back"
    assert back.lists == {"uutiskirje": "added"}
    last = register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW).consents[-1]
    assert (last.act, last.before, last.source) == ("given", "left", "phone call")


@pytest.mark.parametrize("again", [False, True])
def test_a_suppressed_address_is_refused_and_nothing_is_stored(
    store: Store, count_rows: Counts, again: bool
) -> None:
    register.suppress(store, "aino@example.com", reason="complained", now=NOW, keys=KEYS)

    with pytest.raises(InputError, match="must not be mailed"):
        register.add(store, AINO, **TERMS, again=again)

    assert count_rows(subscribers) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": " "}, "the source is missing"),
        ({"basis": ""}, "the basis is missing"),
        ({"basis": "because"}, "no basis named 'because'"),
        ({"lists": []}, "no list is named"),
        ({"lists": ["uutiskrije"], "settings": make_settings()}, "no list named 'uutiskrije'"),
    ],
)
def test_wrong_terms_are_refused_and_nothing_is_stored(
    store: Store, count_rows: Counts, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        register.add(store, AINO, **TERMS | changes)

    assert count_rows(subscribers) == 0


def test_with_settings_every_value_is_checked(store: Store, count_rows: Counts) -> None:
    entry = Entry("aino@example.com", "fi", fields={"municipality": "Sysma"})

    with pytest.raises(EntryError, match="unknown municipality 'Sysma'") as caught:
        register.add(store, entry, **TERMS, settings=make_settings())

    assert caught.value.hint == "did you mean 'Sysmä'?"
    assert count_rows(subscribers) == 0


def test_with_settings_values_are_written_in_their_one_form(store: Store) -> None:
    entry = Entry("aino@example.com", "", fields={"municipality": "SYSMÄ"})

    register.add(store, entry, **TERMS, settings=make_settings())

    subscriber = register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW).subscriber
    assert subscriber is not None
    assert (subscriber.language, subscriber.fields) == ("fi", {"municipality": "Sysmä"})


def test_what_adding_did_is_said_in_a_sentence() -> None:
    added = Added(
        1, False, {"a": "added", "b": "active", "c": "pending", "d": "cleaned"}, ("language",)
    )

    assert added.sentence() == (
        "added to a; already on b; stays pending on c; stays cleaned on d; "
        "kept what the register says of language"
    )


def test_removing_somebody_takes_them_off_every_list_with_proof(store: Store, add: Adds) -> None:
    add("aino@example.com", lists=("uutiskirje", "tapahtumat"))

    left = register.remove(store, "AINO@example.com", by="hilja", now=NOW)
    again = register.remove(store, "aino@example.com", by="hilja", now=NOW)

    assert (left, again) == (("tapahtumat", "uutiskirje"), ())
    record = register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW)
    assert {item.state for item in record.subscriptions} == {"left"}
    assert {(c.act, c.method, c.recorded_by) for c in record.consents[2:]} == {
        ("withdrawn", "command", "hilja")
    }


def test_removing_nobody_says_so(store: Store) -> None:
    with pytest.raises(InputError, match="nobody in the register has the address 'aino@ex"):
        register.remove(store, "aino@example.com", by="hilja", now=NOW)


@pytest.mark.parametrize("table", ["subscribers", "subscriptions"])
def test_whoever_is_added_twice_at_the_same_moment_is_there_once(
    store: Store, count_rows: Counts, table: str
) -> None:
    """As two servers on PostgreSQL may do it: the other one is faster after we have looked."""

    once = iter([None])

    def faster(_connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:  # noqa: ANN401
        if statement.startswith(f"INSERT INTO {table}") and next(once, "done") is None:
            cursor.connection.execute(statement.partition(" ON CONFLICT")[0], values)

    event.listen(store._engine, "before_cursor_execute", faster)

    added = register.add(store, AINO, **TERMS)

    assert added.new is (table != "subscribers")
    assert added.lists == {"uutiskirje": "added" if table == "subscribers" else "active"}
    assert count_rows(subscribers) == 1
    assert count_rows(consents) == (1 if table == "subscribers" else 0)  # the other one's, there
