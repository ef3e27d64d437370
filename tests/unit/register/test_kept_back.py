"""Whom a provider keeps back, against what the register knows."""

from datetime import UTC, datetime, timedelta

import pytest

from newsletter import register
from newsletter.providers.offers import KeptBack
from newsletter.register import kept_back
from newsletter.register.entries import Entry
from newsletter.store import Store
from newsletter.store.schema import audit
from newsletter.testing.readers import subscribe

KEYS = ("k" * 32,)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_who_came_back_by_themselves_is_not_sent_away_again(store: Store) -> None:
    register.add(
        store,
        Entry(address="aino@example.com", language="fi"),
        lists=["uutiskirje"],
        basis="consent",
        source="a test",
        method="page",
        by="subscriber",
        now=NOW,
        keys=KEYS,
    )
    subscribe(store, "eero@example.com")
    before = NOW - timedelta(days=30)
    told = [
        [
            KeptBack("aino@example.com", "unsubscribed", at=before),
            KeptBack("eero@example.com", "unsubscribed", at=before),
        ]
    ]

    made = kept_back.plan(store, told, keys=KEYS, now=NOW)

    assert dict(made.whose) == {"eero@example.com": "unsubscribed"}
    assert made.left_alone == {"back": 1}


def test_a_stranger_who_left_stays_out_and_the_audit_names_nobody(store: Store) -> None:
    told = [[KeptBack("left@example.com", "unsubscribed")]]
    made = kept_back.plan(store, told, keys=KEYS, now=NOW)

    assert kept_back.carry_out(store, made, provider="x", keys=KEYS, by="me", now=NOW) == 1

    again = kept_back.plan(store, told, keys=KEYS, now=NOW)
    assert not again.whose
    with store.read() as connection:
        line = connection.execute(audit.select()).mappings().all()[-1]
    assert line["act"] == "suppressions imported"
    assert "left@example.com" not in str(dict(line))


@pytest.mark.parametrize("pages", ["one", "two"])
def test_of_several_reasons_the_heaviest_counts_whatever_comes_first(
    store: Store, pages: str
) -> None:
    subscribe(store, "aino@example.com")
    left = KeptBack("aino@example.com", "unsubscribed")
    angry = KeptBack("Aino@Example.com", "complained")
    told = [[left, angry, left]] if pages == "one" else [[left], [angry], [left]]

    made = kept_back.plan(store, told, keys=KEYS, now=NOW)

    assert dict(made.whose) == {"aino@example.com": "complained"}
    assert made.left_alone == {"twice": 2}


def test_who_has_left_here_too_is_known(store: Store) -> None:
    subscribe(store, "aino@example.com")
    told = [[KeptBack("aino@example.com", "unsubscribed")]]
    made = kept_back.plan(store, told, keys=KEYS, now=NOW)
    kept_back.carry_out(store, made, provider="x", keys=KEYS, by="me", now=NOW)

    again = kept_back.plan(store, told, keys=KEYS, now=NOW)

    assert (dict(again.whose), again.left_alone) == ({}, {"known": 1})
