"""What is proof or ledger cannot be changed, not even by a fault of ours."""

import pytest
from sqlalchemy import Delete, Table, Update, delete, exc, insert, select, update

from newsletter.store import Store
from newsletter.store.schema import (
    approvals,
    consents,
    deliveries,
    mailings,
    results,
    subscribers,
    subscriptions,
)
from newsletter.testing import NOW

KEPT = [consents, results]


@pytest.fixture
def filled(store: Store) -> Store:
    """Give a store with one subscriber, their proof, and one delivery with its result."""
    person = {"id": 1, "address": "a@example.com", "address_key": "a@example.com"}
    dated = {"created_at": NOW, "changed_at": NOW}
    mailing = {"id": 1, "issue": "eka", "lists": ["a"], "condition": {}, "provider": "outbox"}
    with store.begin() as connection:
        connection.execute(
            insert(subscribers).values(**person, **dated, language="fi", fields={}, source="")
        )
        connection.execute(
            insert(subscriptions).values(
                subscriber_id=1, list_id="a", state="active", changed_at=NOW
            )
        )
        connection.execute(
            insert(consents).values(
                subscriber_id=1,
                list_id="a",
                act="given",
                basis="consent",
                method="staff",
                source="",
                language="fi",
                recorded_by="hilja",
                recorded_at=NOW,
            )
        )
        connection.execute(
            insert(mailings).values(
                **mailing, envelope={}, audience=1, planned_by="hilja", planned_at=NOW
            )
        )
        connection.execute(
            insert(deliveries).values(
                id=1,
                mailing_id=1,
                issue="eka",
                subscriber_id=1,
                list_id="a",
                address="a@example.com",
                values={},
            )
        )
        connection.execute(insert(results).values(delivery_id=1, state="accepted", recorded_at=NOW))
    return store


@pytest.mark.parametrize("table", KEPT, ids=str)
def test_proof_and_results_are_not_changed(filled: Store, table: Table) -> None:
    column = "source" if table is consents else "reason"

    with (
        pytest.raises(exc.IntegrityError, match=f"{table} are append-only"),
        filled.begin() as connection,
    ):
        connection.execute(update(table).values({column: "changed"}))


@pytest.mark.sqlite(reason="only SQLite has OR REPLACE")
@pytest.mark.parametrize("table", KEPT, ids=str)
def test_proof_and_results_are_not_replaced(filled: Store, table: Table) -> None:
    with filled.read() as connection:
        row = connection.execute(select(table)).one()._asdict()

    with (
        pytest.raises(exc.IntegrityError, match=f"{table} are append-only"),
        filled.begin() as connection,
    ):
        connection.execute(insert(table).prefix_with("OR REPLACE").values(row))


@pytest.mark.parametrize("table", KEPT, ids=str)
def test_proof_and_results_are_not_deleted_while_a_subscription_stands(
    filled: Store, table: Table
) -> None:
    with (
        pytest.raises(exc.IntegrityError, match="append-only while a subscription stands"),
        filled.begin() as connection,
    ):
        connection.execute(delete(table))

    with filled.read() as connection:
        assert len(connection.execute(select(table)).all()) == 1


def test_erasing_somebody_takes_the_subscriptions_first_and_then_the_traces(filled: Store) -> None:
    order = (subscriptions, consents, results, subscribers)

    with filled.begin() as connection:
        for table in order:
            connection.execute(delete(table))
        connection.execute(update(deliveries).values({"address": "", "values": {}}))

    with filled.read() as connection:
        assert [connection.execute(select(table)).all() for table in order] == [[]] * len(order)
        assert connection.execute(select(deliveries.c.address)).scalar_one() == ""


@pytest.mark.parametrize(
    "change",
    [
        delete(deliveries),
        update(deliveries).values(address="b@example.com"),
        update(deliveries).values({"address": "", "subscriber_id": 2}),
        update(deliveries).values({"address": "", "round": 1}),
    ],
    ids=["deleted", "to another address", "to another person", "to another round"],
)
def test_a_delivery_is_never_deleted_and_only_emptied(
    filled: Store, change: Delete | Update
) -> None:
    with (
        pytest.raises(exc.IntegrityError, match="deliveries are append-only"),
        filled.begin() as connection,
    ):
        connection.execute(change)


def test_an_approval_is_not_changed(store: Store) -> None:
    given = {"issue": "eka", "digest": "d", "approved_by": "hilja", "approved_at": NOW}
    with store.begin() as connection:
        connection.execute(insert(approvals).values(given))

    with (
        pytest.raises(exc.IntegrityError, match="approvals are append-only"),
        store.begin() as connection,
    ):
        connection.execute(update(approvals).values(digest="another"))
