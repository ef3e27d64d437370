import pytest
from sqlalchemy import select

from newsletter import register
from newsletter.register.entries import Entry
from newsletter.register.states import Proof
from newsletter.register.statuses import Status
from newsletter.register.transfers import take_over
from newsletter.store import Store
from newsletter.store.schema import consents, subscribers, subscriptions
from newsletter.testing import NOW
from tests.unit.register.conftest import Adds

AINO, BO = "aino@example.com", "bo@example.com"
PROOF = Proof(method="sync", source="Creamailer", by="hilja", now=NOW, basis="consent")


def take(store: Store, status: Status, *entries: Entry) -> int:
    people = {entry.address.casefold(): entry for entry in entries}
    with store.begin() as connection:
        return take_over(connection, "uutiskirje", people, status, PROOF)


def states(store: Store) -> dict[str, str]:
    query = select(subscribers.c.address_key, subscriptions.c.state).join(
        subscriptions, subscriptions.c.subscriber_id == subscribers.c.id
    )
    with store.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


@pytest.mark.parametrize(("status", "act"), [(Status.ACTIVE, "given"), (Status.LEFT, "withdrawn")])
def test_each_comes_with_the_proof_of_it(store: Store, status: Status, act: str) -> None:
    assert take(store, status, Entry(AINO, "fi", "Aino"), Entry(BO, "sv")) == 2

    assert states(store) == {AINO: status, BO: status}
    with store.read() as connection:
        proof = connection.execute(select(consents).order_by(consents.c.id)).all()
    assert [(row.act, row.method, row.address, row.language) for row in proof] == [
        (act, "sync", AINO, "fi"),
        (act, "sync", BO, "sv"),
    ]


def test_repeating_it_changes_nothing(store: Store) -> None:
    take(store, Status.ACTIVE, Entry(AINO, "fi"))

    assert take(store, Status.ACTIVE, Entry(AINO, "fi")) == 0
    assert take(store, Status.LEFT, Entry(AINO, "fi")) == 0

    assert states(store) == {AINO: "active"}


def test_who_left_stays_away(store: Store, add: Adds) -> None:
    number = add(AINO)
    register.leave(
        store, subscriber_id=number, list_id="uutiskirje", method="page", source="kirje",
        by="subscriber", now=NOW,
    )  # fmt: skip

    assert take(store, Status.ACTIVE, Entry(AINO, "fi")) == 0

    assert states(store) == {AINO: "left"}


def test_of_somebody_known_only_what_is_empty_is_filled(store: Store, add: Adds) -> None:
    add(AINO, lists=("toinen",), first_name="Aino")

    take(
        store,
        Status.ACTIVE,
        Entry(AINO, "sv", "Anna", "Esimerkki", fields={"municipality": "Sysmä"}),
    )

    with store.read() as connection:
        person = connection.execute(select(subscribers)).one()
    assert (person.first_name, person.last_name, person.language) == ("Aino", "Esimerkki", "fi")
    assert person.fields == {"municipality": "Sysmä"}


def test_a_leave_cannot_be_undone_into_a_subscription_that_never_was(store: Store) -> None:
    take(store, Status.LEFT, Entry(AINO, "fi"))

    assert not register.restore(
        store, subscriber_id=1, list_id="uutiskirje", method="page", source="kirje",
        by="subscriber", now=NOW,
    )  # fmt: skip


def test_many_go_in_at_once_and_are_counted(store: Store) -> None:
    people = [Entry(f"p{number}@example.com", "fi") for number in range(2500)]

    assert take(store, Status.ACTIVE, *people) == 2500
