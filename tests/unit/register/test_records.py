from collections.abc import Callable

import pytest
from sqlalchemy import insert

from newsletter import register
from newsletter.errors import InputError
from newsletter.store import Store
from newsletter.store.schema import batches, deliveries, editions, mailings, results
from newsletter.testing import KEYS, NOW

Adds = Callable[..., int]


@pytest.fixture
def aino(store: Store, add: Adds) -> int:
    return add("aino@example.com")


def mail(store: Store, subscriber_id: int, *, issue: str, batch: str, result: str = "") -> None:
    """Write a mailing of one delivery straight into the ledger."""
    with store.begin() as connection:
        connection.execute(
            insert(editions).values(
                digest=issue, issue=issue, language="fi", variant="", content="", created_at=NOW
            )
        )
        mailing = connection.execute(
            insert(mailings)
            .values(
                issue=issue,
                lists=["uutiskirje"],
                condition={},
                provider="outbox",
                envelope={},
                audience=1,
                planned_by="hilja",
                planned_at=NOW,
            )
            .returning(mailings.c.id)
        ).scalar_one()
        delivery = connection.execute(
            insert(deliveries)
            .values(
                mailing_id=mailing,
                issue=issue,
                subscriber_id=subscriber_id,
                list_id="uutiskirje",
                address="aino@example.com",
                values={},
            )
            .returning(deliveries.c.id)
        ).scalar_one()
        if batch:
            connection.execute(
                insert(batches).values(
                    mailing_id=mailing,
                    edition=issue,
                    first=delivery,
                    last=delivery,
                    state=batch,
                    reason="the line broke" if batch == "unknown" else "",
                )
            )
        if result:
            connection.execute(
                insert(results).values(delivery_id=delivery, state=result, recorded_at=NOW)
            )


def test_a_delivery_shows_its_result_else_where_its_batch_is(store: Store, aino: int) -> None:
    mail(store, aino, issue="eka", batch="done", result="accepted")
    mail(store, aino, issue="toka", batch="handing_over")
    mail(store, aino, issue="kolmas", batch="unknown")
    mail(store, aino, issue="neljas", batch="")
    mail(store, aino + 1, issue="muiden", batch="planned")

    found = register.show(store, "aino@example.com", keys=KEYS, now=NOW).deliveries

    assert [(item.issue, item.state, item.reason, item.recorded_at) for item in found] == [
        ("eka", "accepted", "", NOW),
        ("toka", "handing_over", "", None),
        ("kolmas", "unknown", "the line broke", None),
        ("neljas", "planned", "", None),
    ]
    assert {(item.planned_at, item.list_id) for item in found} == {(NOW, "uutiskirje")}


def test_an_address_that_is_only_suppressed_shows_why(store: Store) -> None:
    register.suppress(store, "poissa@example.com", reason="erased", now=NOW, keys=KEYS)

    record = register.show(store, "Poissa@example.com", keys=KEYS, now=NOW)

    assert (record.subscriber, record.suppression) == (None, "erased")
    assert (record.subscriptions, record.consents, record.deliveries) == ((), (), ())


def test_an_unknown_address_is_told(store: Store) -> None:
    with pytest.raises(InputError, match="nobody in the register") as caught:
        register.show(store, "aino@example.com", keys=KEYS, now=NOW)

    assert "spelling" in caught.value.hint
