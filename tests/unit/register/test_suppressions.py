import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Table, select

from newsletter import register
from newsletter.register import suppressions
from newsletter.register.addresses import AddressError
from newsletter.store import Store, schema
from newsletter.testing import KEYS, NOW

Adds = Callable[..., int]
Counts = Callable[[Table], int]

OLD = "an-old-key-0123456789abcdef0123456789"


def hashes(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(schema.suppressions.c.address_hash)))


def test_a_suppressed_address_is_known_in_any_spelling_and_with_a_reason(store: Store) -> None:
    register.suppress(store, "Aino@EXAMPLE.com", reason="bounced", now=NOW, keys=KEYS)

    with store.read() as connection:
        found = suppressions.among(
            connection, ["aino@example.com", "eero@example.com"], keys=KEYS, now=NOW
        )

    assert found == {"aino@example.com": "bounced"}


def test_only_a_keyed_hash_is_stored(store: Store) -> None:
    register.suppress(store, "aino@example.com", reason="bounced", now=NOW, keys=KEYS)

    (stored,) = hashes(store)
    assert len(stored) == 64
    assert stored != hashlib.sha256(b"aino@example.com").hexdigest()
    assert stored == suppressions.fingerprint("aino@example.com", KEYS[0])
    assert stored != suppressions.fingerprint("aino@example.com", OLD)


def test_what_an_old_key_hid_is_still_found_after_a_new_key(store: Store) -> None:
    register.suppress(store, "aino@example.com", reason="bounced", now=NOW, keys=[OLD])
    ring = [*KEYS, OLD]

    with store.read() as connection:
        assert suppressions.among(connection, ["aino@example.com"], keys=ring, now=NOW)
        assert not suppressions.among(connection, ["aino@example.com"], keys=KEYS, now=NOW)

    assert not register.suppress(store, "aino@example.com", reason="x", now=NOW, keys=ring)
    register.suppress(store, "eero@example.com", reason="x", now=NOW, keys=ring)
    assert suppressions.fingerprint("eero@example.com", KEYS[0]) in hashes(store)


def test_suppressing_twice_keeps_the_first_reason(store: Store, count_rows: Counts) -> None:
    assert register.suppress(store, "aino@example.com", reason="bounced", now=NOW, keys=KEYS)

    again = register.suppress(
        store, "aino@example.com", reason="complained", now=NOW + timedelta(days=1), keys=KEYS
    )

    assert not again
    assert count_rows(schema.suppressions) == 1
    found = register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW).suppression
    assert found is not None
    assert found.reason == "bounced"


def test_suppressing_closes_every_subscription_with_proof(store: Store, add: Adds) -> None:
    add("aino@example.com", lists=("uutiskirje", "tapahtumat"))

    register.suppress(store, "aino@example.com", reason="complained", now=NOW, keys=KEYS)

    record = register.show(store, "aino@example.com", keys=KEYS, by="hilja", now=NOW)
    assert {item.state for item in record.subscriptions} == {"cleaned"}
    assert [(item.act, item.method, item.source) for item in record.consents[2:]] == [
        ("withdrawn", "suppression", "complained")
    ] * 2


def test_thousands_of_addresses_are_looked_up_in_slices(store: Store) -> None:
    register.suppress(store, "a9999@example.com", reason="bounced", now=NOW, keys=KEYS)

    with store.read() as connection:
        found = suppressions.among(
            connection,
            (f"a{number}@example.com" for number in range(12_000)),
            keys=KEYS,
            now=NOW,
        )

    assert list(found) == ["a9999@example.com"]


def test_what_is_no_address_cannot_be_suppressed(store: Store) -> None:
    with pytest.raises(AddressError):
        register.suppress(store, "aino", reason="bounced", now=NOW, keys=KEYS)


def test_of_two_suppressions_the_longer_one_stays(store: Store) -> None:
    week, month = NOW + timedelta(days=7), NOW + timedelta(days=30)

    def suppress(reason: str, until: datetime | None) -> bool:
        return register.suppress(
            store, "aino@example.com", reason=reason, now=NOW, keys=KEYS, expires_at=until
        )

    said = [
        suppress("for a week", week),
        suppress("for a week again", week),
        suppress("for a month", month),
        suppress("for a week once more", week),
        suppress("for ever", None),
        suppress("for a month again", month),
    ]

    assert said == [True, False, True, False, True, False]
    with store.read() as connection:
        found = connection.execute(select(schema.suppressions)).all()
    assert [(row.reason, row.expires_at) for row in found] == [("for ever", None)]
