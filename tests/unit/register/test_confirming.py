"""Pressing the button behind a mailed link: it takes effect, once, with the whole proof."""

from datetime import timedelta
from typing import Literal

import pytest
from sqlalchemy import delete, select

from newsletter import register
from newsletter.errors import InputError
from newsletter.register import requests
from newsletter.register.tokens import Tokens
from newsletter.settings import Settings
from newsletter.store import Store, schema
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import rows, state_of
from tests.unit.register.asking import (
    AINO,
    SETTINGS,
    TOKENS,
    ask,
    ask_change,
    ask_link,
    confirm,
    is_suppressed,
    mails,
    person,
    token,
)
from tests.unit.register.conftest import Adds, Counts
from tests.unit.register.test_requests import put

DAY = timedelta(days=1)
LATER = NOW + DAY


def changed(**updates: object) -> Settings:
    subscribe = SETTINGS.subscribe.model_copy(update=updates)
    return SETTINGS.model_copy(update={"subscribe": subscribe})


def test_somebody_unknown_is_put_in_with_the_whole_proof(store: Store) -> None:
    ask(store, values={"first_name": "Aino", "municipality": "Sysmä", "gone": "x"})

    done = confirm(store, token(store), now=LATER)

    assert done is not None
    assert done.used_at == LATER
    aino = person(store)
    assert aino is not None
    assert aino.id == done.subscriber_id
    assert (aino.language, aino.first_name) == ("sv", "Aino")
    assert aino.fields == {"municipality": "Sysmä"}
    assert aino.source == "https://kirje.example.fi/subscribe"
    assert state_of(store, aino.id) == "active"
    with store.read() as connection:
        proof = connection.execute(select(schema.consents)).one()
    assert (proof.act, proof.basis, proof.method) == ("given", "consent", "double_opt_in")
    assert (proof.wording, proof.notice) == ("w1", "n1")
    assert proof.form == proof.source == "https://kirje.example.fi/subscribe"
    assert (proof.address, proof.language, proof.recorded_by) == (AINO, "sv", "subscriber")
    assert (proof.asked_at, proof.recorded_at) == (NOW, LATER)


def test_a_welcome_says_that_it_stands(store: Store) -> None:
    ask(store, lists=("uutiskirje", "tiedote"))

    done = confirm(store, token(store))

    assert done is not None
    welcome = mails(store)[-1]
    assert (welcome["kind"], welcome["address"], welcome["lists"]) == (
        "welcome",
        AINO,
        ["uutiskirje", "tiedote"],
    )
    assert welcome["subscriber_id"] == done.subscriber_id


def test_a_workspace_may_do_without_the_welcome(store: Store) -> None:
    ask(store)

    confirm(store, token(store), settings=changed(welcome=False))

    assert [mail["kind"] for mail in mails(store)] == ["confirm"]


@pytest.mark.parametrize("standing", ["pending", "paused", "left", "suppressed"])
def test_whoever_comes_back_is_mailed_again_with_new_proof(
    store: Store, add: Adds, standing: str
) -> None:
    put(store, add, standing)
    ask(store)

    done = confirm(store, token(store), now=LATER)

    assert done is not None
    assert done.subscriber_id is not None
    assert state_of(store, done.subscriber_id) == "active"
    with store.read() as connection:
        found = connection.execute(select(schema.consents).order_by(schema.consents.c.id)).all()
    assert (found[-1].act, found[-1].method, found[-1].wording) == ("given", "double_opt_in", "w1")


def test_a_double_opt_in_lifts_a_suppression_and_the_log_says_so(store: Store, add: Adds) -> None:
    put(store, add, "suppressed")
    ask(store)

    done = confirm(store, token(store))

    assert done is not None
    assert not is_suppressed(store)
    with store.read() as connection:
        [line] = connection.execute(select(schema.audit)).all()
    assert (line.act, line.actor, line.subscriber_id) == (
        "suppression lifted",
        "subscriber",
        done.subscriber_id,
    )


def test_somebody_erased_comes_back_as_somebody_new(store: Store) -> None:
    register.suppress(store, AINO, reason="erased", now=NOW, keys=KEYS)
    ask(store)

    done = confirm(store, token(store))

    assert done is not None
    assert not is_suppressed(store)


def test_lists_that_were_not_asked_for_stay_as_they_are(store: Store, add: Adds) -> None:
    aino = add(AINO, lists=("uutiskirje", "tiedote"))
    register.suppress(store, AINO, reason="bounce", now=NOW, keys=KEYS)
    ask(store, lists=("tiedote",))

    confirm(store, token(store))

    assert state_of(store, aino, "uutiskirje") == "cleaned"
    assert state_of(store, aino, "tiedote") == "active"


def test_of_somebody_known_only_what_is_empty_is_filled(store: Store, add: Adds) -> None:
    add(AINO, first_name="Aino", municipality="Sysmä")
    ask(
        store,
        lists=("tiedote",),
        values={"first_name": "Ilkka", "last_name": "Lehto", "municipality": "Joutsa"},
    )

    confirm(store, token(store), now=LATER)

    aino = person(store)
    assert aino is not None
    assert (aino.first_name, aino.last_name) == ("Aino", "Lehto")
    assert aino.fields == {"municipality": "Sysmä"}
    assert (aino.language, aino.source) == ("fi", "paper form")
    assert mails(store)[-1]["language"] == "fi"


def test_a_second_press_changes_nothing(store: Store) -> None:
    ask(store)
    first = confirm(store, token(store))
    before = rows(store)

    again = confirm(store, token(store), now=LATER)

    assert again == first
    assert rows(store) == before


def test_who_left_is_not_brought_back_by_a_link_that_was_used(store: Store) -> None:
    ask(store)
    done = confirm(store, token(store))
    assert done is not None
    assert done.subscriber_id is not None
    register.leave(
        store,
        subscriber_id=done.subscriber_id,
        list_id="uutiskirje",
        method="page",
        source="x",
        by="subscriber",
        now=NOW,
    )

    confirm(store, token(store), now=LATER)

    assert state_of(store, done.subscriber_id) == "left"


def test_two_links_of_one_person_welcome_once(store: Store) -> None:
    ask(store)
    ask(store, now=LATER)

    done = [confirm(store, token(store, number), now=LATER) for number in (0, 1)]

    assert [item.used_at for item in done if item] == [LATER, LATER]
    assert [mail["kind"] for mail in mails(store)].count("welcome") == 1


def test_an_expired_link_changes_nothing_and_says_so(store: Store) -> None:
    ask(store)
    before = rows(store)

    done = confirm(store, token(store), now=NOW + 7 * DAY)

    assert done is not None
    assert done.used_at is None
    assert not done.is_open(NOW + 7 * DAY)
    assert rows(store) == before


def test_a_link_to_lists_that_are_no_more_is_refused(store: Store) -> None:
    ask(store, lists=("vanha",))
    before = rows(store)

    done = confirm(store, token(store))

    assert done is not None
    assert done.used_at is None
    assert done.is_open(NOW)
    assert rows(store) == before


def test_of_several_lists_those_that_are_left_are_joined(store: Store) -> None:
    ask(store, lists=("vanha", "tiedote"))

    done = confirm(store, token(store))

    assert done is not None
    assert done.subscriber_id is not None
    assert state_of(store, done.subscriber_id, "tiedote") == "active"
    assert state_of(store, done.subscriber_id, "vanha") is None


def test_a_link_made_with_an_older_key_of_the_ring_works(store: Store) -> None:
    old, new = "an-old-key-0123456789abcdef01234567", "a-new-key-0123456789abcdef012345678"
    ask(store, tokens=Tokens([old]), keys=[old])
    link = token(store, tokens=Tokens([old]))

    done = confirm(store, link, tokens=Tokens([new, old]), keys=[new, old])

    assert done is not None
    assert done.used_at == NOW


def test_a_key_taken_out_of_the_ring_takes_its_links_along(store: Store) -> None:
    old, new = "an-old-key-0123456789abcdef01234567", "a-new-key-0123456789abcdef012345678"
    ask(store, tokens=Tokens([old]), keys=[old])
    link, before = token(store, tokens=Tokens([old])), rows(store)

    assert confirm(store, link, tokens=Tokens([new]), keys=[new]) is None
    assert rows(store) == before


def confirm_and_fail(store: Store, link: str) -> None:
    with store.begin() as connection:
        requests.confirm(connection, link, settings=SETTINGS, tokens=TOKENS, keys=KEYS, now=NOW)
        raise ZeroDivisionError


def test_what_was_rolled_back_can_be_done_again(store: Store) -> None:
    ask(store)
    link, before = token(store), rows(store)
    with pytest.raises(ZeroDivisionError):
        confirm_and_fail(store, link)
    assert rows(store) == before

    done = confirm(store, link)

    assert done is not None
    assert done.used_at == NOW


# A new address ------------------------------------------------------------------------------------


def address_of(store: Store, number: int) -> tuple[str, str]:
    with store.read() as connection:
        row = connection.execute(
            select(schema.subscribers.c.address, schema.subscribers.c.address_key).where(
                schema.subscribers.c.id == number
            )
        ).one()
    return row.address, row.address_key


def test_a_confirmed_address_takes_over_and_the_old_one_is_told(store: Store, add: Adds) -> None:
    aino = add(AINO)
    ask_change(store, aino, "Aino.Uusi@example.com")

    done = confirm(store, token(store), now=LATER)

    assert done is not None
    assert done.used_at == LATER
    assert address_of(store, aino) == ("Aino.Uusi@example.com", "aino.uusi@example.com")
    assert state_of(store, aino) == "active"
    told = mails(store)[-1]
    assert (told["kind"], told["address"], told["subscriber_id"]) == ("changed", AINO, aino)
    with store.read() as connection:
        [line] = connection.execute(select(schema.audit)).all()
    assert (line.act, line.actor, line.subscriber_id) == ("address changed", "subscriber", aino)
    assert "@" not in repr(line.detail)


def test_the_spelling_of_ones_own_address_can_be_changed(store: Store, add: Adds) -> None:
    aino = add(AINO)
    ask_change(store, aino, "Aino@example.com")

    confirm(store, token(store))

    assert address_of(store, aino) == ("Aino@example.com", AINO)


def test_an_old_list_does_not_bring_a_former_address_back_and_its_owner_may(
    store: Store, add: Adds
) -> None:
    aino = add(AINO)
    ask_change(store, aino, "uusi@example.com")
    confirm(store, token(store))

    with pytest.raises(InputError, match="must not be mailed"):
        add(AINO)
    ask_change(store, aino, AINO, now=LATER)
    done = confirm(store, token(store), now=LATER)

    assert done is not None
    assert done.used_at == LATER
    assert address_of(store, aino) == (AINO, AINO)
    assert state_of(store, aino) == "active"
    assert not is_suppressed(store, AINO)
    assert is_suppressed(store, "uusi@example.com")


@pytest.mark.parametrize("why", ["taken", "suppressed"])
def test_an_address_that_cannot_be_had_is_refused_and_the_link_stays_open(
    store: Store, add: Adds, why: str
) -> None:
    aino = add(AINO)
    ask_change(store, aino, "uusi@example.com")
    if why == "taken":
        add("uusi@example.com")
    else:
        register.suppress(store, "uusi@example.com", reason="complaint", now=NOW, keys=KEYS)
    before = rows(store)

    done = confirm(store, token(store))

    assert done is not None
    assert (done.used_at, done.is_open(NOW)) == (None, True)
    assert rows(store) == before


def test_other_new_addresses_that_wait_are_closed(store: Store, add: Adds) -> None:
    aino = add(AINO)
    ask_change(store, aino, "ensin@example.com")
    ask_change(store, aino, "sitten@example.com")
    ask_link(store, aino, "erase")

    confirm(store, token(store, 1))
    confirm(store, token(store, 0), now=LATER)

    assert address_of(store, aino)[0] == "sitten@example.com"


# One's own data -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["export", "erase"])
def test_a_link_to_ones_data_is_only_marked_as_used(
    store: Store, add: Adds, kind: Literal["export", "erase"]
) -> None:
    aino = add(AINO)
    ask_link(store, aino, kind)
    before = rows(store)

    done = confirm(store, token(store), now=LATER)
    again = confirm(store, token(store), now=LATER + DAY)

    assert done is not None
    assert (done.kind, done.subscriber_id, done.used_at) == (kind, aino, LATER)
    assert again == done
    after = rows(store)
    assert {name for name in after if after[name] != before[name]} == {"requests"}


def test_a_link_to_ones_data_is_worthless_at_an_address_that_one_has_no_more(
    store: Store, add: Adds
) -> None:
    aino = add(AINO)
    ask_link(store, aino, "export")
    ask_change(store, aino, "uusi@example.com")
    confirm(store, token(store, 1))

    assert confirm(store, token(store, 0)) is None


@pytest.mark.parametrize("kind", ["export", "address"])
def test_a_link_of_somebody_who_is_gone_is_nobodys(store: Store, add: Adds, kind: str) -> None:
    aino = add(AINO)
    if kind == "address":
        ask_change(store, aino, "uusi@example.com")
    else:
        ask_link(store, aino, "export")
    with store.begin() as connection:
        for table in (schema.subscriptions, schema.consents, schema.subscribers):
            connection.execute(delete(table))

    assert confirm(store, token(store)) is None


def test_no_address_stands_in_the_audit_log(store: Store, add: Adds, count_rows: Counts) -> None:
    aino = add(AINO)
    ask_change(store, aino, "uusi@example.com")
    confirm(store, token(store))

    assert count_rows(schema.audit) == 1
    assert "@" not in repr(rows(store)["audit"])
