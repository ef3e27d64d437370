"""Asking by a form, and what the mail that follows may say."""

from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, insert, select, update

from newsletter import register
from newsletter.register import requests, suppressions
from newsletter.register.subscriptions import Act, Pause, Proof, State, move
from newsletter.register.tokens import Tokens
from newsletter.store import Store, schema
from newsletter.testing import KEYS, NOW, stores
from newsletter.testing.readers import rows
from tests.examples import some
from tests.unit.register.asking import (
    AINO,
    SETTINGS,
    TOKENS,
    ask,
    ask_change,
    ask_link,
    confirm,
    mails,
    person,
    renew,
    statements,
    token,
)
from tests.unit.register.conftest import Adds, Counts

DAY = timedelta(days=1)
PROOF = Proof(method="page", source="test", by="subscriber", now=NOW, basis="consent")


def put(store: Store, add: Adds, standing: str) -> None:
    """Bring Aino's subscription of the list uutiskirje into a state."""
    if standing == "unknown":
        return
    number = add(AINO)
    with store.begin() as connection:
        if standing == "pending":
            connection.execute(update(schema.subscriptions).values(state=State.PENDING))
        elif standing == "left":
            move(connection, number, "uutiskirje", Act.LEAVE, PROOF)
        elif standing == "paused":
            pause = Pause(NOW + DAY, "asked")
            move(connection, number, "uutiskirje", Act.PAUSE, PROOF, pause=pause)
    if standing == "suppressed":
        register.suppress(store, AINO, reason="complaint", now=NOW, keys=KEYS)


STANDINGS = {
    "unknown": "confirm",
    "pending": "confirm",
    "active": "already",
    "paused": "confirm",
    "left": "confirm",
    "suppressed": "confirm",
}


@pytest.mark.parametrize(("standing", "kind"), STANDINGS.items())
def test_who_is_mailed_already_is_told_so_and_everybody_else_is_asked(
    store: Store, add: Adds, standing: str, kind: str
) -> None:
    put(store, add, standing)

    assert ask(store) == kind
    [mail] = mails(store)
    assert (mail["kind"], mail["address"], mail["language"]) == (kind, AINO, "sv")
    assert mail["lists"] == ["uutiskirje"]


def test_asking_does_the_same_work_whoever_it_is_about() -> None:
    work = {}
    for standing in STANDINGS:
        with stores.fresh() as store:
            put(store, adding(store), standing)
            with statements(store) as found:
                ask(store)
            work[standing] = found

    assert len({tuple(found) for found in work.values()}) == 1, work
    assert sum(statement.startswith("INSERT") for statement in work["unknown"]) == 2


def adding(store: Store) -> Adds:
    def add(address: str, **_: object) -> int:
        return register.add(
            store,
            register.Entry(address, "fi"),
            lists=["uutiskirje"],
            basis="consent",
            source="form",
            method="staff",
            by="hilja",
            now=NOW,
            keys=KEYS,
        ).subscriber_id

    return add


def test_asking_puts_nobody_in_and_leaves_those_who_are_in_as_they_are(
    store: Store, add: Adds
) -> None:
    add("eero@example.com")
    before = rows(store)

    ask(store, address="EERO@example.com", values={"first_name": "Eero"})
    ask(store)

    after = rows(store)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"requests", "replies"}


def test_a_suppressed_address_is_asked_even_where_a_subscription_was_left_standing(
    store: Store, add: Adds
) -> None:
    add(AINO)
    with store.begin() as connection:
        connection.execute(
            insert(schema.suppressions).values(
                address_hash=suppressions.fingerprint(AINO, KEYS[0]), reason="x", created_at=NOW
            )
        )

    assert ask(store) == "confirm"


def test_a_pause_that_is_over_counts_as_being_mailed(store: Store, add: Adds) -> None:
    put(store, add, "paused")

    assert ask(store, now=NOW + 2 * DAY) == "already"


def test_who_gets_only_some_of_the_lists_is_asked(store: Store, add: Adds) -> None:
    add(AINO)

    assert ask(store, lists=("uutiskirje", "tiedote")) == "confirm"


def test_the_database_alone_cannot_make_a_token(store: Store) -> None:
    ask(store)
    made = token(store)

    assert made not in repr(rows(store))
    assert len(made) >= 43  # 256 bits
    assert Tokens(["another-key-0123456789abcdef01234567"]).request_with(*secret(store)) is None


def secret(store: Store) -> tuple[str, str]:
    with store.read() as connection:
        row = connection.execute(
            select(schema.requests.c.nonce, schema.requests.c.token_hash)
        ).one()
    return row.nonce, row.token_hash


def test_looking_at_a_link_changes_nothing_however_often(store: Store) -> None:
    ask(store)
    before, link = rows(store), token(store)

    with store.read() as connection:
        found = [requests.find(connection, link) for _ in range(100)]

    assert rows(store) == before
    assert found[0] is not None
    assert found[0].is_open(NOW)
    assert set(found) == {found[0]}
    assert (found[0].kind, found[0].address, found[0].lists) == ("subscribe", AINO, ("uutiskirje",))


def test_a_link_is_open_for_seven_days(store: Store) -> None:
    ask(store)

    with store.read() as connection:
        found = requests.find(connection, token(store))

    assert found is not None
    assert found.is_open(NOW + 7 * DAY - timedelta(seconds=1))
    assert not found.is_open(NOW + 7 * DAY)


@given(forged=st.text(max_size=60) | st.text(alphabet="ab-_", min_size=500, max_size=600))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=some(50))
def test_a_token_that_is_not_ours_is_nobodys(store: Store, forged: str) -> None:
    with store.read() as connection:
        assert requests.find(connection, forged) is None


@given(place=st.integers(0, 42), letter=st.sampled_from("abcXYZ019-_"))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=some(50))
def test_a_token_with_one_other_letter_confirms_nothing(
    store: Store, place: int, letter: str
) -> None:
    if not mails(store):
        ask(store)
    good, before = token(store), rows(store)
    forged = good[:place] + letter + good[place + 1 :]

    if forged != good:
        assert confirm(store, forged) is None
    assert rows(store) == before


# A new address ------------------------------------------------------------------------------------


def test_the_mail_for_a_new_address_goes_there_and_changes_nothing_yet(
    store: Store, add: Adds
) -> None:
    aino = add(AINO)

    ask_change(store, aino, " uusi@EXAMPLE.com ")

    [mail] = mails(store)
    assert (mail["kind"], mail["address"], mail["language"]) == (
        "address",
        "uusi@example.com",
        "fi",
    )
    assert mail["subscriber_id"] == aino
    assert person(store) is not None
    assert person(store, "uusi@example.com") is None


def test_asking_for_a_new_address_does_the_same_work_when_it_is_somebody_elses(
    store: Store, add: Adds
) -> None:
    aino = add(AINO)
    add("eero@example.com")

    with statements(store) as free:
        ask_change(store, aino, "uusi@example.com")
    with statements(store) as taken:
        ask_change(store, aino, "eero@example.com")

    assert free == taken
    assert [mail["address"] for mail in mails(store)] == ["uusi@example.com", "eero@example.com"]


def test_a_suppressed_address_gets_no_mail_about_a_change(store: Store, add: Adds) -> None:
    aino = add(AINO)
    register.suppress(store, "uusi@example.com", reason="complaint", now=NOW, keys=KEYS)

    ask_change(store, aino, "uusi@example.com")

    assert mails(store) == []


def test_the_address_that_is_there_already_needs_no_mail(store: Store, add: Adds) -> None:
    ask_change(store, add(AINO), AINO)
    ask_change(store, 99, "uusi@example.com")

    assert mails(store) == []


def test_a_wrong_address_changes_nothing(store: Store, add: Adds, count_rows: Counts) -> None:
    with pytest.raises(register.addresses.AddressError):
        ask_change(store, add(AINO), "uusi")

    assert count_rows(schema.requests) == 0


# Fresh links to one's own data --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["export", "erase"])
def test_a_link_to_ones_data_goes_to_ones_own_address(
    store: Store, add: Adds, kind: Literal["export", "erase"]
) -> None:
    aino = add(AINO)

    ask_link(store, aino, kind)
    ask_link(store, 99, kind)

    [mail] = mails(store)
    assert (mail["kind"], mail["address"], mail["subscriber_id"]) == (kind, AINO, aino)


# An expired link ----------------------------------------------------------------------------------


def test_an_expired_link_is_renewed_by_a_new_mail_to_the_same_address(store: Store) -> None:
    ask(store, values={"first_name": "Aino"})
    later = NOW + 8 * DAY

    assert renew(store, token(store), now=later)

    assert [mail["kind"] for mail in mails(store)] == ["confirm", "confirm"]
    assert {mail["address"] for mail in mails(store)} == {AINO}
    old = confirm(store, token(store, 0), now=later)
    new = confirm(store, token(store, 1), now=later)
    assert old is not None
    assert new is not None
    assert (old.used_at, new.used_at) == (None, later)
    aino = person(store)
    assert aino is not None
    assert aino.first_name == "Aino"


def test_a_link_that_is_good_used_or_unknown_is_not_renewed(
    store: Store, count_rows: Counts
) -> None:
    ask(store)
    good = renew(store, token(store), now=NOW + DAY)
    confirm(store, token(store))
    used = renew(store, token(store), now=NOW + 8 * DAY)
    unknown = renew(store, "x" * 43, now=NOW)

    assert (good, used, unknown) == (False, False, False)
    assert count_rows(schema.requests) == 1


def test_renewing_keeps_to_the_limits_and_leaves_no_trace_beyond_them(
    store: Store, count_rows: Counts
) -> None:
    ask(store)
    later = NOW + 8 * DAY

    renewed = [renew(store, token(store, 0), now=later) for _ in range(3)]

    assert renewed == [True, False, False]
    assert count_rows(schema.requests) == 2


def test_a_link_to_ones_data_is_not_renewed_to_an_address_that_one_has_no_more(
    store: Store, add: Adds
) -> None:
    aino = add(AINO)
    ask_link(store, aino, "export")
    ask_change(store, aino, "uusi@example.com")
    confirm(store, token(store))

    assert not renew(store, token(store, 0), now=NOW + 8 * DAY)


@pytest.mark.parametrize("table", [schema.subscribers, schema.subscriptions, schema.consents])
def test_nothing_but_confirming_writes_into_the_register(
    store: Store, count_rows: Counts, table: Table
) -> None:
    ask(store)
    renew(store, token(store), now=NOW + 8 * DAY)
    with store.read() as connection:
        requests.find(connection, token(store))

    assert count_rows(table) == 0


def test_settings_say_how_long_a_link_works(store: Store) -> None:
    short = SETTINGS.model_copy(
        update={"subscribe": SETTINGS.subscribe.model_copy(update={"confirm_days": 1})}
    )

    ask(store, settings=short)

    with store.read() as connection:
        found = requests.find(connection, token(store, tokens=TOKENS))
    assert found is not None
    assert found.expires_at == NOW + DAY
